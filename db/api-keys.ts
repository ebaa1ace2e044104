// The keys of the API. A key is found by its public id; its text is not in the database.
import type { Db, Tx } from './server/connection.ts';

export type KeyScope = 'viewer' | 'editor' | 'operator' | 'admin' | 'ingest';

export type ApiKey = {
  /** Public: 12 hexadecimal digits, part of the text of the key. */
  id: string;
  name: string;
  scope: KeyScope;
  /** Of an ingest key: the system whose events it delivers. */
  system: string | null;
  /** 32 bytes. */
  hash: Buffer;
  /** The name of the secret that the hash was made with; `database` for the one stored here. */
  hashSecret: string;
  createdAt: Date;
  createdBy: string;
  expiresAt: Date | null;
  /** Up to a minute late. */
  lastUsedAt: Date | null;
  revokedAt: Date | null;
  /** The id of the key that `rotate` made in its place. */
  replacedBy: string | null;
};

const columns = `
id, name, scope, system, hash, hash_secret as "hashSecret", created_at as "createdAt", created_by as "createdBy",
expires_at as "expiresAt", last_used_at as "lastUsedAt", revoked_at as "revokedAt", replaced_by as "replacedBy"`;

/** A server that vanished answers nothing: its connections are not kept until TCP gives up. */
const ANSWER_MS = 15_000;

export async function readApiKey(db: Db, id: string): Promise<ApiKey | null> {
  const { rows } = await db
    .raw<{ rows: ApiKey[] }>(`select ${columns} from api_keys where id = :id`, { id })
    .timeout(ANSWER_MS);
  return rows[0] ?? null;
}

/** Whether any key was ever made, also one that is revoked or has expired. */
export async function hasApiKeys(db: Db): Promise<boolean> {
  const { rows } = await db
    .raw<{ rows: { found: boolean }[] }>('select exists (select from api_keys) as found')
    .timeout(ANSWER_MS);
  return rows[0]?.found === true;
}

/** All of them, oldest first. */
export async function listApiKeys(db: Db): Promise<ApiKey[]> {
  const { rows } = await db.raw<{ rows: ApiKey[] }>(
    `select ${columns} from api_keys order by created_at, id`,
  );
  return rows;
}

/** Locks the row until the end of the transaction. */
export async function lockApiKey(tx: Tx, id: string): Promise<ApiKey | null> {
  const { rows } = await tx.raw<{ rows: ApiKey[] }>(
    `select ${columns} from api_keys where id = :id for update`,
    { id },
  );
  return rows[0] ?? null;
}

export type NewApiKey = Omit<ApiKey, 'lastUsedAt' | 'revokedAt' | 'replacedBy'>;

export async function insertApiKey(tx: Tx, key: NewApiKey): Promise<void> {
  await tx.raw(
    `insert into api_keys (id, name, scope, system, hash, hash_secret, created_at, created_by, expires_at)
     values (:id, :name, :scope, :system, :hash, :hashSecret, :createdAt::timestamptz, :createdBy, :expiresAt::timestamptz)`,
    key,
  );
}

export async function revokeApiKey(tx: Tx, { id, now }: { id: string; now: Date }): Promise<void> {
  await tx.raw(`update api_keys set revoked_at = :now::timestamptz where id = :id and revoked_at is null`, {
    id,
    now,
  });
}

/** `until`: the old key lives no longer; an earlier end of it stays. Without a grace it is revoked. */
export async function replaceApiKey(
  tx: Tx,
  replaced: { id: string; by: string; now: Date; until: Date | null },
): Promise<void> {
  await tx.raw(
    `update api_keys set replaced_by = :by, revoked_at = case when :until::timestamptz is null then :now::timestamptz end,
       expires_at = least(expires_at, :until::timestamptz)
     where id = :id`,
    replaced,
  );
}

// The condition holds between processes too: each of them may have seen the key in this minute.
const noteUsesSql = `
update api_keys k set last_used_at = u.at
from (select unnest(:ids::text[]) as id, unnest(:times::timestamptz[]) as at) u
where k.id = u.id and (k.last_used_at is null or k.last_used_at <= u.at - interval '1 minute')`;

/** Stores the last use of keys whose last stored use is a minute old. */
export async function noteKeyUses(db: Db, uses: readonly { id: string; at: Date }[]): Promise<void> {
  if (uses.length === 0) return;
  await db.raw(noteUsesSql, { ids: uses.map(({ id }) => id), times: uses.map(({ at }) => at) });
}

/** 32 bytes that the migration made. */
export async function readKeySecret(db: Db): Promise<Buffer> {
  const { rows } = await db
    .raw<{ rows: { secret: Buffer }[] }>('select secret from api_key_secret')
    .timeout(ANSWER_MS);
  if (!rows[0]) throw new Error('the row of api_key_secret is missing: was the database emptied by hand?');
  return rows[0].secret;
}
