// Pages by key: the next one begins behind the last one shown, so what is written meanwhile neither
// shifts nor repeats a row.

import type { Response } from 'express';

type Query = Record<string, string | number>;

/**
 * The rows of a page, of rows of which one more than `limit` was asked for; if that one is there,
 * the Link header leads on. The link is relative, so that it holds behind any proxy and repeats no
 * Host header back.
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
