// A database moves to another account of a system: what is open and what lives at the old one. How its
// pairs are let go: writes/accounts.ts.
import type { Tx } from '../server/connection.ts';
import type { OpenIntent } from './mappings.ts';

export type Move = { system: string; account: string; now: Date };

/** What is open at an account, as it is stored. */
export async function readOpenIntents(
  tx: Tx,
  { system, account }: Move,
): Promise<{ mappingId: number; intent: OpenIntent }[]> {
  const { rows } = await tx.raw<{ rows: { mappingId: number; intent: OpenIntent }[] }>(
    `select id as "mappingId", intent from external_mappings
     where system = :system and account = :account and intent is not null order by id for update`,
    { system, account },
  );
  return rows;
}

export async function countLivingPairs(tx: Tx, system: string, account: string): Promise<number> {
  const { rows } = await tx.raw<{ rows: { count: number }[] }>(
    `select count(*) from external_mappings
     where system = :system and account = :account and state in ('pending', 'linked', 'waiting', 'parked')`,
    { system, account },
  );
  return rows[0]?.count ?? 0;
}

/** From now on the database belongs to this account; the fuses start from zero. */
export async function rebindConnection(tx: Tx, binding: Move & { livemode: boolean }): Promise<void> {
  await tx.raw(
    `update connections set account = :account, livemode = :livemode, bound_at = :now::timestamptz,
       deletes_out_held_at = null, deletes_out_counted_from = :now::timestamptz,
       deletes_in_held_at = null, deletes_in_counted_from = :now::timestamptz
     where system = :system`,
    binding,
  );
}
