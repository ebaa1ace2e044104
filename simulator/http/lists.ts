/**
 * Lists, docs.stripe.com/api/pagination: newest first, `limit` 1 to 100 with 10 by default,
 * `starting_after` and `ending_before`, `created` as a second or as a range.
 */
import type { Collection, Row } from './collection.ts';
import { noSuchParameter, refuse } from './errors.ts';
import type { Params } from './form.ts';
import { nested, readHash, readInteger, readRequiredText, refuseUnknown } from './params.ts';

export const LIST_PARAMS = ['limit', 'starting_after', 'ending_before', 'expand'] as const;

export type Page<T> = { object: 'list'; data: T[]; has_more: boolean; url: string };

export type ListRequest<T> = {
  kind: string;
  url: string;
  params: Params;
  collection: Collection<T>;
  keep?: (value: T, row: Row<T>) => boolean;
  /** Objects created before this second are not shown. */
  oldest?: number;
  /** Whether an object that was deleted meanwhile still works as a cursor; Stripe does not say. */
  deletedCursors?: boolean;
};

export function listPage<T>(request: ListRequest<T>): Page<T> {
  const { collection, params } = request;
  const limit = readLimit(params);
  const after = readCursor(request, 'starting_after');
  const before = readCursor(request, 'ending_before');
  if (after !== null && before !== null) {
    refuse('You can only specify one of these parameters: starting_after, ending_before.', {
      param: 'starting_after',
    });
  }
  const bounds = readCreatedBounds(params, collection, request.oldest);
  const low = before === null ? bounds.low : Math.max(bounds.low, before.past);
  const high = after === null ? bounds.high : Math.min(bounds.high, after.at);

  // One object more than asked for shows whether there are more. With `ending_before` the page is
  // the one next to the cursor, still shown newest first.
  const found =
    before === null
      ? collect(request, high - 1, low - 1, -1, limit + 1)
      : collect(request, low, high, 1, limit + 1);
  const data = found.slice(0, limit);
  if (before !== null) data.reverse();
  return { object: 'list', data, has_more: found.length > limit, url: request.url };
}

function collect<T>(request: ListRequest<T>, from: number, to: number, step: 1 | -1, wanted: number): T[] {
  const found: T[] = [];
  for (let index = from; step === 1 ? index < to : index > to; index += step) {
    const row = request.collection.living[index];
    if (!row || row.value === null) continue;
    if (request.keep && !request.keep(row.value, row)) continue;
    found.push(row.value);
    if (found.length === wanted) break;
  }
  return found;
}

/**
 * Seen at the live API: 0 and negative numbers give one item, more than 100 give a hundred, all
 * with 200.
 */
export function readLimit(params: Params): number {
  const limit = readInteger(params['limit'], 'limit') ?? 10;
  return Math.min(100, Math.max(1, limit));
}

function readCursor<T>(request: ListRequest<T>, param: 'starting_after' | 'ending_before') {
  const id = readRequiredText(request.params[param], param);
  if (id === undefined) return null;
  const row = request.collection.get(id);
  if (!row || (row.value === null && request.deletedCursors === false)) {
    return noSuchParameter(request.kind, id, param);
  }
  const at = request.collection.position(row.created, row.seq);
  return { at, past: row.value === null ? at : at + 1 };
}

function readCreatedBounds<T>(
  params: Params,
  collection: Collection<T>,
  oldest = 0,
): { low: number; high: number } {
  const range = readCreatedRange(params);
  return {
    low: collection.position(Math.max(range.from, oldest), 0),
    high: collection.position(range.until, 0),
  };
}

/** `created` as seconds: from (inclusive) and until (exclusive). */
export function readCreatedRange(params: Params): { from: number; until: number } {
  const range = { from: 0, until: Infinity };
  const given = params['created'];
  if (given === undefined) return range;
  if (typeof given === 'string') {
    const second = readInteger(given, 'created') ?? 0;
    return { from: second, until: second + 1 };
  }
  const hash = readHash(given, 'created') ?? {};
  refuseUnknown(hash, ['gt', 'gte', 'lt', 'lte'], 'created');
  for (const name of Object.keys(hash)) {
    const second = readInteger(hash[name], nested('created', name)) ?? 0;
    if (name === 'gt') range.from = Math.max(range.from, second + 1);
    if (name === 'gte') range.from = Math.max(range.from, second);
    if (name === 'lt') range.until = Math.min(range.until, second);
    if (name === 'lte') range.until = Math.min(range.until, second + 1);
  }
  return range;
}
