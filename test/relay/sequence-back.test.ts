import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { createDb, withTransaction, type Db, type Tx } from '../../db/server/connection.ts';
import { insertCustomer, updateCustomer, type Stamp } from '../support/customers.ts';
import { moveSequences } from '../../db/sequences/move-forward.ts';
import { sleep } from '../../lib/loop.ts';
import { newEventId } from '../../lib/uuid.ts';
import { createChances } from '../support/chances.ts';
import { waitUntil } from '../support/signal.ts';
import { drain, relayOn, withWorld, writeEvent, writeEvents, type World } from './world.ts';

/**
 * Writes an event at or below the floor without the check, as in a database from before the check.
 */
async function writeBelow(db: Db | Tx, id: number): Promise<number> {
  await db.raw(`set local session_replication_role = replica`);
  await db.raw(
    `insert into sync_events (id, event_id, event_type, entity_type, entity_key, version, source, payload)
     values (:id, :eventId, 'customer.updated', 'customer', 'customer:1', 1, 'sql', '{}')`,
    { id, eventId: randomUUID() },
  );
  return id;
}

/**
 * Makes free ids below every floor. A transaction that was open meanwhile keeps a floor of its own,
 * down to which the relay's pages still look; floors move on only with what is published.
 */
async function publishFrom({ db, relay }: World, start: number): Promise<number[]> {
  await db.raw(`select setval('sync_event_ids', :start)`, { start });
  const ids = await writeEvents(db, 3);
  await drain(relay);
  const hasPassed = async () => {
    if ((await readLeastFloor(db)) >= start + 3) return true;
    ids.push(await writeEvent(db));
    await drain(relay);
    return false;
  };
  await waitUntil(hasPassed, { timeoutMs: 30_000, what: 'every floor above what was written' });
  return ids;
}

async function readLeastFloor(db: Db): Promise<number> {
  const { rows } = await db.raw<{ rows: { least: number }[] }>(
    `select least(c.floor, (select min(l.value::bigint) from jsonb_each_text(c.late_floors) l)) as least from relay_cursor c`,
  );
  return rows[0]?.least ?? 0;
}

const stamp = (): Stamp => {
  const now = new Date();
  return { eventId: newEventId(now), source: 'internal', context: {}, now };
};

