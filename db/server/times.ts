// Times of PostgreSQL, which may be outside what JSON and JavaScript can express: infinity, years
// before 1 or after 9999, years beyond 275760. One such row must not fail a program that reads a
// list, so such a time is shown as the earliest or the latest time of RFC 3339, which every reader
// of dates accepts. The value in the database stays as it is (docs/decisions/0055-one-fold.md).
import { loadPg } from './drivers.ts';

/** Stands for -infinity and every earlier time. */
export const EARLIEST = new Date('0001-01-01T00:00:00.000Z');
/** Stands for infinity and every later time. */
export const LATEST = new Date('9999-12-31T23:59:59.999Z');

const TIMESTAMPTZ = 1184;
/**
 * Returns more than pg's types say: a Date, which may be invalid, Infinity, or null if it cannot
 * read the text.
 */
let parse: ((text: string) => unknown) | undefined;

/**
 * A time as PostgreSQL writes it with DateStyle ISO, alone or within JSON. Throws if it is not a
 * time.
 */
export function readTime(text: string): Date {
  parse ??= (loadPg().types.getTypeParser as unknown as (oid: number) => (text: string) => unknown)(
    TIMESTAMPTZ,
  );
  const found = parse(text.replace('T', ' '));
  if (found instanceof Date && !Number.isNaN(found.getTime()))
    return found < EARLIEST ? EARLIEST : found > LATEST ? LATEST : found;
  if (!(found instanceof Date) && typeof found !== 'number')
    throw new Error(`not a time of PostgreSQL: ${text}`);
  return text.startsWith('-') || text.endsWith('BC') ? EARLIEST : LATEST;
}
