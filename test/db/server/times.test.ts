import { expect } from 'chai';
import { createDb, type Db } from '../../../db/server/connection.ts';
import { migrate } from '../../../db/server/migrate.ts';
import { EARLIEST, LATEST, readTime } from '../../../db/server/times.ts';
import { startApi } from '../../api/start-api.ts';
import { createTestDatabase, useDatabase } from '../../support/database.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { useTwoWay } from '../../support/two-way.ts';

const earliest = EARLIEST.toISOString();
const latest = LATEST.toISOString();

/** A time that may stand in a table, and its form in JSON. */
const ODD: [text: string, form: string][] = [
  ['infinity', latest],
  ['-infinity', earliest],
  ['294276-12-31 23:59:59.999999Z', latest],
  ['275761-01-01Z', latest],
  ['10000-01-01Z', latest],
  ['9999-12-31 23:59:59.999Z', latest],
  ['0001-01-01Z', earliest],
  ['0044-03-15 BC', earliest],
  ['4713-01-01 BC', earliest],
  ['1850-01-01 12:00:00 Europe/Berlin', '1850-01-01T11:06:32.000Z'],
  ['2026-03-04 05:06:07.089+02', '2026-03-04T03:06:07.089Z'],
];

describe('a time that JSON or JavaScript cannot represent', () => {
  const database = useDatabase();

  it('is read as the earliest or the latest that both can represent, by itself, in an array and within JSON, in every zone', async () => {
    for (const zone of ['UTC', 'Europe/Berlin', 'America/St_Johns']) {
      const read = await database.db.transaction(async (tx) => {
        await tx.raw(`select set_config('TimeZone', ?, true)`, [zone]);
        const { rows } = await tx.raw<{ rows: { plain: Date; several: Date[]; json: string }[] }>(
          `select t::timestamptz as plain, array[t::timestamptz] as several, jsonb_build_object('t', t::timestamptz) ->> 't' as json
           from unnest(?::text[]) with ordinality as given(t, at) order by at`,
          [ODD.map(([text]) => text)],
        );
        return rows.map(({ plain, several, json }) =>
          [plain, several[0], readTime(json)].map((time) => time?.toISOString()),
        );
      });
      expect(read, zone).to.deep.equal(
        ODD.map(([text, form]) => {
          // Midnight of the zone, where the text has no time.
          const shown = text.endsWith('BC') ? earliest : form;
          return [shown, shown, shown];
        }),
      );
    }
  });

  it('does not change how any other text is read', () => {
    for (const text of ['', 'soon', '03/04/2026 05:06:07 CET']) expect(() => readTime(text), text).to.throw();
  });
});

describe('a customer with a time that JSON cannot represent', () => {
  const world = useTwoWay();

  it('is listed, read, followed, changed, kept in agreement and deleted like any other', async () => {
    const api = await startApi({ db: world.db, clock: world.clock });
    try {
      const ids = [];
      for (const [at, [text]] of ODD.entries()) {
        const { id } = await world.create({ email: `odd${at}@example.com` });
        ids.push(id);
        await world.db.raw(`update customers set created_at = :text, updated_at = :text where id = :id`, {
          id,
          text,
        });
      }
      const forms = ODD.map(([, form]) => form);
      const list = await api.send('GET', '/api/v1/customers');
      expect(list.list.map(({ created_at }) => created_at)).to.deep.equal(forms);
      expect(list.list.map(({ sync }) => sync?.['stripe']?.since ?? '')).to.have.length(ODD.length);
      const late = await api.send('GET', '/api/v1/customers?updated_since=9999-01-01T00:00:00Z');
      expect(late.list.map(({ id }) => id)).to.deep.equal(ids.filter((_, at) => forms[at] === latest));
      expect((await api.send('GET', '/api/v1/customers/changes')).json['changes']).to.have.length(ODD.length);
      await world.rest();
      expect((await api.send('GET', '/api/v1/customers')).status).to.equal(200);
      for (const id of ids) {
        expect((await mappingOf(world.db, id)).state).to.equal('linked');
        const changed = await api.send('PATCH', `/api/v1/customers/${id}`, {
          body: { name: `Changed ${id}` },
        });
        expect(changed.json, changed.text).to.include({ version: 2, name: `Changed ${id}` });
        expect((await api.send('GET', `/api/v1/customers/${id}`)).status).to.equal(200);
      }
      await world.rest();
      expect(world.simulator.customers().map(({ name }) => name)).to.have.members(
        ids.map((id) => `Changed ${id}`),
      );
      for (const id of ids)
        expect((await api.send('DELETE', `/api/v1/customers/${id}`)).status).to.equal(204);
      await world.rest();
      expect(world.simulator.customers()).to.deep.equal([]);
      const { id } = await world.create();
      await world.rest();
      await world.db.transaction(async (tx) => {
        await tx.raw(
          `update customers set deleted_at = 'infinity', version = version + 1, last_event_id = next_sync_event_id() where id = :id`,
          { id },
        );
        await tx.raw(`select write_customer_event(:id)`, { id });
      });
      expect((await api.send('GET', `/api/v1/customers/${id}`)).status).to.equal(404);
      expect((await api.send('DELETE', `/api/v1/customers/${id}`)).status).to.equal(404);
      await world.rest();
      expect(world.simulator.customers()).to.deep.equal([]);
    } finally {
      await api.server.close();
    }
  });
});

