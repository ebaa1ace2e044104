// Pages by key: the next page begins after the last id shown, so rows that are written between two
// requests neither shift nor repeat a row.

import type { Response } from 'express';

type Query = Record<string, string | number>;

/**
 * The rows of one page. The caller reads one row more than `limit`; if that row exists, the Link
 * header leads to the next page. The link is relative, so that it is right behind any proxy and
 * repeats no Host header.
 */
export function pageOf<T extends { id: string | number }>(
  res: Response,
  found: T[],
  { limit, path, query }: { limit: number; path: string; query: Query },
): T[] {
  const page = found.slice(0, limit);
  const last = page.at(-1);
  if (found.length > limit && last) {
    const parts = Object.entries({ ...query, after: last.id }).map(
      ([name, value]) => `${name}=${encodeURIComponent(String(value))}`,
    );
    res.setHeader('Link', `<${path}?${parts.join('&')}>; rel="next"`);
  }
  return page;
}
