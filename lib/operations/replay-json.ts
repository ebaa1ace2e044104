// Plans and jobs of replays in JSON, for the API and the commands.

import type { ItemResult } from '../../db/replays/jobs.ts';
import type { Difference } from '../../db/replays/plans.ts';
import { MOST_DELIVERIES, type Selection } from '../../db/replays/selection.ts';
import { fingerprintOf } from './error-groups.ts';
import { effectOn, outlookOf, type PlannedItem, type Planners, type StoredPlan } from './replay-plan.ts';
import type { ReplayJob } from './replay-jobs.ts';
import type { SelectionWords } from './selection-words.ts';

export function planJson(
  stored: StoredPlan,
  { rate, limits }: { rate: number; limits: ReadonlyMap<string, number | null> },
) {
  const { rows: customers, deliveries, pairs, with_record, statuses, systems, more } = stored.counts;
  const counts = { deliveries, pairs, with_record, statuses, systems, more };
  return {
    plan: stored.hash,
    made_at: stored.madeAt,
    counts: { ...counts, customers },
    ...outlookOf(stored, { rate, limits }),
    rate,
  };
}

/** The words that select the same among these systems. */
export function selectionJson(
  { ids, statuses, group, row, error, direction, since, until, systems, most }: Selection,
  all: readonly string[],
): SelectionWords {
  return {
    ...(ids && { id: ids.join(',') }),
    ...(statuses && { status: statuses.join(',') }),
    ...(group && { group: fingerprintOf(group) }),
    ...(row && { customer: row.id }),
    ...(error !== null && { error }),
    ...(direction && { direction }),
    ...(since !== null && { since }),
    ...(until !== null && { until }),
    ...(systems.length < all.length && systems[0] !== undefined && { system: systems[0] }),
    ...(most < MOST_DELIVERIES && { max: most }),
  };
}

export function plannedJson(item: PlannedItem) {
  const { place, eventId, eventType, version, target, status, attempts, error, createdAt } = item;
  return {
    ...{ place, event_id: eventId, event_type: eventType, version, target, status, attempts, error },
    ...{ created_at: createdAt, mapping: item.mappingId, customer: item.rowId },
    ...{ external_id: item.externalId, state: item.state, reason: item.reason, effect: item.effect },
  };
}

export function jobJson(job: ReplayJob) {
  const { id, planHash, state, why, rate, stopShare, actor, reason, createdAt, endedAt } = job;
  const { deliveries, pairs, queued, raised, done, failed, skipped, cancelled } = job;
  return {
    ...{ id, plan: planHash, state, why, rate, stop_share: stopShare, actor, reason },
    ...{ created_at: createdAt, ended_at: endedAt },
    ...{ deliveries, pairs, queued, raised, done, failed, skipped, cancelled },
  };
}

export function failureJson({ mappingId, rowId, result, at }: ItemResult) {
  return { mapping: mappingId, customer: rowId, result, at };
}

/** What came, left and changed since a plan, with what a step would do now about some of them. */
export async function differenceJson(planners: Planners, found: readonly Difference[]) {
  const shown: Record<string, unknown> = {};
  for (const what of ['came', 'left', 'changed'] as const) {
    const those = found.filter((each) => each.what === what);
    const deliveries: unknown[] = [];
    for (const each of those) {
      const { eventId, mappingId, rowId } = each;
      const effect = what === 'left' ? null : await effectOn(planners, each, false);
      deliveries.push({ event_id: eventId, mapping: mappingId, customer: rowId, ...(effect && { effect }) });
    }
    shown[what] = { count: those[0]?.count ?? 0, deliveries };
  }
  return shown;
}
