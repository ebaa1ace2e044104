import { Readable } from 'node:stream';
import { expect } from 'chai';
import { readRows, type Row } from '../../cli/import/rows.ts';
import { importRows } from '../../cli/import/import-rows.ts';
import { listCustomers, readCustomer } from '../../db/customers.ts';
import { systemClock } from '../../lib/clock.ts';
import { createCustomerStore } from '../../lib/customers.ts';
import { useDatabase } from '../support/database.ts';

async function read(
  text: string | Buffer,
  { delimiter = ',', chunk = 3 } = {},
): Promise<{ rows: Row[]; unused: string[] }> {
  const rows: Row[] = [];
  let unused: string[] = [];
  // In chunks of a few bytes: a row, a quote and a letter of two bytes are cut wherever it hurts.
  const bytes = Buffer.from(text);
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, at) =>
    bytes.subarray(at * chunk, (at + 1) * chunk),
  );
  const onHeader = (names: string[]) => (unused = names);
  for await (const row of readRows(Readable.from(chunks), { delimiter, onHeader })) rows.push(row);
  return { rows, unused };
}

const values = (name: string, email: string) => ({ name, email });

describe('reading rows of a CSV file', () => {
  it('takes columns in any order and case, behind a BOM, and names those not used', async () => {
    const { rows, unused } = await read('\ufeffCity,E-Mail,Email,NAME\nBasel,x,a@b.ch,Änne\n');
    expect(rows).to.deep.equal([{ line: 2, values: values('Änne', 'a@b.ch') }]);
    expect(unused).to.deep.equal(['City', 'E-Mail']);
  });

  it('names the line on which a row begins, over empty lines, line breaks in quotes and quotes in the middle', async () => {
    const { rows } = await read(
      [
        'name,email',
        'A,a@x.ch',
        '',
        '"B',
        'b ""b"" ",b@x.ch',
        '5" C,c@x.ch',
        'D,d@x.ch',
        'E,e@x.ch,more',
      ].join('\r\n'),
    );
    expect(rows).to.deep.equal([
      { line: 2, values: values('A', 'a@x.ch') },
      { line: 4, values: values('B\r\nb "b" ', 'b@x.ch') },
      { line: 6, values: values('5" C', 'c@x.ch') },
      { line: 7, values: values('D', 'd@x.ch') },
      { line: 8, problem: 'has 3 fields where the first line has 2' },
    ]);
  });

  it('says of a quote that is never closed where it was opened', async () => {
    const { rows } = await read('name,email\nA,a@x.ch\n"B,b@x.ch\nC,c@x.ch\n');
    expect(rows).to.deep.equal([
      { line: 2, values: values('A', 'a@x.ch') },
      { line: 3, problem: 'opens a quote that is never closed; all that follows was taken into it' },
    ]);
  });

  it('stops at a row without end', async () => {
    const { rows } = await read(`name,email\nA,a@x.ch\n"${'x'.repeat(1_100_000)}`, { chunk: 65_536 });
    expect(rows[1])
      .to.have.property('problem')
      .that.matches(/longer than 1000000 characters/);
  });

  it('refuses the rows that are not UTF-8, and only those', async () => {
    const { rows } = await read(
      Buffer.concat([
        Buffer.from('name,email\nA,a@x.ch\nJos'),
        Buffer.from([0xe9]),
        Buffer.from(',j@x.ch\n'),
      ]),
    );
    expect(rows[0]).to.have.property('values');
    expect(rows[1]).to.deep.equal({
      line: 3,
      problem: 'name is not readable as UTF-8; save the file as UTF-8',
    });
  });

  it('takes another separator, and guesses that one was meant', async () => {
    expect((await read('name;email\nA;a@x.ch\n', { delimiter: ';' })).rows).to.have.lengthOf(1);
    const error = await read('name;email\nA;a@x.ch\n').catch((caught: unknown) => caught);
    expect(error).to.have.property('message').that.includes('--delimiter');
  });

  for (const [text, message] of [
    ['', 'The file is empty'],
    ['\n\n', 'The file is empty'],
    ['name,phone\nA,1\n', 'email is missing'],
    ['name,email,Name\n', 'The column name is there twice'],
  ] as const) {
    it(`refuses ${JSON.stringify(text)} as a whole`, async () => {
      const error = await read(text).catch((caught: unknown) => caught);
      expect(error).to.include({ name: 'CliError', exitCode: 1 });
      expect(error).to.have.property('message').that.includes(message);
    });
  }
});

