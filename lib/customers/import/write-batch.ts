// Writes a batch of rows in one transaction: the new ones by one statement, the
// changed ones by another, and alone each row that one of these does not take.
//
// Guarantees: of a batch every row that was accepted is written with its event, or none is. A row that the
// table refuses is left out alone. What else has to be stored with the batch (how far an import came) is
// stored by the same transaction.
// Assumes that no two rows of a batch have one identity (batches.ts).
// A crash before the commit leaves nothing of the batch, a crash after it all of it: the same rows again
// are then equal to what is there.
import {
  checkRulesAtOnce,
  findHolders,
  insertRows,
  updateRows,
  type ManyStamp,
} from '../../../db/entities/row-batches.ts';
import { readRow } from '../../../db/entities/rows.ts';
import { isDatabaseAway } from '../../../db/health/readiness.ts';
import { withTransaction, type Db, type Tx } from '../../../db/server/connection.ts';
import { DbError } from '../../../db/server/errors.ts';
import type { Entity } from '../../catalogue/entity.ts';
import type { Clock } from '../../clock.ts';
import { failpoint } from '../../failpoint.ts';
import { newEventId } from '../../uuid.ts';
import { createCustomerStore, type Origin } from '../customers.ts';
import type { Advice } from './advice.ts';
import type { CheckedRow } from './check-row.ts';
import type { RefusedRow, RowOutcome } from './outcome.ts';
import {
  done,
  givenIn,
  otherFields,
  writeRow,
  type Held,
  type OnExisting,
  type WriteRowDeps,
} from './write-row.ts';

export type WriteBatchDeps = {
  db: Db;
  entity: Entity;
  clock: Clock;
  origin: Origin;
  onExisting: OnExisting;
  /** Writes nothing, and says what a write would do: everything is done and taken back. */
  dryRun: boolean;
  advice?: Advice | undefined;
  /** Called after the commit. */
  nudge: () => void;
  /** What the same transaction stores besides the rows. */
  store?: ((tx: Tx, outcomes: readonly RowOutcome[]) => Promise<void>) | undefined;
};

/** One row of a batch: to be written, or refused before. */
export type BatchRow = CheckedRow | RefusedRow;

export const isRefused = (row: BatchRow): row is RefusedRow => 'outcome' in row;

/** What became of each row, in the order of the rows. */
export async function writeBatch(batch: readonly BatchRow[], deps: WriteBatchDeps): Promise<RowOutcome[]> {
  if (!deps.store && batch.every(isRefused)) return [...batch];
  try {
    const outcomes = await withTransaction(deps.db, async (tx) => {
      const decided = await writeIn(tx, batch, deps);
      if (deps.dryRun) throw new TakenBack(decided);
      await deps.store?.(tx, decided);
      await failpoint('import.before-commit');
      return decided;
    });
    deps.nudge();
    await failpoint('import.batch-written');
    return outcomes;
  } catch (error) {
    if (error instanceof TakenBack) return error.outcomes;
    throw error;
  }
}

/** Ends the transaction of a dry run. */
class TakenBack extends Error {
  override readonly name = 'TakenBack';
  readonly outcomes: RowOutcome[];

  constructor(outcomes: RowOutcome[]) {
    super('nothing of a dry run is kept');
    this.outcomes = outcomes;
  }
}

async function writeIn(tx: Tx, batch: readonly BatchRow[], deps: WriteBatchDeps): Promise<RowOutcome[]> {
  const rows = batch.filter((row): row is CheckedRow => !isRefused(row));
  if (rows.length === 0) return batch.filter(isRefused);
  await checkRulesAtOnce(tx);
  const found = await findHolders(tx, deps.entity, identitiesOf(deps.entity, rows));
  const holders = new Map(rows.map((row, at) => [row, heldAt(found, at)]));
  const made = await insertAll(tx, holders, deps);
  const changed = await updateAll(tx, holders, deps);
  const singly = singleWrites(tx, deps);
  const outcomes: RowOutcome[] = [];
  for (const row of batch) {
    const [created, updated] = isRefused(row) ? [] : [made.get(row), changed.get(row)];
    if (isRefused(row)) outcomes.push(row);
    else if (created !== undefined) outcomes.push(done(row, 'created', created));
    else if (updated !== undefined) outcomes.push(done(row, 'updated', updated));
    else outcomes.push(await writeRow(row, singly, holders.get(row)));
  }
  return outcomes;
}

type Holders = ReadonlyMap<CheckedRow, Held | null>;

function identitiesOf({ identity }: Entity, rows: readonly CheckedRow[]): (string | null)[] {
  return rows.map(({ values }) => {
    const value = values[identity ?? ''];
    return typeof value === 'string' ? value : null;
  });
}

function heldAt(holders: readonly (Pick<Held, 'id' | 'fields'> | null)[], at: number): Held | null {
  const holder = holders[at] ?? null;
  return holder && { ...holder, deletedAt: null };
}

/** The ids of the new rows that one statement could write; the others are written by themselves. */
async function insertAll(tx: Tx, holders: Holders, deps: WriteBatchDeps): Promise<Map<CheckedRow, number>> {
  const rows = [...holders].flatMap(([row, holder]) => (holder === null ? [row] : []));
  return await allAtOnce(tx, rows, deps, async (inner, stamp) => {
    const withIds = rows.map((row) => ({ row, eventId: newEventId(stamp.now), values: row.values }));
    const made = await insertRows(inner, deps.entity, withIds, stamp);
    return withIds.map(({ row, eventId }) => [row, made.get(eventId)]);
  });
}

/** The same of rows whose customer has other values. */
async function updateAll(tx: Tx, holders: Holders, deps: WriteBatchDeps): Promise<Map<CheckedRow, number>> {
  const rows = [...holders].flatMap(([row, holder]) => {
    const values = givenIn(row);
    const isOther = holder !== null && otherFields(values, holder).length > 0;
    return isOther && deps.onExisting === 'update' ? [{ row, id: holder.id, values }] : [];
  });
  return await allAtOnce(tx, rows, deps, async (inner, stamp) => {
    const withIds = rows.map((row) => ({ ...row, eventId: newEventId(stamp.now) }));
    const changed = await updateRows(inner, deps.entity, withIds, stamp);
    return withIds.map(({ row, id }) => [row, changed.has(id) ? id : undefined]);
  });
}

async function allAtOnce(
  tx: Tx,
  rows: readonly unknown[],
  { clock, origin }: WriteBatchDeps,
  write: (inner: Tx, stamp: ManyStamp) => Promise<[CheckedRow, number | undefined][]>,
): Promise<Map<CheckedRow, number>> {
  // A single row says by itself why it is refused.
  if (rows.length < 2) return new Map();
  const { context, source = 'internal' } = origin;
  try {
    const written = await tx.transaction((inner) => write(inner, { context, source, now: clock.now() }));
    return new Map(written.flatMap(([row, id]) => (id === undefined ? [] : [[row, id] as const])));
  } catch (error) {
    // Of the other errors each row that has one says it again by itself.
    if (isDatabaseAway(error) || error instanceof DbError) throw error;
    return new Map();
  }
}

function singleWrites(tx: Tx, { entity, clock, origin, onExisting, advice }: WriteBatchDeps): WriteRowDeps {
  return {
    entity,
    store: createCustomerStore({ db: tx, clock, entity, nudge: () => undefined }),
    read: (id) => readRow(tx, entity, id),
    onExisting,
    origin,
    ...(advice && { advice }),
  };
}
