// Which key a request carries, as one process of the API knows it. A row that was read counts for 5
// seconds from before it was asked for, so a key that is revoked stops within 5 s in every process, and
// a busy client costs one read of a row in 5 s.
//
// A crash loses at most the last uses that are not stored yet, which only people read.
import { createHash, timingSafeEqual } from 'node:crypto';
import { hasApiKeys, noteKeyUses, readApiKey, type ApiKey } from '../../db/api-keys.ts';
import type { Db } from '../../db/server/connection.ts';
import type { Clock } from '../clock.ts';
import { readHashSecrets, type HashSecrets } from './hash-secrets.ts';
import { isKey, readKeyText } from './key-text.ts';
import type { KeyScope } from './scopes.ts';

export type KeyHolder = {
  scope: KeyScope;
  /** Of an ingest key. */
  system: string | null;
  /** For the records of operations and the context of events; never a part of the secret. */
  actor: string;
  key: HeldKey;
};

/** What may be shown of a key. One of API_KEYS has no name and never expires. */
export type HeldKey = {
  kind: 'static' | 'stored';
  /** A stored one: its public id; one of API_KEYS: the eight digits of its hash. */
  id: string;
  name: string | null;
  expiresAt: Date | null;
};

/** `revoked` and `expired` are said only to whoever has the whole text of the key. */
export type KeyVerdict =
  | { ok: true; holder: KeyHolder }
  | { ok: false; why: 'wrong' }
  | { ok: false; why: 'revoked' | 'expired'; at: Date };

export interface ApiKeys {
  /**
   * Whether no key is needed: there is none in the settings, and there never was one in the database. What
   * was read counts for `trustedMs`, 5 s by default; a stream that lasts needs less.
   */
  isOpen(trustedMs?: number): Promise<boolean>;
  check(text: string, trustedMs?: number): Promise<KeyVerdict>;
  /** Stores the last uses; a key's at most once a minute. */
  flush(): Promise<void>;
}

export type ApiKeysDeps = {
  db: Db;
  clock: Clock;
  /** API_KEYS: each is an admin. */
  fixed: readonly string[];
  /** API_KEY_SECRET. */
  keySecrets: readonly string[];
  /** Milliseconds that only go on, also when the clock is set; for tests. */
  elapsed?: () => number;
};

const TRUSTED_MS = 5_000;
const USE_STORED_MS = 60_000;
/** Only keys that exist are remembered; this bounds the memory where there are very many. */
const MOST_REMEMBERED = 1_000;

export function createApiKeys(deps: ApiKeysDeps): ApiKeys {
  const { db, clock, fixed, keySecrets, elapsed = () => performance.now() } = deps;
  const digests = fixed.map(digest);
  const rowOf = rememberRows(db, elapsed);
  const uses = createUses(db, clock);
  let secrets: Promise<HashSecrets> | null = null;
  let open: { since: number; answer: Promise<boolean> } | null = null;

  function secretsOf(): Promise<HashSecrets> {
    secrets ??= readHashSecrets(db, keySecrets).catch((error: unknown) => {
      secrets = null;
      throw error;
    });
    return secrets;
  }

  return {
    async isOpen(trustedMs = TRUSTED_MS) {
      if (digests.length > 0) return false;
      if (open === null || elapsed() - open.since >= trustedMs) {
        const asked = { since: elapsed(), answer: hasApiKeys(db).then((found) => !found) };
        open = asked;
        asked.answer.then(
          // A key was made: the API stays closed, whatever becomes of the key.
          (isOpen) => {
            if (!isOpen) asked.since = Infinity;
          },
          () => {
            if (open === asked) open = null;
          },
        );
      }
      return open.answer;
    },

    async check(text, trustedMs = TRUSTED_MS) {
      if (isOneOf(digests, digest(text))) return { ok: true, holder: holderOfFixed(shortHash(text)) };
      const given = readKeyText(text);
      const row = given && (await rowOf(given.id, trustedMs));
      if (!row) return { ok: false, why: 'wrong' };
      const secret = (await secretsOf()).find(({ name }) => name === row.hashSecret);
      if (!secret || !isKey(row, given, secret.key)) return { ok: false, why: 'wrong' };
      const { id, name, scope, system, revokedAt, expiresAt } = row;
      const now = clock.now();
      if (revokedAt) return { ok: false, why: 'revoked', at: revokedAt };
      if (expiresAt && expiresAt <= now) return { ok: false, why: 'expired', at: expiresAt };
      uses.note(id, now);
      const key = { kind: 'stored', id, name, expiresAt } as const;
      return { ok: true, holder: { scope, system, actor: `key:${name}/${id}`, key } };
    },

    flush: () => uses.flush(),
  };
}

function holderOfFixed(id: string): KeyHolder {
  const key = { kind: 'static', id, name: null, expiresAt: null } as const;
  return { scope: 'admin', system: null, actor: `key:${id}`, key };
}

/** Reads a row that is not known, or was read too long ago. */
function rememberRows(
  db: Db,
  elapsed: () => number,
): (id: string, trustedMs: number) => Promise<ApiKey | null> {
  const rows = new Map<string, { since: number; row: Promise<ApiKey | null> }>();
  return (id, trustedMs) => {
    const known = rows.get(id);
    if (known && elapsed() - known.since < trustedMs) return known.row;
    const since = elapsed();
    const row = readApiKey(db, id);
    const entry = { since, row };
    rows.delete(id);
    rows.set(id, entry);
    const forget = (): void => {
      if (rows.get(id) === entry) rows.delete(id);
    };
    row.then((found) => {
      if (found === null) forget();
    }, forget);
    for (const oldest of rows.keys()) {
      if (rows.size <= MOST_REMEMBERED) break;
      rows.delete(oldest);
    }
    return row;
  };
}

/** Last uses that are not stored yet. */
function createUses(db: Db, clock: Clock) {
  const waiting = new Map<string, Date>();
  const stored = new Map<string, number>();

  return {
    note: (id: string, at: Date): void => void waiting.set(id, at),
    async flush(): Promise<void> {
      const now = clock.now().getTime();
      const due = [...waiting].flatMap(([id, at]) => {
        const last = stored.get(id);
        return last !== undefined && now - last < USE_STORED_MS ? [] : [{ id, at }];
      });
      await noteKeyUses(db, due);
      for (const { id, at } of due) {
        stored.set(id, now);
        if (waiting.get(id) === at) waiting.delete(id);
      }
    },
  };
}

function shortHash(text: string): string {
  return digest(text).toString('hex').slice(0, 8);
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

// Compares with every key, so that the time taken does not show which key was nearly right.
function isOneOf(digests: readonly Buffer[], given: Buffer): boolean {
  let found = false;
  for (const each of digests) found = timingSafeEqual(each, given) || found;
  return found;
}
