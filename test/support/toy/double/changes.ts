// The events of Toy's double behind a cursor, which only the double can read: oldest first, a page at a
// time. A cursor that is older than the events that are kept is refused, and so is any other text.
import { KEPT_MS, type Refusal, type ToyEvent } from './people.ts';

export interface Changes {
  items: ToyEvent[];
  cursor: string;
  /** Whether there is another page behind the cursor. */
  more: boolean;
}

interface Place {
  /** How many events lie before the cursor. */
  count: number;
  /** In milliseconds: when nothing more lay behind it, or when the last event before it happened. */
  at: number;
}

export function changesBehind(
  events: ToyEvent[],
  { cursor, limit, now }: { cursor: string | null; limit: number; now: number },
): Changes | Refusal {
  const from = cursor === null ? { count: events.length, at: now } : parse(cursor);
  if (from === null || from.count > events.length) return { status: 410, code: 'cursor_unknown' };
  if (now - from.at > KEPT_MS) return { status: 410, code: 'cursor_expired' };
  const items = events.slice(from.count, from.count + limit);
  const count = from.count + items.length;
  const more = count < events.length;
  const at = more ? Date.parse(items.at(-1)?.at ?? '') : now;
  return { items, cursor: write({ count, at }), more };
}

function write({ count, at }: Place): string {
  return Buffer.from(`${count}/${at}`).toString('base64url');
}

function parse(cursor: string): Place | null {
  const [, count, at] = /^(\d+)\/(\d+)$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  return count === undefined || at === undefined ? null : { count: Number(count), at: Number(at) };
}
