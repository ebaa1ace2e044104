// Keys of the API as people ask for them: make one, list them, revoke one, replace one. Each is one
// transaction with its record in operator_actions: a crash leaves all of it or nothing. A crash after the commit
// of a new key, before its text was shown, leaves a key that no one has: `list` shows that it was never
// used, and it can be revoked or replaced.
import {
  hasApiKeys,
  insertApiKey,
  listApiKeys,
  lockApiKey,
  replaceApiKey,
  revokeApiKey,
  type ApiKey,
} from '../../db/api-keys.ts';
import { recordAction, type Change } from '../../db/operator-actions.ts';
import { withTransaction, type Db, type Tx } from '../../db/server/connection.ts';
import type { Clock } from '../clock.ts';
import { readHashSecrets, type HashSecrets } from '../keys/hash-secrets.ts';
import { hashOf, newKeyText } from '../keys/key-text.ts';
import type { KeyScope } from '../keys/scopes.ts';
import { without } from '../without.ts';
import { inOnce, type Once } from './once.ts';

/** Letters and digits of any language, spaces and `. _ -`: it stands in records beside the id. */
export const keyNamePattern = '^[\\p{L}\\p{N}][\\p{L}\\p{N} ._-]{0,63}$';

/** Who asks, and why. */
export type By = { actor: string; reason: string | null };

export type NewKey = {
  name: string;
  scope: KeyScope;
  /** Of an ingest key; null for the others. */
  system: string | null;
  expiresAt: Date | null;
};

/** `foreign`: it was hashed with a secret that is not in use, so no one can use it. */
export type KeyState = 'live' | 'expired' | 'revoked' | 'foreign';

export type ShownKey = Omit<ApiKey, 'hash' | 'hashSecret'> & { state: KeyState };

export type MadeKey = {
  key: ShownKey;
  /** Shown once, and stored nowhere. */
  text: string;
};

export type RotateOutcome =
  | (MadeKey & { outcome: 'rotated'; old: ShownKey })
  | { outcome: 'not_found' }
  | { outcome: 'cannot_rotate'; why: string };

export type RevokeOutcome =
  | { outcome: 'revoked' | 'revoked_already'; key: ShownKey }
  | { outcome: 'not_found' };

export type KeyOperations = ReturnType<typeof createKeyOperations>;

export type KeyDeps = {
  db: Db;
  clock: Clock;
  /** API_KEY_SECRET. */
  keySecrets: readonly string[];
};

/** When an operation takes place, and with which secrets. */
type Moment = { secrets: HashSecrets; now: Date };

export function createKeyOperations({ db, clock, keySecrets }: KeyDeps) {
  const moment = async (): Promise<Moment> => ({
    secrets: await readHashSecrets(db, keySecrets),
    now: clock.now(),
  });

  return {
    /** `first`: no key was in the database before. */
    async create(wanted: NewKey, by: By): Promise<MadeKey & { first: boolean }> {
      const at = await moment();
      const first = !(await hasApiKeys(db));
      return withTransaction(db, async (tx) => {
        const { row, text } = await make(tx, wanted, by, at);
        await note(tx, 'create_key', row, { by, now: at.now, before: null, after: standing(row) });
        return { key: shown(row, at), text, first };
      });
    },

    /** Oldest first. */
    async list(): Promise<ShownKey[]> {
      const at = await moment();
      return (await listApiKeys(db)).map((row) => shown(row, at));
    },

    async revoke(id: string, by: By, once?: Once<RevokeOutcome>): Promise<RevokeOutcome> {
      const at = await moment();
      const revoke = async (tx: Tx): Promise<RevokeOutcome> => {
        const row = await lockApiKey(tx, id);
        if (!row) return { outcome: 'not_found' };
        if (row.revokedAt) return { outcome: 'revoked_already', key: shown(row, at) };
        await revokeApiKey(tx, { id, now: at.now });
        const after = { ...standing(row), revoked_at: at.now };
        await note(tx, 'revoke_key', row, { by, now: at.now, before: standing(row), after });
        return { outcome: 'revoked', key: shown({ ...row, revokedAt: at.now }, at) };
      };
      return withTransaction(db, inOnce(once, revoke));
    },

    /** Makes a key with the same name, scope and system in the place of another one. */
    async rotate(id: string, how: Rotation, by: By): Promise<RotateOutcome> {
      const at = await moment();
      return withTransaction(db, (tx) => rotate(tx, id, how, { by, at }));
    },
  };
}

