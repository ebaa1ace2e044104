import { expect } from 'chai';
import { closePairs } from '../../db/mappings/closed-pairs.ts';
import { countReasons } from '../../db/health/reports.ts';
import { insertCustomer } from '../support/customers.ts';
import { databasePart, relayPart, syncPart } from '../../lib/health/readiness.ts';
import { newEventId } from '../../lib/uuid.ts';
import { createTestClock } from '../support/clock.ts';
import { useDatabase } from '../support/database.ts';
import { startApi } from './start-api.ts';

describe('/ready', () => {
  const database = useDatabase();
  const clock = createTestClock();
  let api: Awaited<ReturnType<typeof startApi>>;

  before(async () => {
    const { db } = database;
    api = await startApi({
      db,
      readiness: {
        database: databasePart(db),
        relay: relayPart(db, clock),
        sync: syncPart(db, ['stripe']),
      },
    });
  });
  after(() => api.server.close());

  async function writeCustomer(email: string): Promise<number> {
    const now = clock.now();
    const stamp = { eventId: newEventId(now), source: 'internal', context: {}, now };
    return (await insertCustomer(database.db, { name: 'Ada', email }, stamp)).id;
  }

  it('says that no relay has run, and how old the oldest unpublished event is', async () => {
    await writeCustomer('a@example.org');
    clock.advance(90_000);
    await writeCustomer('b@example.org');
    const { status, json } = await api.send('GET', '/ready');
    // A balancer that removed this API would remove one that takes every request.
    expect(status).to.equal(200);
    expect(json).to.deep.include({ status: 'ready', not_ready: [] });
    expect(json['warnings']).to.include('relay: no relay has ever run on this database: start one');
    expect(json['relay_seconds_behind']).to.equal(90);
  });

  it('counts from the relay’s cursor: nothing pending, then newer events, then what an open window has left', async () => {
    const { db } = database;
    await db.raw(`insert into relay_cursor (seen, floor, system_identifier, timeline, address_hash)
                  values (pg_current_snapshot(), 0, 1, 1, '')`);
    const behind = async () => (await api.send('GET', '/ready')).json['relay_seconds_behind'];
    expect(await behind()).to.equal(0);
    await writeCustomer('c@example.org');
    clock.advance(2_500);
    await writeCustomer('d@example.org');
    clock.advance(1_000);
    expect(await behind()).to.equal(3.5);
    await db.raw(
      `update relay_cursor set win = pg_current_snapshot(), last_id = (select max(id) - 1 from sync_events)`,
    );
    expect(await behind()).to.equal(1);
    await db.raw(`update relay_cursor set seen = pg_current_snapshot(), win = null, last_id = 0`);
    expect(await behind()).to.equal(0);
  });

  it('counts what is dirty, parked and waiting, and shows the oldest open intent', async () => {
    const { db } = database;
    const customer = await writeCustomer('e@example.org');
    const firstSentAt = clock.now().toISOString();
    clock.advance(12_000);
    await db('external_mappings').insert([
      { internal_id: customer, system: 'stripe', dirty: 3, intent: { operation: 'create', firstSentAt } },
      { internal_id: 1, system: 'stripe', state: 'parked', reason: 'email_invalid' },
      { internal_id: 2, system: 'stripe', state: 'waiting', reason: 'not_linked' },
      { internal_id: 3, system: 'stripe', state: 'waiting', reason: 'not_linked', dirty: 1 },
    ]);
    const { status, json } = await api.send('GET', '/ready');
    expect(status).to.equal(200);
    expect(json).to.deep.include({ status: 'ready', not_ready: [], dirty: 2, parked: 1, waiting: 2 });
    expect(json['oldest_open_intent']).to.deep.equal({
      customer,
      operation: 'create',
      first_sent_at: firstSentAt,
    });
  });

  it('counts pairs that a person has closed by themselves, until something happens to one', async () => {
    const { db } = database;
    const pairs = await db('external_mappings')
      .whereIn('internal_id', [1, 2])
      .orderBy('internal_id')
      .pluck<number[]>('id');
    const by = { now: clock.now(), actor: 'test', reason: 'test data' };
    expect(await db.transaction((tx) => closePairs(tx, { ids: pairs, ...by }))).to.have.length(2);
    const { json } = await api.send('GET', '/ready');
    expect(json).to.deep.include({ dirty: 2, parked: 0, waiting: 1, closed: 2 });
    expect(json['warnings']).to.not.match(/parked/);
    expect((await countReasons(db)).map(({ state, count }) => [state, count])).to.deep.equal([
      ['waiting', 1],
    ]);
    await db.raw('update external_mappings set dirty = dirty + 1, clean = clean + 1 where id = ?', [
      pairs[0] ?? 0,
    ]);
    const again = await api.send('GET', '/ready');
    expect(again.json).to.deep.include({ dirty: 2, parked: 1, waiting: 1, closed: 1 });
    expect(again.json['warnings']).to.match(/1 parked since .* \(1 email_invalid\)/);
  });

  it('is unready only because of its database, and then says nothing about parts that depend on it', async () => {
    let databaseReady = false;
    const odd = await startApi({
      deadlineMs: 100,
      db: database.db,
      readiness: {
        database: () =>
          Promise.resolve(databaseReady ? { ready: true } : { ready: false, problem: 'is away' }),
        bus: () => Promise.resolve({ ready: false, problem: 'Kafka does not answer' }),
        relay: () => Promise.reject(new Error('ECONNREFUSED')),
      },
    });
    const away = await odd.send('GET', '/ready');
    databaseReady = true;
    const back = await odd.send('GET', '/ready');
    await odd.server.close();
    expect(away.status).to.equal(503);
    expect(away.json['not_ready']).to.deep.equal([{ part: 'database', problem: 'is away' }]);
    expect(away.json['warnings']).to.deep.equal(['bus: Kafka does not answer']);
    expect(back.status).to.equal(200);
    expect(back.json['warnings']).to.deep.equal(['bus: Kafka does not answer', 'relay: could not be asked']);
  });

  it('names the part that failed or hangs, and does not hang with it', async () => {
    const odd = await startApi({
      deadlineMs: 100,
      db: database.db,
      readiness: {
        database: () => new Promise(() => undefined),
        broken: () => Promise.reject(new Error('secret')),
        fine: () => Promise.resolve({ ready: true, warnings: ['one partition ahead'] }),
        hanging: () => new Promise(() => undefined),
      },
    });
    const { status, json, text } = await odd.send('GET', '/ready');
    await odd.server.close();
    expect(status).to.equal(503);
    expect(json['not_ready']).to.deep.equal([{ part: 'database', problem: 'did not answer within 0.1 s' }]);
    expect(json['warnings']).to.deep.equal(['one partition ahead']);
    expect(text).not.to.include('secret');
  });

  it('asks only the parts that run in this process', async () => {
    const bare = await startApi({ db: database.db });
    expect((await bare.send('GET', '/ready')).json).to.deep.equal({
      status: 'ready',
      not_ready: [],
      warnings: [],
      keys_refused: 0,
      logins_limited: 0,
    });
    await bare.server.close();
  });
});
