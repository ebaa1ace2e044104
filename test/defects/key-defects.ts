import type { Defect } from './defect.ts';

const known = 'test/lib/keys/api-keys.test.ts';
const scopes = 'test/api/scopes.test.ts';

/** Mistakes about the keys of the API. */
export const keyDefects: Defect[] = [
  {
    name: 'a revoked key goes on as long as it is used',
    edits: [
      {
        file: 'lib/keys/api-keys.ts',
        find: `if (known && elapsed() - known.since < trustedMs) return known.row;`,
        replace: `if (known && elapsed() - known.since < trustedMs) {
      known.since = elapsed();
      return known.row;
    }`,
      },
    ],
    caughtBy: { file: known, title: 'stop within 5 s after they were revoked, and count until then' },
  },
  {
    name: 'the API is open again after its last key was revoked',
    edits: [
      {
        file: 'db/api-keys.ts',
        find: `select exists (select from api_keys) as found`,
        replace: `select exists (select from api_keys where revoked_at is null) as found`,
      },
    ],
    caughtBy: { file: known, title: 'are none at first, and the API is open' },
  },
  {
    name: 'a key whose scope was changed in its row is accepted',
    edits: [
      {
        file: 'lib/keys/key-text.ts',
        find: `JSON.stringify(['twinbox-key-1', id, secret, scope, system])`,
        replace: `JSON.stringify(['twinbox-key-1', id, secret, system, system && scope])`,
      },
    ],
    caughtBy: { file: known, title: 'cannot be made, nor given another scope' },
  },
  {
    name: 'a key may be read by its id alone',
    edits: [
      {
        file: 'lib/keys/api-keys.ts',
        find: `if (!secret || !isKey(row, given, secret.key)) return { ok: false, why: 'wrong' };`,
        replace: `if (!secret) return { ok: false, why: 'wrong' };`,
      },
    ],
    caughtBy: { file: scopes, title: 'answer 401 to a wrong secret, except where none is needed' },
  },
  {
    name: 'HEAD and GET are let in whatever the scope of the key',
    edits: [
      {
        file: 'api/routing.ts',
        find: `      demandScope(req, scope);`,
        replace: `      if (req.method !== 'GET') demandScope(req, scope);`,
      },
    ],
    caughtBy: { file: scopes, title: 'let in the keys that have the scope, and answer 403 to the others' },
  },
  {
    name: 'an ingest key delivers the events of every system',
    edits: [
      {
        file: 'api/callers.ts',
        find: `  if (of === system) return;`,
        replace: `  if (of !== '') return;`,
      },
    ],
    caughtBy: { file: scopes, title: 'take an ingest key for the events of its own system only' },
  },
  {
    name: 'one client with a wrong key locks out all others of its address',
    edits: [
      {
        file: 'api/auth.ts',
        find: `if (wait > 0 && !proven.has(mark))`,
        replace: `if (wait > 0)`,
      },
    ],
    caughtBy: {
      file: 'test/api/failed-logins.test.ts',
      title: 'do not lock out a key that was right before',
    },
  },
  {
    name: 'an import taken for one of an ended key while the database is away',
    edits: [
      {
        file: 'api/import-stop.ts',
        find: `      () => undefined,`,
        replace: `      () => stop('key_ended'),`,
      },
    ],
    caughtBy: {
      file: 'test/api/import-stop.test.ts',
      title: 'is the end of its key, but not a check of the key that fails',
    },
  },
];
