// The dirty number of mappings: raising it makes workers look again.
import type { Db, Tx } from '../server/connection.ts';
import type { Waiting } from './reason.ts';
import { raisedUrgency, urgencies, type Urgency } from '../urgency.ts';

/** Raises the dirty number of mappings, so that a worker looks at them again, now. */
export async function raiseMappings(
  db: Db | Tx,
  { urgency = 0, ...select }: { ids: number[]; now: Date; mustRead: boolean; urgency?: Urgency },
): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `update external_mappings m
     set dirty = dirty + 1, must_read = must_read or :mustRead, next_attempt_at = :now::timestamptz,
         urgency = ${raisedUrgency(':urgency::smallint')}, updated_at = now()
     from (select id from external_mappings where id = any(:ids) order by id for update) locked
     where m.id = locked.id`,
    { ...select, urgency },
  );
  return rowCount;
}

/**
 * Raises the mappings that wait for one reason and are not raised yet: another worker may do what
 * was left. With `since` only those that were left since then. Returns how many.
 */
export async function raiseLeft(
  db: Db,
  left: { system: string; reason: string; since: Date | null; now: Date },
): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `update external_mappings m
     set dirty = dirty + 1, urgency = ${raisedUrgency(`${urgencies.bulk}::smallint`)}, next_attempt_at = :now::timestamptz, updated_at = now()
     from (
       select id from external_mappings
       where system = :system and state = 'waiting' and reason = :reason and dirty = clean
         and (:since::timestamptz is null or updated_at >= :since::timestamptz)
       order by id for update
     ) locked
     where m.id = locked.id`,
    left,
  );
  return rowCount;
}

/**
 * Raises every mapping that is parked because a transform failed: a process has started, perhaps with a
 * corrected one. Both sides are compared then. They catch up as bulk. Returns how many.
 */
export async function raiseUncarried(db: Db | Tx, system: string, now: Date): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `update external_mappings m
     set dirty = dirty + 1, must_read = true, urgency = ${raisedUrgency(`${urgencies.bulk}::smallint`)}, next_attempt_at = :now::timestamptz, updated_at = now()
     from (select id from external_mappings where system = :system and state = 'parked' and reason = 'transform_failed' order by id for update) locked
     where m.id = locked.id`,
    { system, now },
  );
  return rowCount;
}

/**
 * Raises every mapping that waits for one reason: the reason is gone. They catch up as bulk.
 * Returns how many.
 */
export async function raiseWaiting(
  db: Db | Tx,
  system: string,
  reason: Waiting['code'],
  now: Date,
): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `update external_mappings m
     set dirty = dirty + 1, urgency = ${raisedUrgency(`${urgencies.bulk}::smallint`)}, next_attempt_at = :now::timestamptz, updated_at = now()
     from (select id from external_mappings where system = :system and state = 'waiting' and reason = :reason order by id for update) locked
     where m.id = locked.id`,
    { system, reason, now },
  );
  return rowCount;
}
