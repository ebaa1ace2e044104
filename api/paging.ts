// Pages by key: the next page begins after the last id shown, so rows that are written between two
// requests neither shift nor repeat a row.

import type { Response } from 'express';
import { decodeCursor, type ListIdentity } from '../lib/operations/list-cursor.ts';
import { cursorSchema } from './event-schemas.ts';
import { invalid } from './input.ts';
import type { Problem } from './problems.ts';
import { setHeader } from './responses.ts';

type Query = Record<string, string | number>;

/**
 * The rows of one page. The caller reads one row more than `limit`; if that row exists, the Link
 * header leads to the next page. The link is relative, so that it is right behind any proxy and
 * repeats no Host header.
 */
export function pageOf<T extends { id: string | number }>(
  res: Response,
  found: T[],
  page: { limit: number; path: string; query: Query },
): T[] {
  return cursorPageOf(res, found, page, ({ id }) => id);
}

/** The same, for a list whose next page begins at a cursor. */
export function cursorPageOf<T>(
  res: Response,
  found: T[],
  { limit, path, query }: { limit: number; path: string; query: Query },
  after: (last: T) => string | number,
): T[] {
  const page = found.slice(0, limit);
  const last = page.at(-1);
  if (found.length > limit && last) {
    linkNext(res, path, { ...query, after: after(last) });
  }
  return page;
}

export function linkNext(res: Response, path: string, query: Query): void {
  const parts = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  setHeader(res, 'Link', `<${path}?${parts.join('&')}>; rel="next"`);
}

/** The place at which a page begins. */
export function demandPlace(
  of: ListIdentity,
  cursor: string,
  forms: Parameters<typeof decodeCursor>[2],
): string[] {
  const place = decodeCursor(of, cursor, forms);
  if (place) return place;
  throw wrongCursor();
}

export function wrongCursor(): Problem {
  return invalid([{ in: 'query', pointer: '/after', code: 'cursor', detail: cursorSchema['x-problem'] }]);
}
