// Error groups, as lines for a person.
import { groupTitle } from '../lib/operations/meanings.ts';
import type { GroupMember, ExplainedGroup } from '../lib/operations/error-groups.ts';
import { shortTime } from './choices.ts';
import { count, table } from './output.ts';

const HEAD = [
  'group',
  'pairs',
  'customers',
  'parked',
  'waiting',
  'retrying',
  'first seen',
  'last seen',
  'what',
];

/** So many pairs of a group are shown below it, where there are several groups. */
const PAIRS_SHOWN = 5;

/**
 * A table of the groups, and below it what each means. `members`: by fingerprint; the first open ones of a group then
 * stand below its meaning.
 */
export function groupLines(
  groups: readonly ExplainedGroup[],
  members?: ReadonlyMap<string, readonly GroupMember[]>,
): string[] {
  return [
    ...table([
      HEAD,
      ...groups.map((group) => [
        group.fingerprint,
        ...[group.count, group.customers, group.parked, group.waiting, group.retrying].map(String),
        ...[shortTime(group.firstSeen), shortTime(group.lastSeen), groupTitle(group)],
      ]),
    ]),
    ...groups.flatMap((group) => [
      '',
      ...explained(group),
      ...(members ? firstPairs(group, members.get(group.fingerprint) ?? []) : []),
    ]),
  ];
}

function firstPairs(
  { fingerprint, count: pairs }: ExplainedGroup,
  members: readonly GroupMember[],
): string[] {
  const shown = members.filter(({ closed }) => !closed).slice(0, PAIRS_SHOWN);
  const left = pairs - shown.length;
  const rows = shown.map((member) => [
    ...[nameOf(member), member.state, shortTime(member.since), member.eventId ?? '–'],
  ]);
  return [
    ...table(rows).map((line) => `  ${line}`),
    ...(left > 0 ? [`  and ${left} more: npx twinbox groups show ${fingerprint}`] : []),
  ];
}

function explained(group: ExplainedGroup): string[] {
  const { fingerprint, means, cure, example } = group;
  return [
    `${fingerprint}  ${groupTitle(group)}`,
    `  means    ${means}`,
    `  cure     ${cure}`,
    ...(example ? [`  example  ${nameOf(example)}${example.says === null ? '' : `: ${example.says}`}`] : []),
  ];
}

function nameOf({ customer, mapping }: GroupMember): string {
  return customer === null ? `mapping ${mapping}` : `customer ${customer}`;
}

export function groupDetailLines(group: ExplainedGroup & { members: GroupMember[] }): string[] {
  const { count: pairs, customers, firstSeen, lastSeen, members } = group;
  return [
    ...explained(group),
    `  seen     ${count(pairs, 'pair')} of ${count(customers, 'customer')}, from ${shortTime(firstSeen)} to ${shortTime(lastSeen)}`,
    '',
    ...table([
      ['mapping', 'customer', 'record', 'state', 'since', 'event'],
      ...members.map(({ mapping, customer, externalId, state, since, eventId, closed }) => [
        ...[
          String(mapping),
          String(customer ?? '–'),
          externalId ?? '–',
          closed ? `${state}, closed` : state,
          shortTime(since),
          eventId ?? '–',
        ],
      ]),
    ]),
    ...(group.closed > 0 ? [`${count(group.closed, 'pair')} closed by a person`] : []),
    ...(pairs + group.closed > members.length ? [`and ${pairs + group.closed - members.length} more`] : []),
  ];
}
