// The plan of a first link as lines: one with its number for each thing that happens to rows and
// records, for `twinbox link --dry-run` and for the API.
import { settingOf } from '../config/systems.ts';
import { labelOf } from '../integrations/registry.ts';
import type { Rates } from '../limits/limiter.ts';
import { isLeft } from './link-plan.ts';
import type { LinkPlan, PairChanges, PlannedPair } from './planned-link.ts';

export const linkOutcomes = [
  ...(['pair_by_tag', 'pair_by_email', 'pair_differs', 'pair_field', 'pair_waits'] as const),
  ...(['create', 'create_waits', 'ended', 'consented', 'pending', 'import', 'alias', 'match'] as const),
  ...(['stays', 'elsewhere', 'known'] as const),
] as const;

/** `pair_differs`, `pair_field` and `pair_waits` are about pairs that another line has counted. */
export type LinkOutcome = (typeof linkOutcomes)[number];

export type PlanExample = { customer: number | null; record: string | null };

export type PlanLine = {
  outcome: LinkOutcome;
  count: number;
  says: string;
  examples: PlanExample[];
};

/** So many examples has a line. */
const EXAMPLES = 5;

/** Lines with the number 0 are left out. */
export function linesOf(plan: LinkPlan, system: string): PlanLine[] {
  const label = labelOf(system);
  const setting = (name: string) => settingOf(system, name);
  const pairs = [...plan.pairs.values()];
  const made = plan.creates.filter(({ waits }) => waits === null);
  const lines: PlanLine[] = [
    line('pair_by_tag', `pairs by the owner tag at ${label}`, pairs.filter(isBy('mark')), ofPair),
    line('pair_by_email', 'pairs by their email', pairs.filter(isBy('email')), ofPair),
    line('pair_differs', 'of these pairs differ:', pairs.filter(differs), ofPair),
    ...fieldLines(pairs, label),
    ...grouped('pair_waits', pairs, ofPair, ({ waits }) =>
      saysOf(waits, (why) => `of these pairs wait after the link: ${describeWaiting(why, setting)}`),
    ),
    line('create', `customers have no record at ${label}: one is created for each`, made, ofRow),
    ...grouped('create_waits', plan.creates, ofRow, ({ waits }) =>
      saysOf(
        waits,
        (why) => `customers have no record at ${label}, and wait: ${describeWaiting(why, setting)}`,
      ),
    ),
    total('ended', plan.ended.length, 'customers were deleted while they waited: nothing is created'),
    total('consented', plan.underWay, 'customers have consent already, and workers link them'),
    total(
      'pending',
      plan.pending,
      'customers have no record yet, and do not wait for a link: npx twinbox status says why',
    ),
    line(
      'import',
      `records have no customer in our table: one is created for each (${setting('IMPORT')})`,
      plan.imports,
      ofId,
    ),
    line(
      'alias',
      'second records of a customer: each becomes an alias, with a conflict',
      plan.aliases,
      ({ customer, externalId: record }) => ({ customer, record }),
    ),
    line('match', 'records are linked with customers that do not wait for a link', plan.matches, ofId),
    ...grouped(
      'stays',
      plan.others,
      ({ externalId }) => ofId(externalId),
      ({ why }) => [describeRecord(why, setting)],
    ),
    total('elsewhere', plan.elsewhere, 'records belong to another installation: left as they are'),
    total('known', plan.known, 'records are paired already'),
  ];
  return lines.filter(({ count }) => count > 0);
}

const isBy =
  (by: PlannedPair['by']) =>
  (pair: PlannedPair): boolean =>
    pair.by === by;
const ofPair = ({ customer, externalId: record }: PlannedPair): PlanExample => ({ customer, record });
const ofRow = ({ customer }: { customer: number }): PlanExample => ({ customer, record: null });
const ofId = (record: string): PlanExample => ({ customer: null, record });

function total(outcome: LinkOutcome, count: number, says: string): PlanLine {
  return { outcome, count, says, examples: [] };
}

