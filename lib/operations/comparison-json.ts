// The comparison of one row as the API shows it.
import type { AskedComparison, SystemAnswer } from './asked-comparison.ts';
import type { ComparedPairOfRow } from './compare-one.ts';

export function comparisonJson({ id, rowId, actor, askedAt, systems }: AskedComparison) {
  return {
    ...{ id, customer: rowId, actor },
    asked_at: askedAt.toISOString(),
    systems: systems.map(systemJson),
  };
}

function systemJson({ system, state, answeredAt, answer }: SystemAnswer) {
  return {
    ...{ system, state, verdict: answer?.verdict ?? null, because: answer?.because ?? null },
    answered_at: answeredAt?.toISOString() ?? null,
    pairs: (answer?.pairs ?? []).map(comparedPairJson),
  };
}

export function comparedPairJson({ mapping, externalId, kind, why, fields }: ComparedPairOfRow) {
  return { mapping, external_id: externalId, kind, why, fields };
}