describe('the relay, where the sequence of the event ids is set back', () => {
  it('publishes the next events, also with the sequence below all that it has passed', () =>
    withWorld(async (world) => {
      const { db, relay, arrivals } = world;
      const ids = await publishFrom(world, 1_000_000);
      for (const back of [1, 500_000, 1_000_002]) {
        await db.raw(`select setval('sync_event_ids', :back)`, { back });
        const id = await writeEvent(db);
        expect(id).to.be.above(Math.max(...ids));
        ids.push(id);
        await drain(relay);
      }
      expect(arrivals.ids()).to.deep.equal(ids);
    }));

  it('moves it forward by itself, and says so', () => {
    const lines: string[] = [];
    const note = (event: string) => void lines.push(event);
    return withWorld(
      async (world) => {
        await publishFrom(world, 1_000_000);
        await world.db.raw(`select setval('sync_event_ids', 1)`);
        await drain(world.relay);
        expect(lines).to.include('sequence.moved');
        const { rows } = await world.db.raw<{ rows: { last: number }[] }>(
          'select last_value as last from sync_event_ids',
        );
        expect(rows[0]?.last).to.be.above(1_000_003);
      },
      { log: { info: note, warn: note, error: note } },
    );
  });

  it('publishes events that lay below the floor once, and no other a second time', () =>
    withWorld(async (world) => {
      const { db, relay, arrivals } = world;
      const ids = await publishFrom(world, 1_000_000);
      const above = ids.length;
      for (const id of [17, 500_000]) ids.push(await db.transaction((tx) => writeBelow(tx, id)));
      await drain(relay);
      expect(arrivals.ids()).to.have.length(above);
      // What the migration leaves in a database with older events.
      await db.raw(`insert into sequence_moves (sequence, moved_from, moved_to, logged_at, walked_to, final)
                    select 'sync_event_ids', pending_floor, pending_floor, now(), 0, true from relay_cursor`);
      const next = relayOn(db, arrivals.bus);
      await relay.stop();
      await drain(next);
      await drain(next);
      await next.stop();
      expect(arrivals.ids()).to.deep.equal(ids);
    }));

  it('publishes them also beside one that cannot be read, and names that one', () =>
    withWorld(async (world) => {
      const { db, relay, arrivals } = world;
      await publishFrom(world, 1_000_000);
      await relay.stop();
      const next = relayOn(db, arrivals.bus);
      await withTransaction(db, async (tx) => {
        for (const id of [10, 11, 12]) await writeBelow(tx, id);
        await tx.raw(`update sync_events set payload = '[]' where id = 11`);
      });
      await db.raw(`select setval('sync_event_ids', 20)`);
      await moveSequences(db);
      const hasFound = async () => {
        await drain(next);
        return arrivals.ids().includes(12);
      };
      await waitUntil(hasFound, { timeoutMs: 30_000, what: 'the event behind the damaged one' });
      expect(arrivals.ids()).to.include(10).and.not.include(11);
      await next.stop();
      const { rows } = await db.raw<{ rows: { item: string }[] }>('select item from skipped_items');
      expect(rows).to.deep.equal([{ item: 'sync_events 11' }]);
    }));

  it('ends its look only after the transactions that ran when the sequence was moved', () =>
    withWorld(async (world) => {
      const { db, relay, arrivals } = world;
      let now = 0;
      const looking = relayOn(db, arrivals.bus, { monotonic: () => now });
      const ids = await publishFrom(world, 1_000_000);
      const above = ids.length;
      await relay.stop();
      await db.raw(`select setval('sync_event_ids', 1)`);
      const late = await db.transaction();
      ids.push(await writeBelow(late, 2));
      await moveSequences(db);
      await drain(looking);
      expect(arrivals.ids()).to.have.length(above);
      await late.commit();
      // Transactions of other databases on this server are waited for, too.
      const found = async () => {
        now += 6_000;
        await drain(looking);
        return arrivals.ids().length > above;
      };
      await waitUntil(found, { timeoutMs: 30_000, what: 'the event of the transaction that was late' });
      await looking.stop();
      expect(arrivals.ids()).to.deep.equal(ids);
    }));

  it('loses no event of sessions that draw ids ahead by a cache', () =>
    withWorld(async ({ db, url, relay, arrivals }) => {
      await db.raw(`alter sequence sync_event_ids cache 20`);
      const writers = createDb({ url, poolSize: 8, applicationName: 'writers' });
      const started = relay.start();
      try {
        const create = (n: number) =>
          insertCustomer(writers, { name: `C ${n}`, email: `c${n}@example.org` }, stamp());
        for (let wave = 0; wave < 9; wave += 1) {
          await Promise.all(Array.from({ length: 8 }, (_, n) => create(wave * 8 + n)));
          // So that the relay closes windows between the groups of writers.
          await waitUntil(() => arrivals.ids().length > wave * 8, {
            timeoutMs: 30_000,
            what: 'some of the wave',
          });
        }
        await waitUntil(() => new Set(arrivals.ids()).size === 72, {
          timeoutMs: 30_000,
          what: 'all that was accepted',
        });
      } finally {
        await relay.stop();
        await started;
        await writers.destroy();
      }
    }));

  it('loses and doubles nothing at any moment and position, while writers are at work', function () {
    this.timeout(120_000);
    return withWorld(async ({ db, url, relay, arrivals }) => {
      const chances = createChances(Date.now() % 2 ** 31);
      const below = (n: number): number => Math.floor(chances.random() * n);
      const pool = createDb({ url, poolSize: 8, applicationName: 'writers' });
      for (let n = 0; n < 12; n += 1)
        await insertCustomer(db, { name: `C ${n}`, email: `c${n}@example.org` }, stamp());
      const started = relay.start();
      let committed = 12;
      const write = async (writer: number): Promise<void> => {
        for (let round = 0; committed < 400; round += 1) {
          const id = 1 + below(12);
          if (below(4) === 0) {
            await insertCustomer(pool, { name: 'new', email: `w${writer}t${round}@example.org` }, stamp());
          } else {
            await withTransaction(pool, async (tx) => {
              await tx.raw('select pg_current_xact_id()');
              await sleep(below(8));
              await updateCustomer(tx, id, { name: `w${writer}t${round}` }, {}, stamp());
              if (below(3) === 0) await sleep(below(20));
            });
          }
          committed += 1;
        }
      };
      const setBack = async (): Promise<void> => {
        while (committed < 400) {
          await db.raw(
            `select setval(:sequence::text::regclass, greatest(1, floor(last_value * :part::float)::bigint - :less::bigint))
             from sync_event_ids`,
            {
              sequence: 'sync_event_ids',
              part: below(3) === 0 ? 1 : below(100) / 100,
              less: below(20),
            },
          );
          await sleep(20 + below(100));
        }
      };
      try {
        await Promise.all([...Array.from({ length: 6 }, (_, writer) => write(writer)), setBack()]);
        const { rows } = await db.raw<{ rows: { id: number; event_id: string }[] }>(
          'select id, event_id from sync_events order by id',
        );
        await waitUntil(() => new Set(arrivals.ids()).size >= rows.length, {
          timeoutMs: 60_000,
          what: 'everything that was committed',
        });
        expect([...new Set(arrivals.ids())].sort((a, b) => a - b)).to.deep.equal(rows.map(({ id }) => id));
        expect(arrivals.all.length, 'arrived twice').to.equal(rows.length);
        const ids = Map.groupBy(arrivals.all, ({ eventId }) => eventId);
        expect(
          [...ids.values()].filter((same) => new Set(same.map(({ syncEventId }) => syncEventId)).size > 1),
        ).to.deep.equal([]);
        expect(rows.length).to.be.at.least(400);
      } finally {
        committed = 400;
        await relay.stop();
        await started;
        await pool.destroy();
      }
    });
  });
});
