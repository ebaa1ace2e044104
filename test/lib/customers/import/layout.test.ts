import { expect } from 'chai';
import type { Mapping } from '../../../../lib/customers/import/columns.ts';
import { findLayout, type LayoutOptions } from '../../../../lib/customers/import/layout.ts';

const layoutOf = (text: string, options: LayoutOptions = {}) => findLayout(text, true, options);

function errorOf(text: string, options: LayoutOptions = {}): string {
  try {
    layoutOf(text, options);
  } catch (error) {
    expect(error).to.have.property('name', 'UnreadableFile');
    return (error as Error).message;
  }
  throw new Error('a header was found');
}

const map = (column: string, target: Mapping['target']): Mapping => ({ column, target });

describe('the layout of a CSV file', () => {
  for (const delimiter of [',', ';', '\t', '|']) {
    it(`has ${JSON.stringify(delimiter)} between the fields, which the import finds by itself`, () => {
      const header = ['Name', '"Email, ; | or so"', 'Email'].join(delimiter);
      for (const end of ['\n', '\r\n', '\r', '']) {
        const layout = layoutOf(header + end);
        expect(layout).to.include({ delimiter, line: 1, before: 0 });
        expect(layout.columns.at).to.deep.equal({ name: 0, email: 2 });
        expect(layout.body.at).to.equal(header.length + end.length);
      }
    });
  }

  it('follows a first line sep=, unless an option says otherwise', () => {
    for (const first of ['sep=;', '"sep=;"', 'SEP=; ', '\ufeffsep=;']) {
      expect(layoutOf(`${first}\r\nname;email\r\n`)).to.include({ delimiter: ';', line: 2, before: 0 });
    }
    expect(layoutOf('sep=\t\rname\temail\r')).to.include({ delimiter: '\t', line: 2 });
    expect(layoutOf('sep=^\nname^email\n')).to.include({ delimiter: '^', line: 2 });
    expect(layoutOf('sep=;\nname,email\n', { delimiter: ',' })).to.include({ delimiter: ',', line: 2 });
  });

  it('has its header below titles, comments and empty rows, which are counted', () => {
    const text =
      '"Example Co, LLC",,,\r\nContact List,,,\r\n\r\n# by Ada\r\nName,Phone,Email,\r\nA,1,a@x.ch,\r\n';
    const layout = layoutOf(text);
    expect(layout).to.deep.include({ line: 5, before: 3, body: { at: text.indexOf('A,1'), line: 6 } });
  });

  it('has a header even if its first column is called #, or if it is written as a comment', () => {
    expect(layoutOf('#,Name,Email\n1,A,a@x.ch\n').columns.at).to.deep.equal({ name: 1, email: 2 });
    expect(layoutOf('# made by hand\n# name,email\nA,a@x.ch\n')).to.include({ line: 2, before: 1 });
  });

  it('has no title below its rows: where rows have begun no header follows', () => {
    const message = errorOf('Ada,ada@x.ch\nname,email\nBo,bo@x.ch\n');
    expect(message).to.include('The columns on line 1 are "Ada", "ada@x.ch"');
  });

  it('is refused with the names of its columns where none is known, and with the option that assigns them', () => {
    expect(errorOf('Export of May\nKunde,Mail-Adr.,Ort\nAda,ada@x.ch,Bern\n')).to.equal(
      'No line names the columns name and email; name and email are missing. ' +
        'The columns on line 2 are "Kunde", "Mail-Adr.", "Ort". ' +
        "Name the columns, such as --map 'Kunde=name' --map 'Mail-Adr.=email'.",
    );
  });

  it('is refused with the name of the missing column where only one of name and email is there', () => {
    const withoutEmail = errorOf('name,phone\nA,1\n');
    expect(withoutEmail).to.include('email is missing').and.include("--map 'name=email'");
    const withoutName = errorOf('Kunde,email\nA,a@x.ch\n');
    expect(withoutName).to.include('name is missing').and.include('--names-from-email');
    expect(layoutOf('Kunde,email\nA,a@x.ch\n', { namesFromEmail: true }).columns.at).to.deep.equal({
      email: 1,
    });
  });

  it('is refused with the delimiter that would work where the given one does not', () => {
    expect(errorOf('name;email\n', { delimiter: ',' })).to.equal(
      'With "," between the fields no line names the columns. With ";" a line does: --delimiter \';\'',
    );
    expect(errorOf('name\temail\n', { delimiter: ';' })).to.match(
      /With a tabulator a line does: --delimiter tab$/,
    );
  });

  it('may have unused columns twice, without a name or with a name of JavaScript', () => {
    const { columns } = layoutOf('name,email,Phone,Phone,,, ,__proto__,constructor,toString\n');
    expect(columns.unused).to.deep.equal(['Phone', '__proto__', 'constructor', 'toString']);
    expect(columns.at).to.deep.equal({ name: 0, email: 1 });
  });

  for (const [header, positions, target] of [
    ['name,email,Email', '2 and 3', 'email'],
    ['email,Name,x,NAME', '2 and 4', 'name'],
    ['E-mail,name,e mail', '1 and 3', 'email'],
    ['email,First Name,Last Name,first_name', '2 and 4', 'first_name'],
  ] as const) {
    it(`is refused where ${header} has a used column twice, which --map can name by position`, () => {
      const message = errorOf(`${header}\n`);
      expect(message).to.include(`at the positions ${positions}`).and.include(`${positions[0]}=${target}`);
      const { columns } = layoutOf(`${header}\n`, { map: [map(positions.slice(-1), target)] });
      expect(columns.at[target]).to.equal(Number(positions.slice(-1)) - 1);
    });
  }

  it('follows --map by column name in any case or by position, and the other columns are recognised', () => {
    const header = 'Mail,2,E-mail 2 - Value,First Name,Last Name\n';
    const at = (...mappings: Mapping[]) => layoutOf(header, { map: mappings }).columns.at;
    expect(at(map('e-MAIL 2 - value', 'email'))).to.deep.equal({ email: 2, first_name: 3, last_name: 4 });
    expect(at(map('3', 'email'))).to.include({ email: 2 });
    expect(at(map('2', 'email'))).to.include({ email: 1 });
    expect(at(map('Mail', 'email'), map('Mail', 'name'))).to.include({ email: 0, name: 0 });
  });

  it('is refused where --map names a column that is missing, with the columns that exist', () => {
    expect(errorOf('name,mail\nA,a@x.ch\n', { map: [map('E-Mail', 'email')] })).to.equal(
      'No column is called "E-Mail" (--map). The columns on line 1 are "name", "mail".',
    );
  });

  it('is refused in a message that shows control characters as code points', () => {
    const message = errorOf('a\u001b[2J,b\u202egnp,c\u200bd,"e""\n"\n');
    expect(message).to.include(String.raw`"a\u{1b}[2J", "b\u{202e}gnp", "c\u{200b}d", "e\""`);
  });

  it('says which line it is that cannot be read, where that may be the header', () => {
    const fault = 'Line 1 has text after a closing quote; write a quote inside quotes twice ("").';
    expect(errorOf('"name"s,email\n')).to.equal(`No line names the columns name and email. ${fault}`);
    expect(errorOf('"name"s,email\nAda,ada@x.ch\n')).to.include(fault).and.include('"Ada", "ada@x.ch"');
  });

  for (const text of ['', '\n\n', ',,\n , \n', '\ufeff']) {
    it(`is that of an empty file for ${JSON.stringify(text)}`, () => {
      expect(errorOf(text)).to.include('The file is empty');
    });
  }
});
