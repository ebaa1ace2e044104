// A first link as the API shows it. What comes from the database has its members in another order.
import type { LinkPlanSeen, LinkStanding, LinkSummary } from './asked-link.ts';
import type { PlanExample, PlanLine } from './link-lines.ts';
import type { PlanDifference } from './link-packed.ts';

export function linkPlanJson(plan: LinkPlanSeen) {
  const { id, system, state, askedBy, summary, hash, failure, changed } = plan;
  return {
    ...{ id, system, state },
    actor: askedBy,
    asked_at: plan.askedAt.toISOString(),
    read: plan.readCount,
    attempts: plan.attempts,
    planned_at: timeOf(plan.plannedAt),
    hash,
    plan: summary && summaryJson(summary),
    failure,
    changed: changed && differenceJson(changed),
    run: runJson(plan),
    ended_at: timeOf(plan.endedAt),
  };
}

function summaryJson({ lines, rows, undecided, calls, seconds }: LinkSummary) {
  return { lines: lines.map(lineJson), customers: rows, records_undecided: undecided, calls, seconds };
}

function lineJson({ outcome, count, says, examples }: PlanLine) {
  return { outcome, count, says, examples: examples.map(exampleJson) };
}

function exampleJson({ customer, record }: PlanExample) {
  return { customer, record };
}

export function differenceJson({ customers, examples, lines }: PlanDifference) {
  return {
    ...{ customers, examples: examples.map(exampleJson) },
    lines: lines.map(({ says, before, after }) => ({ says, before, after })),
  };
}

function runJson({ runBy, runReason, runRecords, runAt, ...plan }: LinkPlanSeen) {
  if (runAt === null) return null;
  return {
    ...{ actor: runBy, reason: runReason, records: runRecords },
    asked_at: runAt.toISOString(),
    customers: plan.rowsStored,
    records_raised: plan.recordsRaised,
    records_decided: plan.recordsDecided,
    to_carry_out: plan.toCarryOut,
  };
}

export function linkStandingJson({ system, rows, records, newest }: LinkStanding) {
  return {
    ...{ system, customers: rows, records_undecided: records },
    newest: newest && { id: newest.id, state: newest.state, asked_at: newest.askedAt.toISOString() },
  };
}

function timeOf(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}
