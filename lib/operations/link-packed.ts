// The plan of a first link as it is stored between its reading and its consents, and what tells two plans
// apart.
//
// A person consents to what happens to each customer that waits. What happens to other records is no part of
// the comparison: workers carry on with them all the time, and a system that is in use would make every plan
// out of date.
import { createHash } from 'node:crypto';
import type { LinkPlan } from './planned-link.ts';
import type { PlanExample, PlanLine } from './link-lines.ts';

type Packed = Omit<LinkPlan, 'pairs'> & {
  pairs: [number, LinkPlan['pairs'] extends Map<number, infer P> ? P : never][];
};

/** JSON. */
export function packPlan(plan: LinkPlan): string {
  return JSON.stringify({ ...plan, pairs: [...plan.pairs] } satisfies Packed);
}

export function unpackPlan(packed: unknown): LinkPlan {
  const { pairs, ...plan } = packed as Packed;
  return { ...plan, pairs: new Map(pairs) };
}

/** What happens to a customer, by the customer; a pair that only ends has its mapping alone. */
function outcomesOf({ pairs, creates, ended }: LinkPlan): Map<string, { text: string; about: PlanExample }> {
  const outcomes = new Map<string, { text: string; about: PlanExample }>();
  for (const { customer, externalId: record, by, changes, waits, over } of pairs.values()) {
    const others = over.toSorted((a, b) => (a.externalId < b.externalId ? -1 : 1));
    const text = JSON.stringify(['pair', record, by, changes, waits, others]);
    outcomes.set(`customer ${customer}`, { text, about: { customer, record } });
  }
  for (const { customer, waits } of creates)
    outcomes.set(`customer ${customer}`, {
      text: JSON.stringify(['create', waits]),
      about: { customer, record: null },
    });
  for (const mapping of ended)
    outcomes.set(`mapping ${mapping}`, { text: 'ended', about: { customer: null, record: null } });
  return outcomes;
}

/** The same for two plans that do the same with every customer that waits. */
export function hashOf(plan: LinkPlan): string {
  const hash = createHash('sha256');
  const outcomes = [...outcomesOf(plan)].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [key, { text }] of outcomes) hash.update(`${key} ${text}\n`);
  return hash.digest('hex');
}

export type PlanDifference = {
  /** How many have another outcome now, wait now, or wait no longer; null where only the sums are known. */
  customers: number | null;
  examples: PlanExample[];
  /** What is counted, or was. */
  lines: { says: string; before: number; after: number }[];
};

const EXAMPLES = 5;

export function differenceOf(
  [before, linesBefore]: readonly [LinkPlan, readonly PlanLine[]],
  [after, linesAfter]: readonly [LinkPlan, readonly PlanLine[]],
): PlanDifference {
  const was = outcomesOf(before);
  const is = outcomesOf(after);
  const changed = [...new Set([...was.keys(), ...is.keys()])].filter(
    (key) => was.get(key)?.text !== is.get(key)?.text,
  );
  const abouts = changed.flatMap((key) => (is.get(key) ?? was.get(key))?.about ?? []);
  return {
    customers: changed.length,
    examples: abouts.slice(0, EXAMPLES),
    lines: lineChanges(linesBefore, linesAfter),
  };
}

function lineChanges(before: readonly PlanLine[], after: readonly PlanLine[]): PlanDifference['lines'] {
  const [was, is] = [before, after].map((lines) => new Map(lines.map(({ says, count }) => [says, count])));
  return [...new Set([...before, ...after].map(({ says }) => says))]
    .map((says) => ({ says, before: was?.get(says) ?? 0, after: is?.get(says) ?? 0 }))
    .filter((line) => line.before !== line.after);
}
