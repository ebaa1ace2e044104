// Idempotency keys of Toy's double: the answer to a write is kept under its key for a day, and the
// same request gets the same answer. Where the system promises no keys, they are ignored.
import type { Promised } from './people.ts';

type Reply = { status: number; body: unknown; headers?: Record<string, string> };
type Keyed = { method: string; path: string; key: string | null; text: string };

const DAY_MS = 24 * 3_600_000;

export function createKeys({ creates, updates }: Promised, now: () => number) {
  const kept = new Map<string, { request: string; reply: Reply; at: number }>();
  const nameOf = ({ method, path, text }: Keyed): string => `${method} ${path} ${text}`;
  const keyOf = ({ method, key }: Keyed): string | null =>
    (method === 'POST' ? creates : updates) === 'key' ? key : null;
  return {
    areUsed: creates === 'key' || updates === 'key',
    find(request: Keyed): Reply | null {
      const key = keyOf(request);
      const known = key === null ? undefined : kept.get(key);
      if (!known || now() - known.at > DAY_MS) return null;
      if (known.request !== nameOf(request)) return { status: 409, body: { error: { code: 'key_reused' } } };
      return { ...known.reply, headers: { 'idempotent-replayed': 'true' } };
    },
    keep(request: Keyed, reply: Reply): Reply {
      const key = keyOf(request);
      if (key !== null) kept.set(key, { request: nameOf(request), reply, at: now() });
      return reply;
    },
  };
}
