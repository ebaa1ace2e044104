import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { startApiProcess, transactionsEnd, type ApiProcess, type Said } from '../support/api-processes.ts';
import { waitUntil } from '../support/signal.ts';
import { freshCustomer } from './start-api.ts';

const customers = '/api/v1/customers';

describe('an API process that is killed during a write with an Idempotency-Key', function () {
  this.timeout(60_000);
  const database = useDatabase();
  const started: ApiProcess[] = [];
  let other: ApiProcess;

  const start = async (failpoints = ''): Promise<ApiProcess> => {
    const api = await startApiProcess(database.url, failpoints);
    started.push(api);
    return api;
  };
  before(async () => {
    other = await start();
  });
  after(() => Promise.all(started.map((api) => api.kill())));

  const count = async (table: string, where: object = {}): Promise<number> =>
    (await database.db(table).where(where)).length;
  const status = (said: Said | null): number | null => said && said.status;

  it('after the row and its answer were stored: another process answers the repeat, and nothing is doubled', async () => {
    const victim = await start('customers.written=kill');
    const request = { key: 'killed-after', body: freshCustomer() };
    expect(await victim.send('POST', customers, request)).to.equal(null);
    const again = await other.send('POST', customers, request);
    expect([again?.status, again?.replayed]).to.deep.equal([201, true]);
    const { email, name } = request.body;
    expect(JSON.parse(again?.text ?? '')).to.include({ email, name, version: 1 });
    expect(await count('customers', { email })).to.equal(1);
    expect(await other.send('POST', customers, request)).to.deep.include({ status: 201, text: again?.text });
  });

  it('between the row and the answer: the key is in use until the server ends the statement, which stores both', async () => {
    await withHeldStatement(async ({ release }) => {
      const victim = await start();
      const request = { key: 'killed-between', body: freshCustomer() };
      const lost = victim.send('POST', customers, request);
      await held();
      await victim.kill();
      expect(await lost).to.equal(null);
      expect(status(await other.send('POST', customers, request))).to.equal(409);
      await release();
      await transactionsEnd(database.db);
      const again = await other.send('POST', customers, request);
      expect([again?.status, again?.replayed]).to.deep.equal([201, true]);
      expect(await count('customers', { email: request.body.email })).to.equal(1);
      expect(await count('sync_events', { entity_key: `customer:${idIn(again)}` })).to.equal(1);
    });
  });

  it('between the row and the answer, with its session: nothing is left, and the repeat makes the change', async () => {
    await withHeldStatement(async ({ release }) => {
      const victim = await start();
      const request = { key: 'killed-with-session', body: freshCustomer() };
      const kept = await count('idempotent_writes');
      const lost = victim.send('POST', customers, request);
      await held();
      await victim.kill();
      expect(await lost).to.equal(null);
      await database.db.raw(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event = 'advisory'`,
      );
      await transactionsEnd(database.db);
      expect(await count('customers', { email: request.body.email })).to.equal(0);
      expect(await count('idempotent_writes')).to.equal(kept);
      await release();
      const again = await other.send('POST', customers, request);
      expect([again?.status, again?.replayed]).to.deep.equal([201, false]);
      expect(await count('sync_events', { entity_key: `customer:${idIn(again)}` })).to.equal(1);
    });
  });

  /** The row is written, and the statement goes on to the event and the answer only when it may. */
  async function withHeldStatement(
    work: (hold: { release: () => Promise<void> }) => Promise<void>,
  ): Promise<void> {
    const holding = await database.db.transaction();
    await holding.raw('select pg_advisory_xact_lock(4711)');
    await database.db.raw(`
      create function wait_here() returns trigger language plpgsql as $$
      begin perform pg_advisory_xact_lock_shared(4711); return null; end $$;
      create trigger wait_here after insert on customers for each row execute function wait_here()`);
    const release = async (): Promise<void> => {
      if (!holding.isCompleted()) await holding.commit();
    };
    try {
      await work({ release });
    } finally {
      await release();
      await database.db.raw('drop trigger wait_here on customers; drop function wait_here()');
    }
  }

  async function held(): Promise<void> {
    const isHeld = async (): Promise<boolean> => {
      const { rows } = await database.db.raw<{ rows: object[] }>(
        `select from pg_stat_activity where datname = current_database() and wait_event = 'advisory'`,
      );
      return rows.length > 0;
    };
    await waitUntil(isHeld, { timeoutMs: 10_000, what: 'the statement waits after the row' });
  }

  const idIn = (said: Said | null): number => (JSON.parse(said?.text ?? '{}') as { id: number }).id;
});
