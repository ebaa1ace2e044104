import { Readable } from 'node:stream';
import { expect } from 'chai';
import { importAll, type SummaryDeps } from '../../../../lib/customers/import/summary.ts';
import { readRows, type Row } from '../../../../lib/customers/import/rows.ts';
import { listCustomers } from '../../../support/customers.ts';
import { systemClock } from '../../../../lib/clock.ts';
import { useDatabase } from '../../../support/database.ts';
import { removeRules, triggerSql } from '../../../support/table-rules.ts';
import { customer as customerEntity } from '../../../../lib/catalogue/built-in.ts';

const values = (name: string, email: string) => ({ name, email });

describe('writing imported rows', () => {
  const database = useDatabase();

  const deps = (update = false): SummaryDeps => ({
    ...{ db: database.db, entity: customerEntity, clock: systemClock, nudge: () => undefined },
    ...{ origin: { context: { actor: 'test' } }, onExisting: update ? 'update' : 'report' },
    dryRun: false,
  });
  const bring = async (rows: Row[], update = false, more: Partial<SummaryDeps> = {}) =>
    (await importAll(Readable.from(rows), { ...deps(update), ...more })).summary;
  const row = (line: number, name: string, email: string): Row => ({ line, values: { name, email } });

  it('skips equal rows at a second import, reports different ones, and changes them with the option', async () => {
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

  it('writes every event as bulk, and single edits go to Stripe before them', async () => {
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

  it('keeps the order of rows with one email, so that the last one stays', async () => {
    const rows = Array.from({ length: 20 }, (_, at) =>
      row(at + 2, `Cy ${at}`, at % 2 ? 'cy@example.com' : 'Cy@example.com'),
    );
    const summary = await bring(rows, true);
    expect(summary).to.include({ created: 1, updated: 19 });
    const [found] = await listCustomers(database.db, { limit: 1, email: 'cy@example.com' });
    expect(found?.name).to.equal('Cy 19');
  });

  it('strips invisible characters from both ends of an email, and refuses one inside it by its name', async () => {
    const summary = await bring([
      row(2, 'Zed', '\u202a\ufeffzed@example.com\u200b'),
      row(3, 'Zoe', 'z\u00adoe@example.com'),
      row(4, '\u200b\u2060', 'unseen@example.com'),
    ]);
    expect(summary).to.include({ rows: 3, created: 1 });
    expect(await listCustomers(database.db, { limit: 1, email: 'zed@example.com' })).to.have.length(1);
    expect(summary.bad.map(({ line, reason }) => `${line}: ${reason}`)).to.deep.equal([
      '3: email must not contain U+00AD SOFT HYPHEN, which is invisible (character 2); leave it out',
      '4: name has no visible character',
    ]);
  });

  it('names invalid rows by line and reason, in order, and imports the others', async () => {
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

  it('never replaces a name in our table by a name that the file does not give', async () => {
    const nameless: Row = { line: 2, values: values('flo', 'flo@example.com'), derived: 'email' };
    const company: Row = { line: 3, values: values('Acme', 'gil@example.com'), derived: 'company' };
    const first = await bring([nameless, company]);
    expect(first).to.deep.include({ created: 2, named: { company: 1, email: 1 } });
    await bring([row(2, 'Flo Rida', 'flo@example.com')], true);
    for (const update of [false, true]) {
      const again = await bring([nameless], update);
      expect(again).to.deep.include({ skipped: 1, updated: 0, different: [] });
      expect(again.named).to.deep.equal({ company: 0, email: 0 });
    }
    const [found] = await listCustomers(database.db, { limit: 1, email: 'flo@example.com' });
    expect(found?.name).to.equal('Flo Rida');
  });

  it('refuses the rows that the table does not accept, with the name of the rule, and continues', async () => {
    await database.db.raw(
      `alter table customers add constraint name_short check (length(name) <= 20) not valid; ${triggerSql('quiet', `if new.name = 'Refused' then return null; end if; return new;`)}`,
    );
    const given = [
      row(2, 'Kim', 'kim@example.com'),
      row(3, 'A name of twenty-two ..', 'long@example.com'),
      row(4, 'Refused', 'refused@example.com'),
      row(5, 'Lee', 'lee@example.com'),
    ];
    const summary = await bring(given);
    expect(summary).to.include({ rows: 4, created: 2 });
    expect(
      summary.bad.map(({ line, reason, found }) => [line, reason.match(/name_short|quiet/)?.[0], found]),
    ).to.deep.equal([
      [3, 'name_short', { name: 'A name of twenty-two ..' }],
      [4, 'quiet', {}],
    ]);
    const changed = await bring(
      [row(2, 'A name of twenty-two ..', 'kim@example.com'), row(3, 'Lee B.', 'lee@example.com')],
      true,
    );
    expect(changed).to.include({ updated: 1 });
    expect(changed.bad[0]?.reason).to.include('name_short');
    await removeRules(database.db);
  });

  it('names with each refused row the values that were in it', async () => {
    const summary = await bring([row(2, 'Hal', 'hal at example'), row(3, 'Ada B.', 'ada@example.com')]);
    expect(summary.bad[0]?.found).to.deep.equal({ email: 'hal at example' });
    expect(summary.different[0]?.found).to.deep.equal({ name: 'Ada B.', email: 'ada@example.com' });
  });

  it('counts rows as done once they are in the database or refused, not when they are read', async () => {
    const lines = Array.from({ length: 600 }, (_, at) =>
      at % 10 === 0 ? `Ivy ${at},nowhere` : `Ivy ${at},ivy${at}@example.com`,
    );
    const longest = Math.max(...lines.map((line) => line.length + 1));
    const header = 'name,email\n';
    const file = Buffer.from(`${header}${lines.join('\n')}\n`);
    const written = async (): Promise<number> =>
      (await database.db('customers').where('email', 'like', 'ivy%')).length;
    let last = { rows: 0, bytes: 0 };
    const looks: Promise<number>[] = [];
    // The whole file is one chunk, as a small file on disk is.
    const { summary } = await importAll(readRows(Readable.from([file])), {
      ...deps(),
      onDone: (done) => {
        expect(done.bytes).to.be.at.most(header.length + done.rows * longest);
        last = { ...done };
        looks.push(written());
      },
    });
    expect(looks).to.have.length(3);
    expect(Math.min(...(await Promise.all(looks)))).to.be.at.least(180);
    expect(summary).to.include({ rows: 600, created: 540 });
    expect(last).to.deep.equal({ rows: 600, bytes: file.length });
  });
});
