// What a copy of a database knows of its original: by which owner tags the original's records are
// known, and in which accounts.
import type { Db, Tx } from './server/connection.ts';

/** The instance ids that this database had before it became a copy; none where it is no copy. */
export async function readCopiedFrom(db: Db | Tx): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { ids: string[] }[] }>(`select copied_from as ids from instance`);
  return rows[0]?.ids ?? [];
}

export type CopyAccount = {
  /** Records with an owner tag of an original, when they were last counted. */
  records: number;
  allowedAt: Date | null;
};

/** Null where the records of the account were never counted. */
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

/** The operator says that the copy is to work in the account of its original. Follows `noteCopyAccount`. */
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
