// The credentials of systems that mint or rotate them: one row for each account of a system. The
// secrets in it are encrypted before they come here.
//
// A renewal has a number. Only the process that began it by `beginRenewal` asks the system, until
// `renewing_until` by the database's clock. A result is stored only over that of an earlier number, so
// a process that was frozen and comes back cannot put an older secret in the place of a newer one.
import type { Db, Tx } from './server/connection.ts';

/**
 * Which row: `bound` is that of the account that the database belongs to, and before the first contact
 * the one that was stored last; `newest` the one that was stored last; `new` the one whose account is
 * not known (yet).
 */
export type WhichCredential = 'bound' | 'newest' | 'new';

export interface CredentialRow {
  system: string;
  account: string;
  sealed: string | null;
  version: number;
  storedAt: Date | null;
  expiresAt: Date | null;
  reconnectBy: Date | null;
  refusedAt: Date | null;
  refusedWhy: string | null;
  cutOffAt: Date | null;
  /** A process renews it now. */
  isRenewing: boolean;
  /** The last renewal failed a moment ago. */
  isPutOff: boolean;
}

/** A renewal that has begun, and what it begins from. */
export interface Begun {
  account: string;
  number: number;
  version: number;
  sealed: string | null;
}

type Place = { system: string; account: string };

const columns = `
c.system, c.account, c.sealed, c.version, c.stored_at as "storedAt", c.expires_at as "expiresAt",
c.reconnect_by as "reconnectBy", c.refused_at as "refusedAt", c.refused_why as "refusedWhy", c.cut_off_at as "cutOffAt",
coalesce(c.renewing_until > clock_timestamp(), false) as "isRenewing", coalesce(c.not_before > clock_timestamp(), false) as "isPutOff"`;

const readSql = `
select ${columns}
from system_credentials c left join connections k on k.system = c.system
where c.system = :system and case :which
  when 'new' then c.account = ''
  when 'newest' then c.account <> ''
  else c.account <> '' and (k.account is null or c.account = k.account) end
order by c.stored_at desc nulls last limit 1`;

export async function readCredential(
  db: Db | Tx,
  system: string,
  which: WhichCredential,
): Promise<CredentialRow | null> {
  const { rows } = await db.raw<{ rows: CredentialRow[] }>(readSql, { system, which });
  return rows[0] ?? null;
}

/** For status and doctor: those of the accounts that the database belongs to, and the minted ones. */
export async function listCredentials(db: Db): Promise<CredentialRow[]> {
  const { rows } = await db.raw<{ rows: CredentialRow[] }>(
    `select ${columns} from system_credentials c left join connections k on k.system = c.system
     where k.account is null or c.account in (k.account, '') order by c.system, c.account`,
  );
  return rows;
}

/** A place for a credential that is minted. Does nothing where there is one. */
export async function ensureCredential(db: Db, { system, account }: Place): Promise<void> {
  await db.raw(
    `insert into system_credentials (system, account) values (:system, :account) on conflict do nothing`,
    {
      system,
      account,
    },
  );
}

// A lease that has lapsed belonged to a process that may have been answered.
const beginSql = `
update system_credentials
set begun = begun + 1, cut_off_at = coalesce(cut_off_at, renewing_until),
    renewing_until = clock_timestamp() + :lengthMs * interval '1 millisecond', not_before = null
where system = :system and account = :account and version = :version and refused_at is null
  and (renewing_until is null or renewing_until <= clock_timestamp())
  and (not_before is null or not_before <= clock_timestamp())
returning account, begun as number, version, sealed`;

/**
 * Begins a renewal of this version; null if another process renews it, if it was renewed or refused
 * meanwhile, or if the last renewal failed a moment ago.
 */
export async function beginRenewal(
  db: Db,
  renewal: Place & { version: number; lengthMs: number },
): Promise<Begun | null> {
  const { rows } = await db.raw<{ rows: Begun[] }>(beginSql, renewal);
  return rows[0] ?? null;
}