describe('importing rows', () => {
  const database = useDatabase();

  async function bring(rows: Row[], update = false) {
    const { db } = database;
    const store = createCustomerStore({ db, clock: systemClock, nudge: () => undefined });
    return importRows(Readable.from(rows), { store, read: (id) => readCustomer(db, id), update });
  }
  const row = (line: number, name: string, email: string): Row => ({ line, values: { name, email } });

  it('skips equal rows the second time, reports others, and changes them when told to', async () => {
    const first = [row(2, 'Ada', 'ada@example.com'), row(3, ' Bo ', 'bo@example.com')];
    expect(await bring(first)).to.include({ rows: 2, created: 2 });
    expect(await bring(first)).to.include({ rows: 2, created: 0, skipped: 2 });

    const changed = [row(2, 'Ada L.', 'ADA@example.com'), row(3, 'Bo', 'bo@example.com')];
    const reported = await bring(changed);
    expect(reported).to.include({ created: 0, skipped: 1, updated: 0 });
    expect(reported.different).to.have.lengthOf(1);
    expect(reported.different[0]).to.include({ line: 2 });
    expect(reported.different[0]?.reason).to.match(
      /customer \d+ has this email and another name and email; --update/,
    );

    expect(await bring(changed, true)).to.include({ skipped: 1, updated: 1 });
    expect(await bring(changed, true)).to.include({ skipped: 2, updated: 0 });
  });

  it('writes every event as bulk, which single edits overtake on their way to Stripe', async () => {
    const since = await lastEventId();
    await bring([row(2, 'Di', 'di@example.com')]);
    await bring([row(2, 'Di B.', 'di@example.com')], true);
    const { rows } = await database.db.raw<{ rows: { type: string; bulk: boolean }[] }>(
      `select event_type as type, context -> 'bulk' = 'true' as bulk from sync_events where id > :since order by id`,
      { since },
    );
    expect(rows).to.deep.equal([
      { type: 'customer.created', bulk: true },
      { type: 'customer.updated', bulk: true },
    ]);
  });

  async function lastEventId(): Promise<number> {
    const { rows } = await database.db.raw<{ rows: { id: number }[] }>(
      `select coalesce(max(id), 0) as id from sync_events`,
    );
    return rows[0]?.id ?? 0;
  }

  it('keeps the order of rows with one email, so that the last one stands', async () => {
    const rows = Array.from({ length: 20 }, (_, at) =>
      row(at + 2, `Cy ${at}`, at % 2 ? 'cy@example.com' : 'Cy@example.com'),
    );
    const summary = await bring(rows, true);
    expect(summary).to.include({ created: 1, updated: 19 });
    const [found] = await listCustomers(database.db, { limit: 1, email: 'cy@example.com' });
    expect(found?.name).to.equal('Cy 19');
  });

  it('names bad rows by line and reason, in order, and brings in the others', async () => {
    const summary = await bring([
      row(2, '', 'no-name@example.com'),
      { line: 3, problem: 'cannot be read' },
      row(4, 'Dee', 'dee at example'),
      row(5, 'Eve', 'eve@example.com'),
      row(6, 'x'.repeat(257), 'long@example.com'),
    ]);
    expect(summary).to.include({ rows: 5, created: 1 });
    expect(summary.bad.map(({ line }) => line)).to.deep.equal([2, 3, 4, 6]);
    expect(summary.bad[0]?.reason).to.include('name must not be empty');
    expect(summary.bad[2]?.reason).to.include('email must be an email address');
  });
});
