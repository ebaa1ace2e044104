import { Readable } from 'node:stream';
import { expect } from 'chai';
import type { Layout } from '../../../../lib/customers/import/layout.ts';
import { readRows, type Passed, type ReadOptions, type Row } from '../../../../lib/customers/import/rows.ts';

async function read(text: string | Buffer, { chunk = 3, ...options }: ReadOptions & { chunk?: number } = {}) {
  const rows: Row[] = [];
  const said: { layout?: Layout; passed?: Passed } = {};
  // In chunks of a few bytes: rows, quotes and letters of two bytes are cut at every position.
  const bytes = Buffer.from(text);
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, at) =>
    bytes.subarray(at * chunk, (at + 1) * chunk),
  );
  const reading = readRows(Readable.from(chunks), {
    ...options,
    onLayout: (layout) => (said.layout = layout),
    onEnd: (passed) => (said.passed = passed),
  });
  for await (const row of reading) {
    delete row.bytes;
    rows.push(row);
  }
  return { rows, ...said };
}

const values = (name: string, email: string) => ({ name, email });

describe('reading the rows of a CSV file', () => {
  it('takes columns in any order and case, after a BOM, and names the unused ones', async () => {
    const { rows, layout } = await read('\ufeffCity,E-Mail,Email,NAME\nBasel,x,a@b.ch,Änne\n');
    expect(rows).to.deep.equal([{ line: 2, values: values('Änne', 'a@b.ch') }]);
    expect(layout?.columns.unused).to.deep.equal(['City', 'E-Mail']);
  });

  it('names the line on which a row begins, across empty lines, line breaks in quotes and quotes in the middle', async () => {
    const { rows, passed } = await read(
      [
        ...['name,email', 'A,a@x.ch', '', '"B', 'b ""b"" ",b@x.ch'],
        ...['5" C,c@x.ch', 'D,d@x.ch', 'E,e@x.ch,more', '\u001a'],
      ].join('\r\n'),
    );
    expect(rows.slice(0, 4)).to.deep.equal([
      { line: 2, values: values('A', 'a@x.ch') },
      { line: 4, values: values('B\r\nb "b"', 'b@x.ch') },
      { line: 6, values: values('5" C', 'c@x.ch') },
      { line: 7, values: values('D', 'd@x.ch') },
    ]);
    expect(rows[4]).to.deep.include({ line: 8, found: values('E', 'e@x.ch') });
    expect(rows[4]).to.have.property('problem').that.includes('has 3 fields where the header has 2');
    expect(passed).to.deep.equal({ before: 0, comments: 0, blank: 2 });
  });

  it('skips rows without any value, however they are empty', async () => {
    const blank = [',,', ' , ,', '"","",""', '', '  ', ',,,,,,', ',', '\u00a0,\v,\ufeff', '" "'];
    for (const delimiter of [',', ';', '\t', '|']) {
      const lines = ['name,email,phone', ...blank, 'A,a@x.ch,1', ...blank];
      const { rows, passed } = await read(lines.join('\n').replaceAll(',', delimiter));
      expect(rows).to.deep.equal([{ line: blank.length + 2, values: values('A', 'a@x.ch') }]);
      expect(passed?.blank).to.equal(blank.length * 2);
    }
  });

  it('accepts rows without the unused fields, and rows with delimiters at their end', async () => {
    const { rows } = await read('name,email,phone,city\nA,a@x.ch\nB,b@x.ch,1,,,\nC,c@x.ch,,\n');
    expect(rows).to.deep.equal([
      { line: 2, values: values('A', 'a@x.ch') },
      { line: 3, values: values('B', 'b@x.ch') },
      { line: 4, values: values('C', 'c@x.ch') },
    ]);
  });

  it('refuses rows that are cut before their email, and a last row that the end of the file cuts', async () => {
    const { rows } = await read('name,email,phone\nA\nB,b@x.ch,1\nC,c@x.c');
    expect(rows).to.deep.equal([
      { line: 2, problem: 'the email is missing: the row has 1 of 3 fields', found: { name: 'A' } },
      { line: 3, values: values('B', 'b@x.ch') },
      {
        line: 4,
        problem: 'is cut off: the file ends after 2 of 3 fields',
        found: values('C', 'c@x.c'),
      },
    ]);
  });

  it('skips comments, but not what may be a row: a number, a quoted #, or an email in it', async () => {
    const { rows, passed } = await read(
      '# of May\nname,email\n# old, ones\n#1 Club,club@x.ch\n"#A",\n#Bo,bo@x.ch\n#2 Club,\n',
    );
    expect(rows[0]).to.deep.equal({ line: 4, values: values('#1 Club', 'club@x.ch') });
    expect(rows[1]).to.deep.include({ line: 5, problem: 'the email is missing', found: { name: '#A' } });
    expect(rows[2]).to.deep.include({ line: 6, found: values('#Bo', 'bo@x.ch') });
    expect(rows[2]).to.have.property('problem').that.includes('begins with # like a comment');
    expect(rows[3]).to.deep.include({ line: 7, problem: 'the email is missing' });
    expect(passed).to.deep.equal({ before: 1, comments: 1, blank: 0 });
  });

  it('refuses the row whose quote is wrong, by line and reason, and reads the others', async () => {
    const { rows } = await read('name,email\nA,a@x.ch\n"B,b@x.ch\nC,c@x.ch\n');
    expect(rows).to.deep.equal([
      { line: 2, values: values('A', 'a@x.ch') },
      { line: 3, problem: 'opens a quote that is never closed' },
      { line: 4, values: values('C', 'c@x.ch') },
    ]);
  });

  const names: [string, string, object][] = [
    ['name,email', ',bo@x.ch', { values: values('bo', 'bo@x.ch'), derived: 'email' }],
    ['name,company,email', ',Acme,bo@x.ch', { values: values('Acme', 'bo@x.ch'), derived: 'company' }],
    ['company,email', 'Acme,bo@x.ch', { values: values('Acme', 'bo@x.ch') }],
    ['first name,last name,email', ' Bo , ,bo@x.ch', { values: values('Bo', 'bo@x.ch') }],
    ['first name,last name,email', ',Lee,bo@x.ch', { values: values('Lee', 'bo@x.ch') }],
    ['name,first name,email', 'Bo Lee,Bo,bo@x.ch', { values: values('Bo Lee', 'bo@x.ch') }],
    ['name,first name,last name,email', ',Bo,Lee,bo@x.ch', { values: values('Bo Lee', 'bo@x.ch') }],
    ['email', 'bo.lee@x.ch', { values: values('bo.lee', 'bo.lee@x.ch'), derived: 'email' }],
  ];
  for (const [header, row, expected] of names) {
    it(`gives the customer of ${JSON.stringify(row)} under ${header} the name that an inbound record would get`, async () => {
      expect((await read(`${header}\n${row}\n`)).rows).to.deep.equal([{ line: 2, ...expected }]);
    });
  }

  const emails: [string, RegExp][] = [
    ['"a@x.ch, b@x.ch"', /several addresses/],
    ['a@x.ch;b@x.ch', /several addresses/],
    ["'a@x.ch'", /in quotes or brackets/],
    ['<a@x.ch>', /in quotes or brackets/],
    ['“a@x.ch”', /in quotes or brackets/],
  ];
  for (const [email, problem] of emails) {
    it(`refuses ${email}, which is not a single address`, async () => {
      const { rows } = await read(`name,email\nA,${email}\n`);
      expect(rows[0]).to.have.property('problem').that.matches(problem);
    });
  }

  it('takes the first of several addresses that Google puts into one field, and says so', async () => {
    const { rows } = await read('name,email\nA,a@x.ch ::: b@x.ch\n');
    expect(rows).to.deep.equal([{ line: 2, values: values('A', 'a@x.ch'), severalEmails: true }]);
  });

  it('takes the text in ="…", as spreadsheets write it', async () => {
    const { rows } = await read('name,email\n="A","=""a@x.ch"""\n');
    expect(rows).to.deep.equal([{ line: 2, values: values('A', 'a@x.ch') }]);
  });
});
