// What a copy of a database knows of its original: the instance ids in the owner tags of the
// original's records, and the accounts that have such records.
import type { Db, Tx } from './server/connection.ts';

/** The instance ids that this database had before it became a copy; empty if it is not a copy. */
export async function readCopiedFrom(db: Db | Tx): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { ids: string[] }[] }>(`select copied_from as ids from instance`);
  return rows[0]?.ids ?? [];
}

export type CopyAccount = {
  /** How many records had an owner tag of an original at the last count. */
  records: number;
  allowedAt: Date | null;
};

/** Null if the records of the account were never counted. */
export async function readCopyAccount(
  db: Db | Tx,
  system: string,
  account: string,
): Promise<CopyAccount | null> {
  const { rows } = await db.raw<{ rows: CopyAccount[] }>(
    `select records, allowed_at as "allowedAt" from copy_accounts where system = :system and account = :account`,
    { system, account },
  );
  return rows[0] ?? null;
}

type Counted = { system: string; account: string; records: number; now: Date };

export async function noteCopyAccount(db: Db | Tx, counted: Counted): Promise<void> {
  await db.raw(
    `insert into copy_accounts (system, account, records, counted_at) values (:system, :account, :records, :now::timestamptz)
     on conflict (system, account) do update set records = excluded.records, counted_at = excluded.counted_at`,
    counted,
  );
}

/**
 * An operator allows the copy to work in the account of its original. Follows `noteCopyAccount`.
 */
export async function allowCopyAccount(
  tx: Tx,
  allowed: { system: string; account: string; actor: string; why: string; now: Date },
): Promise<void> {
  await tx.raw(
    `update copy_accounts set allowed_by = :actor, allowed_why = :why, allowed_at = :now::timestamptz
     where system = :system and account = :account`,
    allowed,
  );
}
