// Toy's changes since a cursor, `GET /changes?cursor=…`: `{ items, cursor, more }`, oldest first. Only Toy
// can read a cursor. It refuses one that is older than the events that it keeps, or that it never gave.
import type { Answered, CursorFeed, CursorPage } from '../../../../lib/integrations/integration.ts';
import { ToyError, unexpectedAnswer, type ToyClient } from './client.ts';
import { KEPT_DAYS } from './feed.ts';
import { readEvent } from './ingress.ts';
import type { Reading } from './record.ts';

const SECOND = 1_000;
const DAY = 24 * 3_600 * SECOND;

/** Codes by which Toy refuses a cursor: what happened since is lost. */
const REFUSED = new Set(['cursor_expired', 'cursor_unknown']);

export function createCursorFeed(call: ToyClient, reading: Reading): CursorFeed {
  async function read(cursor: string | null): Promise<{ page: CursorPage; more: boolean }> {
    const query = cursor === null ? '' : `?cursor=${encodeURIComponent(cursor)}`;
    try {
      const { answered, body } = await call('GET', `/changes${query}`);
      const { items, cursor: next, more } = body;
      const isPage = Array.isArray(items) && typeof next === 'string' && typeof more === 'boolean';
      if (!isPage || next === '') throw unexpectedAnswer();
      const events = items.map((item: unknown) => readEvent(item, reading) ?? noEvent());
      return { page: { ...answered, events, cursor: next }, more };
    } catch (error) {
      const refused = refusalOf(error);
      if (refused === null) throw error;
      return { page: { ...refused.answered, events: [], cursor: null, lost: refused.lost }, more: false };
    }
  }

  return {
    by: 'cursor',
    keptMs: KEPT_DAYS * DAY,
    everyMs: 10 * SECOND,
    async *follow(cursor) {
      for (let at = cursor; ;) {
        const { page, more } = await read(at);
        yield page;
        if (!more || page.cursor === null) return;
        // A feed that leads back to where it began would never end.
        if (page.cursor === at) throw unexpectedAnswer();
        at = page.cursor;
      }
    },
  };
}

function refusalOf(error: unknown): { answered: Answered; lost: { reason: string } } | null {
  if (!(error instanceof ToyError) || !error.isTheirs || !REFUSED.has(error.code)) return null;
  const { status, requestId, code } = error;
  return { answered: { requestId, status: status ?? 0, answeredAt: null }, lost: { reason: code } };
}

/** An event that cannot be told from its repeats must not be passed over in silence. */
function noEvent(): never {
  throw unexpectedAnswer();
}
