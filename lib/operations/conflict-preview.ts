// What reversing a conflict would write, and where. The reversal itself is done in a transaction, the engine is
// asked what a step would do about each pair of the row as it is then, and all of it is taken back. So no
// second logic predicts the first.
//
// Guarantees: nothing is kept and no system is called. What stays is a gap in the numbers of the events, as
// after any transaction that failed.
import type { StoredConflict } from '../../db/conflicts.ts';
import { readRow, type MappedRow } from '../../db/entities/rows.ts';
import { findPairsOf } from '../../db/mappings/standing.ts';
import type { Db, Tx } from '../../db/server/connection.ts';
import { isInactive } from '../../db/mappings/state.ts';
import { readPairs } from '../../db/mappings/error-groups.ts';
import type { Value } from '../catalogue/document.ts';
import type { Effect } from '../sync/foresee.ts';
import { fieldsOf } from '../sync/values.ts';
import {
  attemptReversal,
  createConflictOperations,
  whyNotReversible,
  type ConflictOperations,
  type ConflictOperationsDeps,
  type ReverseOutcome,
} from './conflicts.ts';
import { effectOn, type Planners } from './replay-plan.ts';

/** What a step would do about a pair of the row once it is reversed. */
export type WriteThere = {
  system: string;
  mapping: number;
  externalId: string | null;
  effect: Effect;
};

export type ReversePreview = {
  /** What the act would answer. */
  outcome: ReverseOutcome['outcome'];
  /** The field of our row; null if nothing would be written. */
  here: { row: number; field: string; from: Value; to: Value } | null;
  there: WriteThere[];
};

export type PreviewedConflicts = ConflictOperations & {
  preview(conflict: StoredConflict): Promise<ReversePreview>;
};

/** The acts, and what each would do. */
export function createPreviewedConflicts(
  deps: ConflictOperationsDeps,
  planners: Planners,
): PreviewedConflicts {
  return {
    ...createConflictOperations(deps),
    preview: (conflict) => previewReversal(deps, planners, conflict),
  };
}

const MOST_TRIES = 3;

async function previewReversal(
  deps: ConflictOperationsDeps,
  planners: Planners,
  conflict: StoredConflict,
): Promise<ReversePreview> {
  const nothing = { here: null, there: [] };
  if (conflict.reversedAt !== null) return { outcome: 'reversed_already', ...nothing };
  if (whyNotReversible(deps.entity, conflict) !== null) return { outcome: 'cannot_reverse', ...nothing };
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const seen = await tryAndTakeBack(deps, planners, conflict);
    if (seen !== 'again') return seen;
  }
  return { outcome: 'contended', ...nothing };
}

async function tryAndTakeBack(
  deps: ConflictOperationsDeps,
  planners: Planners,
  conflict: StoredConflict,
): Promise<ReversePreview | 'again'> {
  const { db, entity } = deps;
  let [here, there]: [ReversePreview['here'], WriteThere[]] = [null, []];
  const result = await attemptReversal(deps, conflict, {
    origin: { context: {} },
    run: (work) =>
      takenBack(db, async (tx) => {
        const before = conflict.internalId === null ? null : await readRow(tx, entity, conflict.internalId);
        const done = await work(tx);
        if (done !== 'again' && done.outcome === 'reversed' && before && done.customer) {
          here = changeOf(conflict, before, done.customer);
          there = await writesThere(tx, planners, { entity: entity.name, row: before.id });
        }
        return done;
      }),
  });
  return result === 'again' ? result : { outcome: result.outcome, here, there };
}

function changeOf(
  { field }: StoredConflict,
  before: MappedRow,
  after: MappedRow,
): NonNullable<ReversePreview['here']> {
  const of = (row: MappedRow): Value => fieldsOf(row)[field ?? ''] ?? null;
  return { row: before.id, field: field ?? '', from: of(before), to: of(after) };
}

async function writesThere(
  tx: Tx,
  planners: Planners,
  about: { entity: string; row: number },
): Promise<WriteThere[]> {
  const inside: Planners = new Map([...planners].map(([name, deps]) => [name, { ...deps, db: tx as Db }]));
  const ids = await findPairsOf(tx as Db, { ...about, system: null });
  const writes: WriteThere[] = [];
  for (const { mapping } of await readPairs(tx as Db, ids)) {
    if (isInactive(mapping)) continue;
    const { id, fence, system, entityType, externalId } = mapping;
    const pair = { mappingId: id, fence, system, entityType };
    writes.push({ system, mapping: id, externalId, effect: await effectOn(inside, pair, false) });
  }
  return writes;
}

/** What has been done is taken back, whatever it answers. */
async function takenBack<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  const tx = await db.transaction();
  try {
    return await work(tx);
  } finally {
    await tx.rollback();
  }
}

export function previewJson({ outcome, here, there }: ReversePreview) {
  return {
    outcome,
    here: here && { customer: here.row, field: here.field, from: here.from, to: here.to },
    there: there.map(({ externalId, ...write }) => ({ ...write, external_id: externalId })),
  };
}
