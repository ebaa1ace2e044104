// Mappings whose steps break off. Nothing here reads the values that may be the cause: the row's
// documents, or a number that no row should have. writes/broken-off.ts parks such mappings.
import type { Db } from '../server/connection.ts';

export type Breaking = {
  system: string;
  account: string;
  attempts: number;
  firstFailedAt: Date | null;
};

/** Null if the lease with this fence is gone. */
export async function readBreaking(db: Db, id: number, fence: number): Promise<Breaking | null> {
  const { rows } = await db.raw<{ rows: Breaking[] }>(
    `select system, account, attempts, first_failed_at as "firstFailedAt" from external_mappings where id = :id and fence = :fence`,
    { id, fence },
  );
  return rows[0] ?? null;
}

/**
 * Gives the mapping back, not to be claimed before `until`; the time of its failing begins now,
 * unless it has.
 */
export async function backOffBroken(
  db: Db,
  broken: { id: number; fence: number; until: Date; now: Date; error: Record<string, unknown> },
): Promise<void> {
  await db.raw(
    `update external_mappings
     set lease_owner = null, lease_until = null, next_attempt_at = :until::timestamptz, attempts = least(attempts, 1000000) + 1,
         first_failed_at = coalesce(first_failed_at, :now::timestamptz), last_error = :error::jsonb, updated_at = now()
     where id = :id and fence = :fence`,
    { ...broken, error: JSON.stringify(broken.error) },
  );
}
