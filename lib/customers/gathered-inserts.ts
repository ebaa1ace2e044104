// Customers that several requests create at the same moment are written by one statement: PostgreSQL then pays once for
// what each write costs besides its rows (the start of the statement, the triggers' plans, the commit). A request that
// comes alone is written at once, by itself; those that come in the same round of the event loop, or while LANES statements are under way, are written together.
//
// Guarantees: each request has the outcome that it would have by itself, and has it after the commit of its row. A
// statement that fails has written nothing, and each of its rows is then written by itself: so one row that the table
// refuses, or that waits for another transaction, is no reason to refuse or hold up the others.
// A crash leaves all rows of a statement with their events, or none of them; no request was answered before.
import { isDatabaseAway } from '../../db/health/readiness.ts';
import { byColumn } from '../../db/entities/by-column.ts';
import { insertRow, insertTogether, type MappedRow, type RowBeside } from '../../db/entities/rows.ts';
import type { RowFields, Stamp } from '../../db/entities/rows.ts';
import type { Db } from '../../db/server/connection.ts';
import { sqlState } from '../../db/server/errors.ts';
import type { Entity } from '../catalogue/entity.ts';

/** So many statements are under way before a request waits for others. */
const LANES = 2;
/** One statement writes so many rows at most: none of them is answered before all are written. */
const MOST = 16;
/** Nor does a request wait longer for one of these statements: its rows may wait for others, or take long by themselves. */
const PATIENCE_MS = 100;
/** Where rows have failed together, each is written by itself for so long. */
const ALONE_MS = 1_000;

type Waiting = RowBeside & {
  alone: RowFields;
  resolve(row: MappedRow): void;
  reject(error: unknown): void;
};
/** Rows of the same columns and the same source: of one shape. */
type Alike = { shape: string; columns: string[]; rows: Waiting[] };

export type GatheredInsertsDeps = {
  db: Db;
  entity: Entity;
  /** Milliseconds that only go on; for tests. */
  elapsed?: () => number;
};

/** Returns insertRow for requests that are not in a transaction. */
export function createGatheredInserts(deps: GatheredInsertsDeps) {
  const { db, entity, elapsed = () => performance.now() } = deps;
  /** By what the rows of one statement have in common. */
  let waiting: Alike[] = [];
  let running = 0;
  let aloneUntil = -Infinity;

  const writeAlone = ({ alone, stamp, resolve, reject }: Waiting): Promise<void> =>
    insertRow(db, entity, alone, stamp).then(resolve, reject);

  async function write({ columns, rows }: Alike): Promise<void> {
    if (rows.length === 1 || elapsed() < aloneUntil) {
      await Promise.all(rows.map(writeAlone));
      return;
    }
    try {
      const written = await insertTogether(db, entity, columns, rows);
      const leftOut = rows.filter(({ stamp, resolve }) => {
        const row = written.get(stamp.eventId);
        if (row) resolve(row);
        return !row;
      });
      await Promise.all(leftOut.map(writeAlone));
    } catch (error) {
      if (!hasWrittenNothing(error)) return rows.forEach(({ reject }) => reject(error));
      aloneUntil = elapsed() + ALONE_MS;
      await Promise.all(rows.map(writeAlone));
    }
  }

  function next(): void {
    const [first, ...others] = waiting;
    if (!first || running >= LANES) return;
    const now = { ...first, rows: first.rows.splice(0, MOST) };
    // What is left waits behind those of another shape.
    waiting = first.rows.length > 0 ? [...others, first] : others;
    running += 1;
    const lane = { isFree: false };
    const leave = (): void => {
      if (lane.isFree) return;
      lane.isFree = true;
      running -= 1;
      next();
    };
    const late = setTimeout(leave, PATIENCE_MS);
    void write(now).finally(() => {
      clearTimeout(late);
      // A client that has its answer now may send its next request at once, which is then written with these.
      setImmediate(leave);
    });
  }

  return (values: RowFields, stamp: Stamp): Promise<MappedRow> => {
    if (elapsed() < aloneUntil) return insertRow(db, entity, values, stamp);
    return new Promise((resolve, reject) => {
      const { columns, json } = byColumn(entity, values);
      const shape = `${stamp.source} ${columns.join(' ')}`;
      const row = { alone: values, json, stamp, resolve, reject };
      const alike = waiting.find((each) => each.shape === shape);
      if (alike) alike.rows.push(row);
      else waiting.push({ shape, columns, rows: [row] });
      // Requests that have come by now are one round of the loop, and written together.
      if (running < LANES) setImmediate(next);
    });
  };
}

/** A row has to wait for another transaction: longer than the statement does. */
const LOCKED = '55P03';

/** After other errors it is not known whether the rows are there: a second try could write them twice. */
function hasWrittenNothing(error: unknown): boolean {
  const state = sqlState(error);
  return state === LOCKED || (state !== undefined && !isDatabaseAway(error));
}
