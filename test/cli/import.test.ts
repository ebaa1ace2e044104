import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { runHere } from './in-process.ts';
import { usePlace } from './twinbox.ts';

describe('twinbox import', () => {
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));

  async function bring(content: string | Buffer, ...options: string[]) {
    await writeFile(join(place.folder, 'customers.csv'), content);
    return place.run(['import', 'customers.csv', ...options]);
  }
  const names = async () =>
    (await database.db('customers').select('name', 'email').orderBy('id')).map(
      ({ name, email }: { name: string; email: string }) => [name, email],
    );

  it('says how it read an export and what became of it, and skips all of it the second time', async () => {
    const file = Buffer.from(
      '\ufeff# contacts\nFirst Name\tLast Name\tCompany\tE-mail Address\tCity\n' +
        'Ada\tLovelace\t\tada@example.com\tLondon\n\t\tAcme\tinfo@example.com\t\n\t\t\tbo@example.com\t\n\t\t\t\t\n',
      'utf16le',
    );
    const first = await bring(file);
    expect(first.code).to.equal(0);
    expect(first.stdout).to.equal('3 rows: 3 created, 0 skipped (already in the table)\n');
    expect(first.stderr).to.include(
      [
        'The header is on line 2; the lines before it were not imported.',
        'Used: email from "E-mail Address", first name from "First Name", last name from "Last Name", company from "Company".',
        'Not used: the column City.',
        'No name in the file: 1 row got the company as the name, 1 row got the part of the email before the @.',
        'Not imported: 1 row without any value.',
      ].join('\n'),
    );
    // Several rows are written at a time, so their numbers are in no order.
    expect(await names()).to.have.deep.members([
      ['Ada Lovelace', 'ada@example.com'],
      ['Acme', 'info@example.com'],
      ['bo', 'bo@example.com'],
    ]);
    const again = await bring(file);
    expect(again).to.include({ code: 0, stdout: '3 rows: 0 created, 3 skipped (already in the table)\n' });
    expect(again.stderr).not.to.include('No name in the file');
  });

  it('names each refused row by line, reason and value, with nothing that a terminal would execute', async () => {
    const refused = await bring(
      'name,email\n"\u001b[2JCy\u202e\nline 9: fine",cy at example\n"D"d,d@example.com\nEve,"e@example.com;f@example.com"\n',
    );
    expect(refused.code).to.equal(1);
    expect(refused.stdout).to.equal('3 rows: 0 created, 0 skipped (already in the table), 3 refused\n');
    expect(refused.stderr.trimEnd().split('\n')).to.deep.equal([
      'line 2: email must be an email address: one @, something on both sides, no spaces or control characters (email "cy at example")',
      'line 4: has text after a closing quote; write a quote inside quotes twice ("")',
      'line 5: the email field holds several addresses; keep the one that identifies the customer (email "e@example.com;f@example.com", name "Eve")',
    ]);
    const faked = await bring('name,email,x\n"\u001b[2JCy\u202e\nline 9",,\n');
    expect(faked.stderr).to.include(String.raw`(name "\u{1b}[2JCy\u{202e}\nline 9")`);
    const json = await bring('name,email\n\u001b[2J,x\n', '--json');
    expect(JSON.parse(json.stdout)).to.deep.include({
      bad: [
        {
          line: 2,
          reason:
            'email must have at least 3 characters; email must be an email address: one @, something on both sides, no spaces or control characters',
          found: { email: 'x' },
        },
      ],
      passed: { before: 0, comments: 0, blank: 0 },
    });
  });

  it('takes columns, delimiter and encoding from its options', async () => {
    const file = Buffer.from('Wer^Mail-Adr.^Mail\nJos\xe9^^jose@example.com\n', 'latin1');
    const columns = ['--map', 'Wer=name', '--map', '3=email'];
    const brought = await bring(file, '--delimiter', '^', '--encoding', 'windows-1252', ...columns);
    expect(brought).to.include({ code: 0, stdout: '1 row: 1 created, 0 skipped (already in the table)\n' });
    expect((await names()).at(-1)).to.deep.equal(['José', 'jose@example.com']);
    const alone = await bring('E-Mail,Ort\nkim.lee@example.com,Bern\n', '--names-from-email');
    expect(alone.code).to.equal(0);
    expect((await names()).at(-1)).to.deep.equal(['kim.lee', 'kim.lee@example.com']);
  });

  it('writes nothing from a file that it cannot read, and says what to do', async () => {
    const before = await names();
    for (const [content, message] of [
      ['Kunde;Ort\nAda;Bern\n', /columns on line 1 are "Kunde", "Ort".*--map 'Kunde=name'/],
      [
        'name,email,Email\nAda,a@example.com,b@example.com\n',
        /two columns "email", at the positions 2 and 3/,
      ],
      [Buffer.from('504b0304140000000800', 'hex'), /a workbook .* save it as "CSV UTF-8"/],
      ['', /The file is empty/],
    ] as const) {
      const { code, stdout, stderr } = await bring(content);
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
      expect(stderr).to.match(message);
    }
    expect(await names()).to.deep.equal(before);
  });

  for (const [options, message] of [
    [['--map', 'email'], /'E-mail 1 - Value=email'; the fields are email, name, first_name/],
    [
      ['--map', 'Mail='],
      /--map Mail=: a field is missing behind the =; the fields are email, name, first_name/,
    ],
    [['--map', 'Mail=phone'], /the fields are email, name, first_name/],
    [['--map', 'a=email', '--map', 'b=email'], /email is given twice/],
    [['--encoding', 'ebcdic'], /name of an encoding/],
    [['--delimiter', '"'], /one character and not a quote/],
  ] as const) {
    it(`refuses ${options.join(' ')}`, async () => {
      const { code, stderr } = await runHere('import', 'x.csv', ...options);
      expect(code).to.equal(2);
      expect(stderr).to.match(message);
    });
  }
});
