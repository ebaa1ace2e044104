import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import type { Db } from '../../../db/server/connection.ts';
import { readPartitionState } from '../../../db/partitions/state.ts';
import { createCursor } from '../../../db/relay/identity.ts';
import { uuidFromTime } from '../../../lib/uuid.ts';
import { createTestDatabase } from '../../support/database.ts';

export const start = new Date('2026-01-07T12:00:00Z');
export const retentionDays = 35;
export const later = (ms: number, from = start) => new Date(from.getTime() + ms);
export const idAt = (at: Date) => uuidFromTime(at.getTime(), randomBytes(10));
const tables = [
  'sync_events',
  'relay_batches',
  'inbound_event_ids',
  'sync_deliveries',
  'sync_intents',
  'sync_attempts',
];

export const eventSql = `
insert into sync_events (event_id, event_type, entity_type, entity_key, source, payload, created_at)
values (:eventId::uuid, 'stripe.customer.updated', 'customer', 'stripe:acct:cus_1', 'stripe', '{}', :at::timestamptz) returning id`;

/** One row in each table that grows with events, all of one moment. */
export async function record(db: Db, at: Date): Promise<number> {
  const eventId = idAt(at);
  const { rows } = await db.raw<{ rows: { id: number }[] }>(eventSql, { eventId, at });
  const id = rows[0]?.id ?? 0;
  await Promise.all([
    db('inbound_event_ids').insert({ event_id: eventId, sync_event_id: id }),
    addDelivery(db, { eventId, at, status: 'applied' }),
    db('sync_intents').insert({
      ...{ id: idAt(at), mapping_id: 1, number: 1, operation: 'update', key: 'k', body: '{}', fields: '{}' },
      ...{ version: 1, closed_at: at, result: 'done' },
    }),
    db('sync_attempts').insert({
      ...{ id: idAt(at), mapping_id: 1, operation: 'update', latency_ms: 1, created_at: at },
    }),
    db('relay_batches').insert({
      ...{
        topic: 't',
        partition: 0,
        first_offset: id,
        first_id: id,
        last_id: id,
        count: 1,
        ids: [id],
        fence: 1,
      },
    }),
  ]);
  return id;
}

export async function addDelivery(
  db: Db,
  { eventId, at, status, mapping_id = 1, inbound = null }: Record<string, unknown> & { at: Date },
): Promise<void> {
  await db('sync_deliveries').insert({
    ...{ event_id: eventId, target: 'stripe', sync_event_id: 1, mapping_id, inbound },
    ...{ event_type: 'customer.updated', status, created_at: at },
  });
}

/** Stores the positions that relay and walk have reached. */
export async function passUpTo(db: Db, upTo: { published: number; walked?: number }): Promise<void> {
  await createCursor(db, 'here');
  await db('relay_cursor').update({ floor: upTo.published, pending_floor: upTo.published });
  if (upTo.walked === undefined) return;
  await db.raw(`insert into connections (system) values ('stripe') on conflict do nothing`);
  await db.raw(
    `insert into walk_positions (name, position) values ('receive-gap:stripe', :walked) on conflict (name) do update set position = :walked`,
    { walked: upTo.walked },
  );
}

export async function count(db: Db, table: string): Promise<number> {
  const [row] = await db(table).count({ n: '*' });
  return Number(row?.n);
}

export async function counts(db: Db): Promise<Record<string, number>> {
  return Object.fromEntries(
    await Promise.all(tables.map(async (table) => [table, await count(db, table)] as const)),
  );
}

export async function leftovers(db: Db): Promise<string[]> {
  const rows = await db<{ relname: string }>('pg_class')
    .whereRaw(`relkind = 'r' and relnamespace = 'public'::regnamespace and not relispartition`)
    .whereRaw(`obj_description(oid, 'pg_class') like 'made ahead%'`)
    .select('relname');
  return rows.map(({ relname }) => relname);
}

export async function refusal(work: Promise<unknown>): Promise<unknown> {
  const error = await work.then(
    () => null,
    (caught: unknown) => caught,
  );
  return error instanceof Error && 'code' in error ? error.code : error;
}

const childSource = `
const [url, now, place, at = 1] = process.argv.slice(1);
const { createDb } = await import(${JSON.stringify(new URL('../../../db/server/connection.ts', import.meta.url).href)});
const { keepPartitions } = await import(${JSON.stringify(new URL('../../../db/partitions/partitions.ts', import.meta.url).href)});
const db = createDb({ url, poolSize: 2, applicationName: 'upkeep' });
let passes = 0;
const pass = (where) => {
  if (where === place) passes += 1;
  if (passes === Number(at)) process.kill(process.pid, 'SIGKILL');
};
await keepPartitions(db, { now: new Date(now), retentionDays: ${retentionDays}, moveLimit: 3, pass });
await db.destroy();`;

/**
 * Whether it was killed at the given place (`closed@4`: when it passes there for the fourth time).
 */
export async function upkeepInChild(url: string, now: Date, place: string): Promise<boolean> {
  const args = ['--input-type=module', '-e', childSource, url, now.toISOString(), ...place.split('@')];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`the child ended with ${code ?? signal}`);
  return signal === 'SIGKILL';
}

/** A database for each test, since a test drops and detaches partitions. */
export function useFreshDatabase(): { readonly url: string; readonly db: Db } {
  let current: Awaited<ReturnType<typeof createTestDatabase>> | undefined;
  const ready = () => {
    if (current === undefined) throw new Error('useFreshDatabase: only inside hooks and tests');
    return current;
  };
  beforeEach('create a database', async () => {
    current = await createTestDatabase({ poolSize: 20 });
  });
  afterEach('remove the database', async () => {
    await current?.db.destroy();
    await current?.drop();
  });
  return {
    get url() {
      return ready().url;
    },
    get db() {
      return ready().db;
    },
  };
}

export async function ranges(db: Db, table: string) {
  return (await readPartitionState(db, start)).partitions.get(table) ?? [];
}