/**
 * The old key lives `graceMs` longer. The new one expires at `expiresAt`; left out, it lives as long as the
 * old one was made to live.
 */
export type Rotation = { graceMs: number; expiresAt?: Date | undefined };

async function rotate(
  tx: Tx,
  id: string,
  { graceMs, expiresAt }: Rotation,
  { by, at }: { by: By; at: Moment },
): Promise<RotateOutcome> {
  const { now } = at;
  const old = await lockApiKey(tx, id);
  if (!old) return { outcome: 'not_found' };
  const why = whyNotRotated(old, now);
  if (why !== null) return { outcome: 'cannot_rotate', why };
  const { name, scope, system } = old;
  const { row, text } = await make(
    tx,
    { name, scope, system, expiresAt: expiresAt ?? sameLife(old, now) },
    by,
    at,
  );
  const until = graceMs > 0 ? new Date(now.getTime() + graceMs) : null;
  await replaceApiKey(tx, { id, by: row.id, now, until });
  const after = await lockApiKey(tx, id);
  if (!after) throw new Error('rotate: a row of api_keys that is locked has gone');
  await note(tx, 'rotate_key', row, {
    ...{ by, now, more: { replaces: id, old_until: until ?? now } },
    before: standing(old),
    after: { ...standing(row), old: standing(after) },
  });
  return { outcome: 'rotated', text, key: shown(row, at), old: shown(after, at) };
}

async function make(
  tx: Tx,
  wanted: NewKey,
  { actor }: By,
  { secrets: [{ name: hashSecret, key }], now }: Moment,
): Promise<{ row: ApiKey; text: string }> {
  const { id, secret, text } = newKeyText();
  const { scope, system } = wanted;
  const made = {
    ...{ ...wanted, id, hashSecret, createdAt: now, createdBy: actor },
    hash: hashOf({ id, secret, scope, system }, key),
  };
  await insertApiKey(tx, made);
  return { row: { ...made, lastUsedAt: null, revokedAt: null, replacedBy: null }, text };
}

function whyNotRotated({ id, revokedAt, expiresAt, replacedBy }: ApiKey, now: Date): string | null {
  if (replacedBy !== null)
    return `The key ${id} was replaced by ${replacedBy} already. If the text of that one was lost, rotate ${replacedBy}.`;
  if (revokedAt) return `The key ${id} was revoked at ${revokedAt.toISOString()}. Make a new one.`;
  if (expiresAt && expiresAt <= now)
    return `The key ${id} expired at ${expiresAt.toISOString()}. Make a new one.`;
  return null;
}

function sameLife({ createdAt, expiresAt }: ApiKey, now: Date): Date | null {
  return expiresAt && new Date(now.getTime() + expiresAt.getTime() - createdAt.getTime());
}

function shown(row: ApiKey, { secrets, now }: Moment): ShownKey {
  return { ...without(row, 'hash', 'hashSecret'), state: stateOf(row, secrets, now) };
}

function stateOf({ revokedAt, expiresAt, hashSecret }: ApiKey, secrets: HashSecrets, now: Date): KeyState {
  if (revokedAt) return 'revoked';
  if (expiresAt && expiresAt <= now) return 'expired';
  return secrets.some(({ name }) => name === hashSecret) ? 'live' : 'foreign';
}

/** What a key may do, and until when. */
function standing({ id, scope, system, expiresAt, revokedAt, replacedBy }: ApiKey): Record<string, unknown> {
  return { id, scope, system, expires_at: expiresAt, revoked_at: revokedAt, replaced_by: replacedBy };
}

async function note(
  tx: Tx,
  action: string,
  { id, name, scope, system, expiresAt }: ApiKey,
  { by, now, more = {}, ...change }: { by: By; now: Date; more?: Record<string, unknown> } & Change,
): Promise<void> {
  await recordAction(tx, {
    ...{ action, system: system ?? '', actor: by.actor, reason: by.reason, at: now },
    detail: { id, name, scope, expires_at: expiresAt, ...more },
    ...change,
  });
}

/** A key as the API and commands show it. */
export function keyJson(key: ShownKey): Record<string, unknown> {
  const { id, name, scope, system, state } = key;
  return {
    ...{ id, name, scope, system, state },
    ...{ created_at: key.createdAt, created_by: key.createdBy, expires_at: key.expiresAt },
    ...{ last_used_at: key.lastUsedAt, revoked_at: key.revokedAt, replaced_by: key.replacedBy },
  };
}
