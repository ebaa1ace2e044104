// Times as PostgreSQL has them, which may lie outside of what JSON and JavaScript can say:
// infinity, years before 1 or after 9999, years beyond 275760. A program that gets a list must not
// fail by one such row, so each has a form: the earliest or the latest time that RFC 3339 can say,
// and every reader of dates too. What stands in the database stays as it is
// (docs/decisions/0055-one-fold.md).
import pg from 'pg';

/** Stands for -infinity and all that is earlier. */
export const EARLIEST = new Date('0001-01-01T00:00:00.000Z');
/** Stands for infinity and all that is later. */
export const LATEST = new Date('9999-12-31T23:59:59.999Z');

const TIMESTAMPTZ = 1184;
/**
 * Answers what pg's types do not say: a Date, which may be invalid, Infinity, or null where it
 * cannot read the text.
 */
const parse = (pg.types.getTypeParser as unknown as (oid: number) => (text: string) => unknown)(TIMESTAMPTZ);

/** A time as PostgreSQL writes it with DateStyle ISO, by itself or within JSON. Throws where it is none. */
export function readTime(text: string): Date {
  const found = parse(text.replace('T', ' '));
  if (found instanceof Date && !Number.isNaN(found.getTime()))
    return found < EARLIEST ? EARLIEST : found > LATEST ? LATEST : found;
  if (!(found instanceof Date) && typeof found !== 'number')
    throw new Error(`not a time of PostgreSQL: ${text}`);
  return text.startsWith('-') || text.endsWith('BC') ? EARLIEST : LATEST;
}