const storeSql = `
update system_credentials
set sealed = :sealed, version = :number, stored_at = :now::timestamptz, expires_at = :expiresAt::timestamptz,
    reconnect_by = :reconnectBy::timestamptz, cut_off_at = null, refused_at = null, refused_why = null,
    renewing_until = case when begun = :number then null else renewing_until end, not_before = null
where system = :system and account = :account and version < :number and begun >= :number`;

/** False if a later renewal has stored its result already, or a person has set another credential. */
export async function storeRenewed(
  db: Db,
  renewed: Place & {
    number: number;
    sealed: string;
    now: Date;
    expiresAt: Date | null;
    reconnectBy: Date | null;
  },
): Promise<boolean> {
  const { rowCount } = await db.raw<{ rowCount: number }>(storeSql, renewed);
  return rowCount === 1;
}

/** The renewal failed for now. `isOpen`: the system may have carried it out all the same. */
export async function giveUpRenewal(
  db: Db,
  renewal: Place & { number: number; isOpen: boolean; now: Date; pauseMs: number },
): Promise<void> {
  await db.raw(
    `update system_credentials
     set renewing_until = null, not_before = clock_timestamp() + :pauseMs * interval '1 millisecond',
         cut_off_at = case when :isOpen then coalesce(cut_off_at, :now::timestamptz) else cut_off_at end
     where system = :system and account = :account and begun = :number`,
    renewal,
  );
}

/**
 * The system refuses to renew this version for good. False if it was renewed meanwhile: then the
 * refusal was of what another process had replaced.
 */
export async function refuseCredential(
  db: Db,
  refusal: Place & { number: number; version: number; why: string; now: Date },
): Promise<boolean> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `update system_credentials set refused_at = :now::timestamptz, refused_why = :why, renewing_until = null
     where system = :system and account = :account and version = :version and begun = :number`,
    refusal,
  );
  return rowCount === 1;
}

/** Another key opens it from now on; nothing else changes. */
export async function resealCredential(
  db: Db,
  { system, account, was, sealed }: Place & { was: string; sealed: string },
): Promise<void> {
  await db.raw(
    `update system_credentials set sealed = :sealed where system = :system and account = :account and sealed = :was`,
    { system, account, was, sealed },
  );
}

/** What a person gives: it is renewed before its first use, since whose it is must be known first. */
export async function setCredential(
  db: Db,
  { system, sealed, now }: { system: string; sealed: string; now: Date },
): Promise<void> {
  await db.raw(
    `insert into system_credentials as c (system, account, sealed, version, begun, stored_at, expires_at)
     values (:system, '', :sealed, 1, 1, :now::timestamptz, '-infinity')
     on conflict (system, account) do update
     set sealed = excluded.sealed, version = c.begun + 1, begun = c.begun + 1, stored_at = excluded.stored_at,
         expires_at = '-infinity', reconnect_by = null, renewing_until = null, not_before = null, cut_off_at = null,
         refused_at = null, refused_why = null`,
    { system, sealed, now },
  );
}

/**
 * The credential that was set is of this account: it takes the place of the account's earlier one. Its
 * number is higher than any that a renewal of the earlier one has.
 */
export async function nameCredential(tx: Tx, { system, account }: Place): Promise<{ replaced: boolean }> {
  const { rows } = await tx.raw<{ rows: { begun: number }[] }>(
    `delete from system_credentials where system = :system and account = :account returning begun`,
    { system, account },
  );
  const begun = rows[0]?.begun ?? 0;
  await tx.raw(
    `update system_credentials
     set account = :account, renewing_until = null, version = greatest(begun, :begun) + 1, begun = greatest(begun, :begun) + 1
     where system = :system and account = ''`,
    { system, account, begun },
  );
  return { replaced: rows.length > 0 };
}

/** What was set is refused: nothing of it is kept. */
export async function dropNewCredential(db: Db, system: string): Promise<void> {
  await db.raw(`delete from system_credentials where system = :system and account = ''`, { system });
}
