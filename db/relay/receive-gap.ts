// How far the walk that looks for lost deliveries has come, and how far it may go.
import type { Db } from '../server/connection.ts';
import { publishedUpToSql } from './publication.ts';

/** The walks through the events of one system: the outbound events, and the inbound ones. */
export function walkName(system: string, direction: 'outbound' | 'inbound'): string {
  return direction === 'outbound' ? `receive-gap:${system}` : `receive-gap:${system}:internal`;
}

export function walkNames(system: string): string[] {
  return [walkName(system, 'outbound'), walkName(system, 'inbound')];
}

/**
 * The newest id up to which the relay has certainly published everything; 0 before its first start.
 */
export async function publishedUpTo(db: Db): Promise<number> {
  const { rows } = await db.raw<{ rows: { up_to: number }[] }>(`select ${publishedUpToSql} as up_to`);
  return rows[0]?.up_to ?? 0;
}

/** A partition in which a group has not handled the messages from `from` to below `to`. */
export type Awaited = { topic: string; partition: number; from: number; to: number };

// A batch has a few thousand events at most, so the index finds where the first one begins.
const firstAwaitedSql = `
select min(b.first_id) as first_id
from jsonb_to_recordset(:awaited::jsonb) as a (topic text, partition integer, "from" bigint, "to" bigint)
join relay_batches b on b.topic = a.topic and b.partition = a.partition
  and b.first_offset < a."to" and b.first_offset > a."from" - 10000 and b.first_offset + b.count > a."from"`;

/** The oldest event on the bus that the group will still receive; null if there is none. */
export async function firstAwaitedId(db: Db, awaited: Awaited[]): Promise<number | null> {
  if (awaited.length === 0) return null;
  const { rows } = await db.raw<{ rows: { first_id: number | null }[] }>(firstAwaitedSql, {
    awaited: JSON.stringify(awaited),
  });
  return rows[0]?.first_id ?? null;
}

export async function readWalkPosition(db: Db, name: string): Promise<number> {
  const { rows } = await db.raw<{ rows: { position: number }[] }>(
    `select position from walk_positions where name = :name`,
    { name },
  );
  return rows[0]?.position ?? 0;
}

/** Saves a position; it only moves forward. */
export async function saveWalkPosition(db: Db, name: string, position: number): Promise<void> {
  await db.raw(
    `insert into walk_positions (name, position) values (:name, :position)
     on conflict (name) do update set position = greatest(walk_positions.position, excluded.position), updated_at = now()`,
    { name, position },
  );
}
