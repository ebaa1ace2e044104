// The plan of a first link as lines: one with its number for each thing that happens to rows and
// records.
import { settingOf } from '../../lib/config/systems.ts';
import { labelOf } from '../../lib/integrations/registry.ts';
import type { LinkPlan, PlannedPair } from '../../lib/operations/planned-link.ts';

/** Lines with the number 0 are left out. */
export function linesOf(plan: LinkPlan, system: string): [number, string][] {
  const label = labelOf(system);
  const setting = (name: string) => settingOf(system, name);
  const pairs = [...plan.pairs.values()];
  const made = plan.creates.filter(({ waits }) => waits === null);
  const lines: [number, string][] = [
    [pairs.filter(({ by }) => by === 'mark').length, `pairs by the owner tag at ${label}`],
    [pairs.filter(({ by }) => by === 'email').length, 'pairs by their email'],
    [pairs.filter(differs).length, '… of these pairs differ:'],
    ...fieldLines(pairs, label),
    ...counted(
      pairs,
      ({ waits }) => waits && `… of these pairs wait after the link: ${describeWaiting(waits, setting)}`,
    ),
    [made.length, `customers have no record at ${label}: one is created for each`],
    ...counted(
      plan.creates,
      ({ waits }) =>
        waits && `customers have no record at ${label}, and wait: ${describeWaiting(waits, setting)}`,
    ),
    [plan.ended.length, 'customers were deleted while they waited: nothing is created'],
    [plan.underWay, 'customers have consent already, and workers link them'],
    [plan.pending, 'customers have no record yet, and do not wait for a link: npx twinbox status says why'],
    [
      plan.imports.length,
      `records have no customer in our table: one is created for each (${setting('IMPORT')})`,
    ],
    [plan.aliases.length, 'second records of a customer: each becomes an alias, with a conflict'],
    [plan.matches.length, 'records are linked with customers that do not wait for a link'],
    ...counted(plan.others, ({ why }) => describeRecord(why, setting)),
    [plan.elsewhere, 'records belong to another installation: left as they are'],
    [plan.known, 'records are paired already'],
  ];
  return lines.filter(([number]) => number > 0);
}

export function differs({ changes }: PlannedPair): boolean {
  return changes.here.length + changes.there.length + changes.conflicts.length > 0;
}

/** A line for each kind of change of a field, with the number of pairs. */
function fieldLines(pairs: PlannedPair[], label: string): [number, string][] {
  const says = pairs.flatMap(({ changes }) => [
    ...changes.here.map((field) => `  ${field} is empty in our table, and is filled from ${label}`),
    ...changes.there.map((field) => `  ${field} is empty at ${label}, and is filled from our table`),
    ...changes.conflicts.map(
      ({ field, winner }) => `  ${field} differs: ${winner} stays, the other value is kept in a conflict`,
    ),
  ]);
  return counted(says, (line) => line);
}

function counted<T>(all: T[], lineOf: (one: T) => string | null): [number, string][] {
  const lines = all.flatMap((one) => lineOf(one) ?? []);
  return [...Map.groupBy(lines, (line) => line)].map(([line, alike]) => [alike.length, line]);
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