describe('migrate, where the times of a table have no time zone', () => {
  let db: Db;
  let url: string;
  let drop: () => Promise<unknown>;

  beforeEach('an unmigrated database whose sessions are in New York', async () => {
    const made = await createTestDatabase({ migrated: false });
    await made.db.raw(`alter database ${made.name} set timezone = 'America/New_York'`);
    await made.db.destroy();
    ({ url, drop } = made);
    db = createDb({ url, poolSize: 2, applicationName: 'zones' });
    await db.raw(`create table customers (id serial primary key, name text, email text, created_at timestamp, updated_at date);
      insert into customers (name, email, created_at, updated_at) values ('Ada', 'ada@example.com', '2026-01-31 12:00:00', '2026-02-01')`);
  });
  afterEach('remove it', async () => {
    await db.destroy();
    await drop();
  });

  it('uses the zone of the session, and reports that for each column', async () => {
    const said: string[] = [];
    await migrate(db, { say: (sentence) => said.push(sentence) });
    expect(said).to.deep.equal([
      'customers.created_at has times without a time zone. They are read as times of America/New_York, the TimeZone of this session; --time-zone names another one: 2026-01-31 12:00:00 becomes 2026-01-31T17:00:00Z.',
      'customers.updated_at has times without a time zone. They are read as times of America/New_York, the TimeZone of this session; --time-zone names another one: 2026-02-01 becomes 2026-02-01T05:00:00Z.',
    ]);
    expect(await times()).to.deep.equal(['2026-01-31T17:00:00.000Z', '2026-02-01T05:00:00.000Z']);
  });

  it('uses the zone that is named, in any case of letters, and leaves the session unchanged', async () => {
    const said: string[] = [];
    await migrate(db, { timeZone: 'europe/berlin', say: (sentence) => said.push(sentence) });
    expect(said[0]).to.include(
      'times of Europe/Berlin, as --time-zone says: 2026-01-31 12:00:00 becomes 2026-01-31T11:00:00Z.',
    );
    expect(await times()).to.deep.equal(['2026-01-31T11:00:00.000Z', '2026-01-31T23:00:00.000Z']);
    expect(await read(`select current_setting('TimeZone') as value`)).to.deep.equal(['America/New_York']);
  });

  it('refuses an unknown zone, and changes nothing', async () => {
    for (const timeZone of ['Mars/Olympus', 'UTC+2', '+02:00', '']) {
      const error = await migrate(db, { timeZone }).catch((caught: unknown) => caught);
      expect(error, timeZone).to.include({ code: 'time_zone_unknown' });
      expect(error)
        .to.have.property('message')
        .that.includes(`${JSON.stringify(timeZone)}. Give one as Europe/Berlin`);
    }
    expect(await read(`select to_regclass('sync_events')::text as value`)).to.deep.equal([null]);
  });

  it('reports nothing where columns have a zone, and that the option was not needed', async () => {
    await db.raw(
      `alter table customers alter created_at type timestamptz, alter updated_at type timestamptz`,
    );
    const said: string[] = [];
    const say = (sentence: string) => said.push(sentence);
    await migrate(db, { say });
    expect(said).to.deep.equal([]);
    await migrate(db, { timeZone: 'UTC', say });
    expect(said).to.have.length(1);
    expect(said[0]).to.match(/^--time-zone was not needed/);
  });

  it('keeps infinity, years before 1 and far years unchanged, and names a date that no time can represent', async () => {
    await db.raw(`insert into customers (name, email, created_at, updated_at) values ('B', 'b@example.com', 'infinity', '-infinity'),
      ('C', 'c@example.com', '0044-03-15 BC', '20000-01-01'), ('D', 'd@example.com', '2026-01-01', '5874897-12-31')`);
    const error = await migrate(db).catch((caught: unknown) => caught);
    expect(error).to.include({ code: 'table_unfit' });
    expect(error)
      .to.have.property('message')
      .that.includes(
        '1 rows have a time in its column updated_at that is too early or too late for a timestamptz',
      );
    await db.raw(`delete from customers where name = 'D'`);
    await migrate(db);
    const api = await startApi({ db });
    const { list } = await api.send('GET', '/api/v1/customers');
    await api.server.close();
    expect(list.map(({ created_at, updated_at }) => [created_at, updated_at]).slice(1)).to.deep.equal([
      [latest, earliest],
      [earliest, latest],
    ]);
  });

  async function times(): Promise<string[]> {
    const { rows } = await db.raw<{ rows: { created: Date; updated: Date }[] }>(
      `select created_at as created, updated_at as updated from customers`,
    );
    return rows.flatMap(({ created, updated }) => [created.toISOString(), updated.toISOString()]);
  }

  async function read(sql: string): Promise<unknown[]> {
    return (await db.raw<{ rows: { value: unknown }[] }>(sql)).rows.map(({ value }) => value);
  }
});
