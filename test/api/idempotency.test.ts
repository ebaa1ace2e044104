import { expect } from 'chai';
import { keepPartitions } from '../../db/partitions/partitions.ts';
import { DAY_MS } from '../../db/partitions/plan.ts';
import { createTestClock } from '../support/clock.ts';
import { useDatabase } from '../support/database.ts';
import { waitUntil } from '../support/signal.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, freshCustomer, startApi, type Answer } from './start-api.ts';

const customers = '/api/v1/customers';

type Request = { body?: unknown; headers?: Record<string, string> };

describe('a write with an Idempotency-Key', () => {
  const database = useDatabase({ poolSize: 20 });
  const clock = createTestClock(new Date('2026-03-02T10:00:00Z'));
  let api: Awaited<ReturnType<typeof startApi>>;
  let other: typeof api;
  let keys = 0;

  before(async () => {
    await keepPartitions(database.db, { now: clock.now(), retentionDays: 35 });
    api = await startApi({ db: database.db, clock });
    other = await startApi({ db: database.db, clock });
  });
  after(async () => {
    await api.server.close();
    await other.server.close();
  });

  const freshKey = (): string => `key-${(keys += 1)}`;
  const send = (method: string, path: string, key: string, request: Request = {}, at = api) =>
    at.send(method, path, { ...request, headers: { 'Idempotency-Key': key, ...request.headers } });
  const create = async (): Promise<string> => {
    const { json } = await api.send('POST', customers, { body: freshCustomer() });
    return `${customers}/${json.id}`;
  };
  const eventsOf = async (path: string): Promise<number> => {
    const rows = await database.db('sync_events').where('entity_key', `customer:${path.split('/').at(-1)}`);
    return rows.length;
  };
  const kept = async (): Promise<number> => (await database.db('idempotent_writes')).length;
  const isReplayed = (answer: Answer): boolean => answer.headers.get('Idempotent-Replayed') === 'true';

  /** The second answer is the first one, byte for byte, and says that it is. */
  function expectSame(first: Answer, second: Answer): void {
    expect(isReplayed(first), first.text).to.equal(false);
    expect(isReplayed(second), second.text).to.equal(true);
    expect([second.status, second.text]).to.deep.equal([first.status, first.text]);
    for (const name of ['ETag', 'Location', 'Content-Type'])
      expect(second.headers.get(name), name).to.equal(first.headers.get(name));
  }

  it('creates one customer, and a repeat gets the same answer at each process, also after later edits', async () => {
    const [key, body] = [freshKey(), freshCustomer()];
    const first = await send('POST', customers, key, { body });
    expect(first.status).to.equal(201);
    const path = first.headers.get('Location') ?? '';
    await api.send('PATCH', path, { body: { name: 'Edited since' } });
    const again = await send('POST', customers, key, { body }, other);
    expectSame(first, again);
    expectDescribed('post', customers, again);
    expect(await eventsOf(path)).to.equal(2);
  });

  it('changes a customer once by PATCH and PUT, and deletes it once', async () => {
    const path = await create();
    for (const [method, body] of [
      ['PATCH', { name: 'Once' }],
      ['PUT', freshCustomer()],
      ['DELETE', undefined],
    ] as const) {
      const key = freshKey();
      const request = body === undefined ? {} : { body };
      const before = await eventsOf(path);
      const first = await send(method, path, key, request);
      expectSame(first, await send(method, path, key, request, other));
      expect(await eventsOf(path)).to.equal(before + 1);
    }
    expectProblem(await api.send('GET', path), 404, 'customer_not_found');
  });

  it('answers a repeated PATCH that changed nothing as it did, although the customer has other values now', async () => {
    const path = await create();
    const body = { name: 'Same' };
    await api.send('PATCH', path, { body });
    const key = freshKey();
    const first = await send('PATCH', path, key, { body });
    expect(first.json.version).to.equal(2);
    await api.send('PATCH', path, { body: { name: 'Other' } });
    expectSame(first, await send('PATCH', path, key, { body }));
    expect(await eventsOf(path)).to.equal(3);
  });

  it('makes one customer of 20 equal requests at two processes at the same moment', async () => {
    const [key, body] = [freshKey(), freshCustomer()];
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => send('POST', customers, key, { body }, n % 2 ? api : other)),
    );
    const written = answers.filter((answer) => answer.status === 201 && !isReplayed(answer));
    expect(written).to.have.length(1);
    for (const answer of answers) {
      if (answer.status === 201) expect(answer.text).to.equal(written[0]?.text);
      else expectProblem(answer, 409, 'idempotency_key_in_use');
    }
    expect(await eventsOf(written[0]?.headers.get('Location') ?? '')).to.equal(1);
  });

  it('is refused while a request with the key is in flight at another process, before it waits for the row', async () => {
    const path = await create();
    const [key, body] = [freshKey(), { name: 'In flight' }];
    const holding = await database.db.transaction();
    await holding.raw('select from customers where id = :id for update', {
      id: path.split('/').at(-1) ?? '',
    });
    const first = send('PATCH', path, key, { body });
    await waitUntil(() => isAnyoneWaiting(), { timeoutMs: 5_000, what: 'the first request waits' });
    const second = await send('PATCH', path, key, { body }, other);
    expectProblem(second, 409, 'idempotency_key_in_use');
    expectDescribed('patch', `${customers}/{id}`, second);
    expect(second.headers.get('Retry-After')).to.equal('1');
    await holding.rollback();
    expectSame(await first, await send('PATCH', path, key, { body }, other));
    expect(await eventsOf(path)).to.equal(2);
  });

  const isAnyoneWaiting = async (): Promise<boolean> => {
    const { rows } = await database.db.raw<{ rows: object[] }>(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return rows.length > 0;
  };

  it('is refused with 422 for another body or another customer, and changes nothing', async () => {
    const [one, two] = [await create(), await create()];
    const key = freshKey();
    await send('PATCH', one, key, { body: { name: 'First' } });
    for (const [path, body] of [
      [one, { name: 'Second' }],
      [two, { name: 'First' }],
    ] as const) {
      const answer = await send('PATCH', path, key, { body });
      expectProblem(answer, 422, 'idempotency_key_reused');
      expectDescribed('patch', `${customers}/{id}`, answer);
    }
    expect([await eventsOf(one), await eventsOf(two)]).to.deep.equal([2, 1]);
  });

  it('counts for one route and one holder: the same key elsewhere is another key', async () => {
    const closed = await startApi({
      db: database.db,
      clock,
      apiKeys: ['key-of-ada-0123456789', 'key-of-bob-0123456789'],
    });
    try {
      const key = freshKey();
      const by = (holder: string, request: Request) =>
        send('POST', customers, key, { ...request, headers: { Authorization: `Bearer ${holder}` } }, closed);
      const [first, second] = [{ body: freshCustomer() }, { body: freshCustomer() }];
      const ofAda = await by('key-of-ada-0123456789', first);
      const ofBob = await by('key-of-bob-0123456789', second);
      expect([ofAda.status, ofBob.status]).to.deep.equal([201, 201]);
      expect(ofAda.json.id).not.to.equal(ofBob.json.id);
      expectSame(ofAda, await by('key-of-ada-0123456789', first));
      const path = ofAda.headers.get('Location') ?? '';
      const headers = { Authorization: 'Bearer key-of-ada-0123456789' };
      const changed = await send('PATCH', path, key, { body: { name: 'Elsewhere' }, headers }, closed);
      expect([changed.status, isReplayed(changed)]).to.deep.equal([200, false]);
      const removed = await send('DELETE', path, key, { headers }, closed);
      expect([removed.status, isReplayed(removed)]).to.deep.equal([204, false]);
    } finally {
      await closed.server.close();
    }
  });

  it('keeps nothing of a refused request: the same key works for the corrected one', async () => {
    const path = await create();
    const taken = freshCustomer();
    await api.send('POST', customers, { body: taken });
    const [key, before] = [freshKey(), await kept()];
    expectProblem(await send('PATCH', path, key, { body: { email: 'none' } }), 400, 'invalid_request');
    expectProblem(await send('PATCH', path, key, { body: { email: taken.email } }), 409, 'duplicate_email');
    const stale = { body: { name: 'New' }, headers: { 'If-Match': '"7"' } };
    expectProblem(await send('PATCH', path, key, stale), 412, 'version_mismatch');
    expect(await kept()).to.equal(before);
    const fixed = { body: { name: 'New' }, headers: { 'If-Match': '"1"' } };
    const first = await send('PATCH', path, key, fixed);
    expect(first.status).to.equal(200);
    expectSame(first, await send('PATCH', path, key, fixed));
  });

  it('has a key of 1 to 255 visible ASCII characters, or is refused with what is expected', async () => {
    const body = freshCustomer();
    for (const key of ['', 'a b', 'k'.repeat(256), 'a, b', 'sch\u00f6n']) {
      const answer = await send('POST', customers, key, { body });
      expectProblem(answer, 400, 'invalid_request');
      expect(answer.errors).to.have.length(1);
      expect(answer.errors[0]).to.include({
        in: 'header',
        pointer: '/Idempotency-Key',
        code: 'idempotency_key',
      });
    }
    const path = await create();
    expectProblem(await send('DELETE', path, 'a b'), 400, 'invalid_request');
    for (const key of ['!', '"quoted"', '~'.repeat(255)]) {
      const request = { body: freshCustomer() };
      expectSame(await send('POST', customers, key, request), await send('POST', customers, key, request));
    }
  });

  it('is a new request after 24 hours, on both sides of midnight, and its partition leaves a day later', async () => {
    clock.set(new Date('2026-03-02T23:59:59Z'));
    const path = await create();
    const [key, request] = [freshKey(), { body: { name: 'Before midnight' } }];
    const first = await send('PATCH', path, key, request);
    clock.advance(2_000);
    expectSame(first, await send('PATCH', path, key, request));
    clock.advance(DAY_MS - 3_000);
    expectSame(first, await send('PATCH', path, key, request));
    await api.send('PATCH', path, { body: { name: 'Between' } });
    clock.advance(2_000);
    const anew = await send('PATCH', path, key, request);
    expect([anew.status, isReplayed(anew), anew.json.version]).to.deep.equal([200, false, 4]);
    expectSame(anew, await send('PATCH', path, key, request));
    const partitions = async (): Promise<string[]> => {
      const { rows } = await database.db.raw<{ rows: { name: string; rows: number }[] }>(
        `select tableoid::regclass::text as name, count(*) as rows from idempotent_writes group by 1 order by 1`,
      );
      return rows.map(({ name }) => name);
    };
    expect(await partitions()).to.deep.equal(['idempotent_writes_20260302', 'idempotent_writes_20260304']);
    clock.set(new Date('2026-03-04T00:00:01Z'));
    const upkeep = await keepPartitions(database.db, { now: clock.now(), retentionDays: 35 });
    expect(upkeep.dropped).to.deep.equal(['idempotent_writes_20260301', 'idempotent_writes_20260302']);
    expect(await partitions()).to.deep.equal(['idempotent_writes_20260304']);
    expectSame(anew, await send('PATCH', path, key, request));
  });

  it('is not there in the answer of a request without a key', async () => {
    const answer = await api.send('POST', customers, { body: freshCustomer() });
    expect(answer.headers.has('Idempotent-Replayed')).to.equal(false);
  });
});
