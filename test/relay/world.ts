// What the relay's tests share: a relay on an in-process bus that keeps what arrives, and writers of events.
import { randomUUID } from 'node:crypto';
import type { Db, Tx } from '../../db/server/connection.ts';
import type { Bus, Received } from '../../lib/bus/bus.ts';
import { createInProcessBus } from '../../lib/bus/in-process.ts';
import { systemClock } from '../../lib/clock.ts';
import { createRouting, topics } from '../../lib/events/routing.ts';
import { createTestDatabase } from '../support/database.ts';
import type { Relay, RelayDeps, RelayLog } from '../../relay/contract.ts';
import { createRelay } from '../../relay/relay.ts';
import { createRelays, type Relays } from '../../relay/shards.ts';

export const routing = createRouting({ customerEvents: false, systems: ['stripe'] });

export const quiet: RelayLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

export type Arrivals = {
  bus: Bus;
  /** Every message of every topic, in the order of arrival. */
  all: Received[];
  /** Their sync_events ids. */
  ids(): number[];
};

export async function createArrivals(
  bus: Bus = createInProcessBus(),
  names: readonly string[] = [topics.outbound, topics.inbound, topics.dlq],
): Promise<Arrivals> {
  const all: Received[] = [];
  for (const topic of names) {
    await bus.subscribe({
      topic,
      group: 'test',
      handler: (batch) => {
        all.push(...batch);
        return Promise.resolve();
      },
    });
  }
  return { bus, all, ids: () => all.map(({ syncEventId }) => syncEventId ?? 0) };
}

export function relayOn(db: Db, bus: Bus, options: Partial<RelayDeps> = {}): Relay {
  return createRelay({ ...depsOf(db, bus), ...options });
}

function depsOf(db: Db, bus: Bus): RelayDeps {
  return { db, bus, clock: systemClock, log: quiet, address: 'here', routing, headers: 'full' };
}

/** The same as a process has it: with all shards that it can get. */
export function relaysOn(db: Db, bus: Bus, options: Partial<RelayDeps> = {}): Relays {
  return createRelays({ ...depsOf(db, bus), ...options });
}

/**
 * Runs until a round finds nothing and the floors have caught up; returns how many rows were
 * published.
 */
export async function drain(relay: Relay): Promise<number> {
  let count = 0;
  for (let empty = 0; empty < 4;) {
    const done = await relay.runOnce();
    count += done;
    empty = done === 0 ? empty + 1 : 0;
  }
  return count;
}

export type NewEvent = { key?: string; type?: string; version?: number; source?: string; payload?: string };

/** Writes one event and returns its id. */
export async function writeEvent(db: Db | Tx, event: NewEvent = {}): Promise<number> {
  const {
    key = 'customer:1',
    type = 'customer.updated',
    version = 1,
    source = 'sql',
    payload = '{}',
  } = event;
  const { rows } = await db.raw<{ rows: { id: number }[] }>(
    `insert into sync_events (event_id, event_type, entity_type, entity_key, version, source, payload)
     values (:eventId, :type, 'customer', :key, :version, :source, :payload::jsonb) returning id`,
    { eventId: randomUUID(), type, key, version, source, payload },
  );
  return rows[0]?.id ?? 0;
}

export async function writeEvents(db: Db | Tx, count: number): Promise<number[]> {
  const ids: number[] = [];
  for (let n = 0; n < count; n += 1) ids.push(await writeEvent(db, { version: n + 1 }));
  return ids;
}

/** An open transaction that has its transaction id already. */
export async function beginWithXid(db: Db): Promise<Tx> {
  const tx = await db.transaction();
  await tx.raw('select pg_current_xact_id()');
  return tx;
}

export async function readCursor(db: Db) {
  const { rows } = await db.raw<{
    rows: {
      seen: string;
      win: string | null;
      last_id: number;
      floor: number;
      pending_floor: number;
      fence: number;
    }[];
  }>('select seen::text, win::text, last_id, floor, pending_floor, fence from relay_cursor');
  return rows[0];
}

export type World = { db: Db; url: string; name: string; arrivals: Arrivals; relay: Relay };

/** A database, a bus and a relay for one test. */
export async function withWorld(
  fn: (world: World) => Promise<void>,
  options: Partial<RelayDeps> & { maxValueBytes?: number } = {},
): Promise<void> {
  const { maxValueBytes = Infinity, ...relayOptions } = options;
  const database = await createTestDatabase();
  const arrivals = await createArrivals(createInProcessBus({ maxValueBytes }));
  const relay = relayOn(database.db, arrivals.bus, relayOptions);
  try {
    await fn({ ...database, arrivals, relay });
  } finally {
    await relay.stop();
    await database.db.destroy();
    await database.drop();
  }
}
