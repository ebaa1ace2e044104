// Imports rows in batches, in the same way as the API writes single customers.
//
// A customer is identified by one field, the email unless the configuration names another. A row with the
// values that the customer has already is skipped, so a second run changes nothing. A row with other values
// is reported, or written with `onExisting: 'update'`. If the file gives no name, the name of an existing
// customer is never changed. A crash in the middle leaves whole batches with their events
// (write-batch.ts): run the import again.
import type { Entity } from '../../catalogue/entity.ts';
import { checkRow, identityOf } from './check-row.ts';
import { inBatches } from './batches.ts';
import { addCounts, NO_ROWS, type Counts, type RowOutcome } from './outcome.ts';
import type { Row } from './rows.ts';
import { isRefused, writeBatch, type BatchRow, type WriteBatchDeps } from './write-batch.ts';

export type ImportDeps = Omit<WriteBatchDeps, 'store'> & {
  /** Ends the import after the batch in progress. */
  signal?: AbortSignal | undefined;
  /** Called after each batch; the next batch is not begun before it settles. */
  onBatch?: (outcomes: readonly RowOutcome[], counts: Counts) => void | Promise<void>;
  /** Kept with each batch, so that a repeat goes on after it; see keyed-import.ts. */
  progress?: ImportProgress | undefined;
};

export type ImportProgress = {
  counts: Counts;
  /** The rows without those that are done. Throws if they are not the rows of the first time. */
  left(rows: AsyncIterable<Row>): AsyncIterable<Row>;
  /** Stores, in the transaction of a batch, how far the import came with it. */
  store(tx: Parameters<NonNullable<WriteBatchDeps['store']>>[0], counts: Counts): Promise<void>;
};

/** `whole`: every row was read; otherwise the signal has ended it. */
export type ImportResult = { counts: Counts; whole: boolean };

/** One statement writes so many new rows. */
const BATCH = 200;
/** A slow source: what has come is written after so many milliseconds. */
const WAIT_MS = 200;

export async function importRows(rows: AsyncIterable<Row>, deps: ImportDeps): Promise<ImportResult> {
  const { entity, signal, progress, onBatch } = deps;
  const batches = inBatches(checked(entity, progress?.left(rows) ?? rows), {
    ...{ most: BATCH, waitMs: WAIT_MS, signal },
    keyOf: (row) => (isRefused(row) ? null : identityOf(entity, row)),
  });
  // Bulk: single edits by people do not wait behind these events (docs/sync.md, "Order of work").
  const origin = { ...deps.origin, context: { ...deps.origin.context, bulk: true } };
  const seen = deps.dryRun ? createSeen(entity) : null;
  let counts = progress?.counts ?? NO_ROWS;
  for await (const batch of batches) {
    const before = counts;
    const outcomes = await writeBatch(seen?.leaveOut(batch) ?? batch, {
      ...deps,
      origin,
      store: progress && ((tx, made) => progress.store(tx, addCounts(before, made))),
    });
    const all = seen?.putBack(batch, outcomes) ?? outcomes;
    counts = addCounts(before, all);
    await onBatch?.(all, counts);
  }
  return { counts, whole: signal?.aborted !== true };
}

async function* checked(entity: Entity, rows: AsyncIterable<Row>): AsyncGenerator<BatchRow> {
  for await (const row of rows) yield checkRow(entity, row);
}

/** A dry run that finds more new customers than this ends: it has to remember each. */
export const MOST_SEEN = 500_000;

export class DryRunTooLong extends Error {
  override readonly name = 'DryRunTooLong';

  constructor() {
    super(`a dry run remembers ${MOST_SEEN.toLocaleString('en-US')} rows that would be written at most`);
  }
}

/**
 * The rows that a dry run would have written: a later row of the same customer depends on them, and they
 * are not in the database.
 */
function createSeen(entity: Entity) {
  const lines = new Map<string, number>();
  const lineOf = (row: BatchRow): number | undefined =>
    isRefused(row) ? undefined : lines.get(identityOf(entity, row));

  return {
    leaveOut: (batch: readonly BatchRow[]): BatchRow[] => batch.filter((row) => lineOf(row) === undefined),
    putBack(batch: readonly BatchRow[], outcomes: readonly RowOutcome[]): RowOutcome[] {
      const decided = new Map(outcomes.map((outcome) => [outcome.line, outcome]));
      const all = batch.map((row): RowOutcome => {
        const ofLine = lineOf(row);
        const { line, bytes } = row;
        return ofLine === undefined
          ? (decided.get(line) as RowOutcome)
          : { line, bytes, outcome: 'repeated', ofLine };
      });
      for (const row of batch) {
        const outcome = decided.get(row.line)?.outcome;
        if (isRefused(row) || (outcome !== 'created' && outcome !== 'updated')) continue;
        lines.set(identityOf(entity, row), row.line);
      }
      if (lines.size > MOST_SEEN) throw new DryRunTooLong();
      return all;
    },
  };
}