function line<T>(
  outcome: LinkOutcome,
  says: string,
  all: readonly T[],
  exampleOf: (one: T) => PlanExample,
): PlanLine {
  return { outcome, count: all.length, says, examples: all.slice(0, EXAMPLES).map(exampleOf) };
}

/** A line for each sentence, in the order in which they come. */
function grouped<T>(
  outcome: LinkOutcome,
  all: readonly T[],
  exampleOf: (one: T) => PlanExample,
  sentencesOf: (one: T) => readonly string[],
): PlanLine[] {
  const bySentence = new Map<string, T[]>();
  for (const one of all)
    for (const says of sentencesOf(one)) {
      const alike = bySentence.get(says);
      if (alike) alike.push(one);
      else bySentence.set(says, [one]);
    }
  return [...bySentence].map(([says, alike]) => line(outcome, says, alike, exampleOf));
}

const NONE: readonly string[] = [];

function saysOf(why: string | null, sentence: (why: string) => string): readonly string[] {
  return why === null ? NONE : [sentence(why)];
}

export function differs({ changes }: { changes: PairChanges }): boolean {
  return changes.here.length + changes.there.length + changes.conflicts.length > 0;
}

/** A line for each kind of change of a field, with the number of pairs. */
function fieldLines(pairs: PlannedPair[], label: string): PlanLine[] {
  return grouped('pair_field', pairs, ofPair, ({ changes }) => [
    ...changes.here.map((field) => `${field} is empty in our table, and is filled from ${label}`),
    ...changes.there.map((field) => `${field} is empty at ${label}, and is filled from our table`),
    ...changes.conflicts.map(
      ({ field, winner }) => `${field} differs: ${winner} stays, the other value is kept in a conflict`,
    ),
  ]);
}

export type PlannedCalls = { all: number; mostOfOneKind: number };

/**
 * One read and one write for each pair and for each record that gets a customer; one write for each
 * record that is created.
 */
export function callsOf({ pairs, creates, imports, matches, aliases, others }: LinkPlan): PlannedCalls {
  const updates = pairs.size + imports.length + matches.length;
  const reads = updates + aliases.length + others.filter(({ why }) => !isLeft(why)).length;
  const made = creates.filter(({ waits }) => waits === null).length;
  return { all: updates + reads + made, mostOfOneKind: Math.max(updates, reads, made) };
}

/** How long the calls take at these limits. */
export function secondsOf({ all, mostOfOneKind }: PlannedCalls, { account, endpoint }: Rates): number {
  return Math.max(all / account, mostOfOneKind / endpoint);
}

type NameOfSetting = (name: string) => string;

function describeWaiting(reason: string, setting: NameOfSetting): string {
  if (reason === 'not_wanted') return 'the condition of the mapping leaves them out';
  if (reason === 'writes_off') return `${setting('WRITES')}=off`;
  return reason === 'pulls_off' ? `${setting('PULLS')}=off` : reason;
}

const recordsBy = (setting: NameOfSetting): Record<string, string> => ({
  not_imported: `records have no customer in our table, and none is created (${setting('IMPORT')}=off)`,
  left_alone: 'records have no customer in our table, and none is created: a person decided so',
  pulls_off: `records have no customer in our table, and none is created (${setting('PULLS')}=off)`,
  ask_link: 'records have the email of a customer that does not wait for a link: they wait for consent',
  duplicate_email: 'records have the email of a customer, and will not be linked with it',
  lacks_field: 'records lack a value that our row always has: they wait until they have it',
  lost_row:
    'records have our owner tag of a customer that is not in our table, as after a restore: link --import creates customers for them, link CUSTOMER --record ID links one with a customer',
});

function describeRecord(why: string, setting: NameOfSetting): string {
  const records = recordsBy(setting);
  return Object.hasOwn(records, why) ? (records[why] ?? why) : `records stay without a customer: ${why}`;
}
