import { expect } from 'chai';
import { createDb, type Db } from '../../db/server/connection.ts';
import { readPoolCounts } from '../../db/server/pool-counts.ts';
import { databasePart } from '../../lib/health/readiness.ts';
import { startDatabaseProxy } from '../support/database-proxy.ts';
import { useDatabase } from '../support/database.ts';
import { waitUntil } from '../support/signal.ts';
import { freshCustomer, startApi } from './start-api.ts';

const customers = '/api/v1/customers';

async function isAnyoneWaiting(db: Db): Promise<boolean> {
  const { rows } = await db.raw<{ rows: object[] }>(
    `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rows.length > 0;
}

describe('the API while the database is away', () => {
  const database = useDatabase();
  let proxy: Awaited<ReturnType<typeof startDatabaseProxy>>;
  let db: Db;
  let api: Awaited<ReturnType<typeof startApi>>;
  let path: string;

  before(async () => {
    const target = new URL(database.url);
    proxy = await startDatabaseProxy(new URL(database.url));
    target.host = `127.0.0.1:${proxy.port}`;
    db = createDb({ url: target.href, poolSize: 5, applicationName: 'outage' });
    const readiness = { database: databasePart(db) };
    api = await startApi({ db, readiness, deadlineMs: 500 });
    const { json } = await api.send('POST', customers, { body: freshCustomer() });
    path = `${customers}/${json.id}`;
  });
  after(async () => {
    await api.server.close();
    await db.destroy();
    await proxy.cut();
  });

  const requests: [method: string, path: () => string, body?: object][] = [
    ['GET', () => customers],
    ['GET', () => path],
    ['POST', () => customers, freshCustomer()],
    ['PUT', () => path, freshCustomer()],
    ['PATCH', () => path, { name: 'While away' }],
    ['DELETE', () => path],
  ];

  async function expectAway(): Promise<void> {
    const answers = await Promise.all(
      requests.map(([method, at, body]) => api.send(method, at(), { ...(body && { body }) })),
    );
    for (const { status, json, headers } of answers) {
      expect(status).to.equal(503);
      expect(json.code).to.equal('database_unavailable');
      expect(Number(headers.get('Retry-After'))).to.be.greaterThan(0);
    }
  }

  it('answers 503 with Retry-After to everything, is alive but not ready, and works again by itself afterwards', async () => {
    expect((await api.send('GET', '/ready')).status).to.equal(200);
    await proxy.cut();
    await expectAway();
    const ready = await api.send('GET', '/ready');
    expect(ready.status).to.equal(503);
    expect(ready.json).to.deep.include({ status: 'not_ready' });
    expect(ready.json['not_ready']).to.have.length(1);
    expect((await api.send('GET', '/health')).json).to.deep.equal({ status: 'healthy' });
    await proxy.fix();
    expect((await api.send('GET', '/ready')).status).to.equal(200);
    const after = await api.send('PATCH', path, { body: { name: 'Back again' } });
    expect(after.json).to.include({ name: 'Back again', version: 2 });
  });

  it('answers 503 to a request whose connection breaks', async () => {
    await database.db.transaction(async (tx) => {
      await tx.raw('select id from customers for update');
      const waiting = api.send('PATCH', path, { body: { name: 'Cut in the middle' } });
      await waitUntil(() => isAnyoneWaiting(tx), { timeoutMs: 5_000, what: 'the PATCH waits for the row' });
      await proxy.cut();
      expect((await waiting).json.code).to.equal('database_unavailable');
    });
    await proxy.fix();
    // Postgres may have committed meanwhile. In both cases the row and its events agree.
    const { rows } = await database.db.raw<{ rows: { agree: boolean }[] }>(
      `select c.version = count(*) as agree from customers c join sync_events e on e.entity_id = c.id group by c.id`,
    );
    expect(rows).to.deep.equal([{ agree: true }]);
    expect((await api.send('GET', path)).status).to.equal(200);
  });

  it('answers 503 in time when the database does not answer, and says that a write may have been made', async () => {
    proxy.silence(true);
    await expectAway();
    const { json } = await api.send('PATCH', path, { body: { name: 'Silent' } });
    expect(json.detail).to.include('may or may not have been made');
    proxy.silence(false);
    // What was sent during the silence is lost; a real network would break these connections too.
    await proxy.cut();
    await proxy.fix();
    expect((await api.send('GET', path)).status).to.equal(200);
  });

  it('logs no fault of its own when the database answers after the deadline did', async () => {
    await api.send('POST', customers, { body: freshCustomer() });
    await database.db.transaction(async (tx) => {
      await tx.raw('lock table customers');
      const answers = [path, `${customers}?limit=1`].map((at) => api.send('GET', at));
      for (const { status } of await Promise.all(answers)) expect(status).to.equal(503);
    });
    await waitUntil(() => readPoolCounts(db).inUse === 0, {
      timeoutMs: 5_000,
      what: 'the late reads end',
    });
    expect((await api.send('GET', path)).status).to.equal(200);
    expect(api.lines.filter(({ level }) => level === 'error')).to.deep.equal([]);
  });
});

describe('the API with a database that refuses writes', () => {
  const database = useDatabase();

  it('answers 503, and /ready says why', async () => {
    await database.db.raw(`alter database ${database.name} set default_transaction_read_only = on`);
    const db = createDb({ url: database.url, poolSize: 1, applicationName: 'read-only' });
    const api = await startApi({ db, readiness: { database: databasePart(db) } });
    const answer = await api.send('POST', customers, { body: freshCustomer() });
    expect(answer.json.code).to.equal('database_unavailable');
    const ready = await api.send('GET', '/ready');
    expect(ready.status).to.equal(503);
    expect(ready.text).to.include('accepts no writes');
    await api.server.close();
    await db.destroy();
  });
});
