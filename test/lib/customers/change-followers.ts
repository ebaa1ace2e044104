// Followers of the changes of customers, and writers whose transactions stay open, for tests.
import { deleteCustomer, insertCustomer, updateCustomer } from '../../support/customers.ts';
import type { Db, Tx } from '../../../db/server/connection.ts';
import { decodePosition, encodePosition, type Position } from '../../../lib/customers/change-position.ts';
import { presentPosition, readChanges } from '../../../lib/customers/changes.ts';
import { newEventId } from '../../../lib/uuid.ts';

export type Seen = { id: number; customer: number; version: number; type: string };

export type Follower = {
  seen: Seen[];
  position(): Position | null;
  /** Reads one answer; returns whether there is more. */
  step(limit?: number, scan?: number): Promise<boolean>;
  /** Reads until there is no more; returns the changes of this time. */
  drain(limit?: number, scan?: number): Promise<Seen[]>;
};

/**
 * From the oldest change, or from a position; each position is converted to the text that a caller
 * keeps.
 */
export function createFollower(db: Db, begin: Position | null = null): Follower {
  let position = begin;
  const seen: Seen[] = [];
  async function step(limit = 100, scan = 10_000): Promise<boolean> {
    const answer = await readChanges(db, position && throughText(position), limit, { scan });
    if (answer.outcome !== 'read') throw new Error(`the position is refused: ${answer.reason}`);
    for (const { eventId: id, rowId: customer, version, type } of answer.changes) {
      seen.push({ id, customer, version, type });
    }
    position = answer.position;
    return answer.more;
  }
  async function drain(limit?: number, scan?: number): Promise<Seen[]> {
    const before = seen.length;
    while (await step(limit, scan));
    return seen.slice(before);
  }
  return { seen, position: () => position, step, drain };
}

export function throughText(position: Position): Position {
  const read = decodePosition(encodePosition(position));
  if (!read) throw new Error(`is not read back: ${JSON.stringify(position)}`);
  return read;
}

export async function followFromNow(db: Db): Promise<Follower> {
  return createFollower(db, await presentPosition(db));
}

/** All committed changes so far, in order of id. */
export async function committed(db: Db): Promise<Seen[]> {
  const { rows } = await db.raw<{ rows: Seen[] }>(
    `select id, entity_id as customer, version, replace(event_type, 'customer.', '') as type from sync_events
     where event_type in ('customer.created', 'customer.updated', 'customer.deleted') order by id`,
  );
  return rows;
}

let made = 0;

function stamp() {
  const now = new Date();
  return { eventId: newEventId(now), source: 'internal', context: {}, now };
}

export async function create(tx: Db | Tx): Promise<number> {
  made += 1;
  const values = { name: `Follower ${made}`, email: `follower-${made}-${process.pid}@example.org` };
  return (await insertCustomer(tx, values, stamp())).id;
}

/** Whether the row existed and was changed. */
export async function change(tx: Db | Tx, id: number): Promise<boolean> {
  made += 1;
  return (await updateCustomer(tx, id, { name: `Changed ${made}` }, {}, stamp())) !== null;
}

export async function remove(tx: Db | Tx, id: number): Promise<boolean> {
  return (await deleteCustomer(tx, id, {}, stamp())) !== null;
}
