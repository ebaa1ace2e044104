import { expect } from 'chai';
import { createSyncWaits } from '../../api/sync-waits.ts';
import { readRow, type MappedRow } from '../../db/entities/rows.ts';
import { customer as customerEntity } from '../../lib/catalogue/built-in.ts';
import { waitUntil } from '../support/signal.ts';
import { linkedPair, useTwoWay } from '../support/two-way.ts';
import { expectDescribed } from './described.ts';
import { freshCustomer, startApi, type Answer } from './start-api.ts';

const customers = '/api/v1/customers';
const log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
function ignore(): void {
  return;
}

describe('a write that prefers to wait', () => {
  const world = useTwoWay();
  let api: Awaited<ReturnType<typeof startApi>>;
  beforeEach(async () => {
    api = await startApi({ db: world.db, clock: world.clock, deadlineMs: 400 });
  });
  afterEach(() => api.server.close());

  const send = (
    method: string,
    path: string,
    prefer: string,
    body?: unknown,
    key?: string,
  ): Promise<Answer> =>
    api.send(method, path, {
      headers: { Prefer: prefer, ...(key !== undefined && { 'Idempotency-Key': key }) },
      ...(body !== undefined && { body }),
    });
  const versions = async (): Promise<number> =>
    (await world.db('sync_events').where('source', 'internal')).length;

  /** Sends a request that waits, and lets the worker work once the change is written. */
  async function whileWorking(request: () => Promise<Answer>): Promise<Answer> {
    const before = await versions();
    const answer = request();
    await waitUntil(async () => (await versions()) > before, {
      timeoutMs: 5_000,
      what: 'the change is written',
    });
    await world.rest();
    return await answer;
  }

  it('is answered when the change has reached the system, with the id of its record', async () => {
    const created = await whileWorking(() => send('POST', customers, 'wait=20', freshCustomer()));
    expectDescribed('post', customers, created);
    expect([created.status, created.headers.get('Preference-Applied')]).to.deep.equal([201, 'wait=20']);
    expect(created.json.sync?.['stripe']).to.include({ state: 'linked', version: 1 });
    expect(created.json.external_mappings?.['stripe']).to.match(/^cus_/);
    const path = created.headers.get('Location') ?? '';
    const changed = await whileWorking(() => send('PATCH', path, 'wait=20', { name: 'New' }));
    expect(changed.status).to.equal(200);
    expect(changed.json.sync?.['stripe']).to.include({ state: 'linked', version: 2 });
    const removed = await whileWorking(() => send('DELETE', path, 'respond-async, wait=20'));
    expect([removed.status, removed.text]).to.deep.equal([204, '']);
    expect(world.simulator.customers()).to.deep.equal([]);
  });

  it('is answered when a person has to decide, which is an outcome too', async () => {
    const body = { name: 'Refused', email: 'refused@localhost' };
    const parked = await whileWorking(() => send('POST', customers, 'wait=20', body));
    expect(parked.status).to.equal(201);
    expect(parked.json.sync?.['stripe']).to.include({ state: 'parked', reason: 'email_invalid' });
  });

  it('is answered with 202 and the present state when the time is up, longer than the database may take', async () => {
    const { id } = await linkedPair(world);
    for (const [method, body] of [
      ['PATCH', { name: 'Not yet' }],
      ['DELETE', undefined],
    ] as const) {
      const answer = await send(method, `${customers}/${id}`, 'wait=1', body);
      expectDescribed(method.toLowerCase(), `${customers}/{id}`, answer);
      expect([answer.status, answer.headers.get('Preference-Applied')]).to.deep.equal([202, 'wait=1']);
      expect(answer.json.sync?.['stripe']).to.include({ state: 'pending', version: 1 });
    }
    await world.rest();
  });

  it('waits again when it is repeated, and writes nothing', async () => {
    const { id } = await linkedPair(world);
    const path = `${customers}/${id}`;
    const first = await send('PATCH', path, 'wait=1', { name: 'Twice' }, 'twice');
    expect(first.status).to.equal(202);
    await world.rest();
    const again = await send('PATCH', path, 'wait=1', { name: 'Twice' }, 'twice');
    expect([again.status, again.headers.get('Idempotent-Replayed')]).to.deep.equal([200, 'true']);
    expect(again.json.version).to.equal(first.json.version);
    expect(again.json.sync?.['stripe']).to.include({ state: 'linked', version: 2 });
  });

  it('does not wait for what has been reached, and ignores what is no time to wait', async () => {
    const { id } = await linkedPair(world);
    const path = `${customers}/${id}`;
    const { name } = (await api.send('GET', path)).json;
    const same = await send('PATCH', path, 'wait=30', { name });
    expect([same.status, same.headers.get('Preference-Applied')]).to.deep.equal([200, 'wait=30']);
    for (const prefer of ['wait=0', 'wait=soon', 'wait=-1', 'wait', 'return=minimal', ''])
      expect(
        (await send('PATCH', path, prefer, { name })).headers.has('Preference-Applied'),
        prefer,
      ).to.equal(false);
    const long = await send('PATCH', path, 'return=minimal, wait=8640000000000, wait=1', { name });
    expect(long.headers.get('Preference-Applied')).to.equal('wait=30');
  });

  it('is answered at once when the process stops', async () => {
    const { id } = await linkedPair(world);
    const before = await versions();
    const answer = send('PATCH', `${customers}/${id}`, 'wait=30', { name: 'Stopping' });
    await waitUntil(async () => (await versions()) > before, {
      timeoutMs: 5_000,
      what: 'the change is written',
    });
    await api.server.close();
    expect((await answer).status).to.equal(202);
    await world.rest();
  });

  it('is answered at once when the process stops while the write is made', async () => {
    const { id } = await linkedPair(world);
    const slow = await startApi({ db: world.db, clock: world.clock });
    const other = await world.db.transaction();
    await other.raw('select from customers where id = ? for update', [id]);
    const answer = slow.send('PATCH', `${customers}/${id}`, {
      body: { name: 'Stopping' },
      headers: { Prefer: 'wait=30' },
    });
    const waiting = `select count(*) as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await waitUntil(
      async () => Number((await world.db.raw<{ rows: { n: number }[] }>(waiting)).rows[0]?.n) > 0,
      { timeoutMs: 5_000, what: 'the write waits for the row' },
    );
    const closed = slow.server.close();
    await other.rollback();
    expect((await answer).status).to.equal(202);
    await closed;
    await world.rest();
  });

  async function changedRow(): Promise<MappedRow> {
    const { id } = await world.create();
    const row = await readRow(world.db, customerEntity, id);
    if (!row) throw new Error('the row is not there');
    return row;
  }

  it('asks the database nothing once no request waits: a client that has gone ends its wait', async () => {
    const row = await changedRow();
    let asked = 0;
    world.db.on(
      'query',
      ({ sql }: { sql: string }) => (asked += sql.includes('array_agg(d.target)') ? 1 : 0),
    );
    const waits = createSyncWaits({ db: world.db, log, systems: ['stripe'], everyMs: 1 });
    const gone = new AbortController();
    const waiting = waits.wait(row, { ms: 60_000, signal: gone.signal });
    await waitUntil(() => asked >= 3, { timeoutMs: 5_000, what: 'three questions' });
    gone.abort();
    expect(await waiting).to.equal(false);
    const after = asked;
    await world.rest();
    expect(asked - after).to.be.at.most(1);
  });

  it('lets only so many wait in one process: the others get their answer without waiting', async () => {
    const row = await changedRow();
    const waits = createSyncWaits({ db: world.db, log, systems: ['stripe'], max: 2 });
    const gone = new AbortController();
    const wait = () => waits.wait(row, { ms: 60_000, signal: gone.signal });
    const waiting = [wait(), wait()];
    expect(await wait()).to.equal(null);
    gone.abort();
    expect(await Promise.all(waiting)).to.deep.equal([false, false]);
    await world.rest();
  });
});
