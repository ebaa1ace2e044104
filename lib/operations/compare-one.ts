// The comparison of one row with its records at a system: each of its pairs is read there now, and judged
// as `twinbox verify` judges it (comparison-judge.ts). It reads, and writes nothing.
import { findUnmapped, type ComparedPair } from '../../db/mappings/comparison.ts';
import { hasEnded } from '../../db/mappings/state.ts';
import type { SyncDeps } from '../sync/step.ts';
import { exitStatusOf, lookAgain } from './comparison.ts';
import {
  differences,
  emptyReport,
  judge,
  judgeAbsent,
  judgeUnlinked,
  type Finding,
} from './comparison-judge.ts';
import { readPairsOfRow } from './comparison-pages.ts';

export const comparedKinds = [
  ...(['agree', 'drift', 'missing', 'pending', 'parked'] as const),
  ...(['held', 'waiting', 'alias', 'detached', 'closed'] as const),
] as const;

export type ComparedPairOfRow = {
  mapping: number | null;
  externalId: string | null;
  kind: (typeof comparedKinds)[number];
  /** As in `Finding`; null where both sides agree. */
  why: string | null;
  /** The fields that differ now; null where the two sides could not be compared. */
  fields: readonly string[] | null;
};

export const verdicts = ['agree', 'differ', 'missing', 'not_certain', 'set_aside'] as const;

/**
 * `not_certain`: a change is on its way, a pair is parked, or the system could not be asked. `set_aside`: no
 * pair counts, since each is held, waiting, detached, closed or an alias.
 */
export type Verdict = (typeof verdicts)[number];

export type RowComparison = { verdict: Verdict; pairs: ComparedPairOfRow[] };

/** Throws the errors of the system. */
export async function compareRow(deps: SyncDeps, rowId: number): Promise<RowComparison> {
  const { db, entity, integration } = deps;
  const { pairs, unreadable } = await readPairsOfRow(deps, rowId);
  const found = unreadable.map(({ mappingId: mapping, externalId }): ComparedPairOfRow => ({
    ...{ mapping, externalId, kind: 'parked', why: 'unreadable', fields: null },
  }));
  for (const pair of pairs) found.push(...(await comparePair(deps, pair)));
  if ((await findUnmapped(db, integration.system, { entityType: entity.name, rowId })).length > 0)
    found.push({ mapping: null, externalId: null, kind: 'pending', why: 'not_received', fields: null });
  return { verdict: verdictOf(found), pairs: found };
}

async function comparePair(deps: SyncDeps, pair: ComparedPair): Promise<ComparedPairOfRow[]> {
  const { mappingId: mapping, externalId } = pair;
  const report = emptyReport();
  let differing: readonly string[] | null = null;
  if (externalId === null || hasEnded(pair)) judgeUnlinked(deps, report, pair);
  else {
    const fetched = await deps.integration.fetch(externalId);
    if (fetched.state === 'present') {
      await judge(deps, report, pair, fetched.record);
      differing = pair.row && differences(deps, pair, fetched.record);
    } else await judgeAbsent(deps, report, pair);
    await lookAgain(deps, report);
  }
  if (report.agree > 0) return [{ mapping, externalId, kind: 'agree', why: null, fields: [] }];
  return report.findings.map(({ kind, why, fields }) => ({
    ...{ mapping, externalId, kind, why },
    // A parked or waiting pair is named by its reason; what differs is shown beside it.
    fields: fields ?? differing,
  }));
}

/** What counts, and what does not, is decided as for the exit status of `verify`. */
function verdictOf(pairs: readonly ComparedPairOfRow[]): Verdict {
  const findings = pairs.flatMap(({ kind, why, mapping, externalId }) =>
    kind === 'agree' ? [] : [{ kind, mapping, customer: null, externalId, why: why ?? '' } satisfies Finding],
  );
  const counts = exitStatusOf({ ...emptyReport(), findings });
  if (counts === 1) return 'differ';
  if (counts === 2)
    return pairs.every(({ kind }) => kind !== 'pending' && kind !== 'parked') ? 'missing' : 'not_certain';
  return pairs.some(({ kind }) => kind === 'agree') ? 'agree' : 'set_aside';
}
