// The plan of a first link in numbers: one line for each thing that becomes of rows and records.
import { settingOf } from '../../lib/config/systems.ts';
import { labelOf } from '../../lib/integrations/registry.ts';
import type { LinkPlan, PlannedPair } from '../../lib/operations/planned-link.ts';

/** Lines that count nothing are left out. */
export function linesOf(plan: LinkPlan, system: string): [number, string][] {
  const label = labelOf(system);
  const setting = (name: string) => settingOf(system, name);
  const pairs = [...plan.pairs.values()];
  const made = plan.creates.filter(({ waits }) => waits === null);
  const lines: [number, string][] = [
    [pairs.filter(({ by }) => by === 'mark').length, `pairs by the owner tag at ${label}`],
    [pairs.filter(({ by }) => by === 'email').length, 'pairs by their email'],
    [pairs.filter(differs).length, '… of these pairs differ:'],
    ...linesOfValues(pairs),
    ...counted(pairs, ({ waits }) => waits && `… of these pairs wait then: ${saidOfWaiting(waits, setting)}`),
    [made.length, 'customers have no record there: one is made for each'],
    ...counted(
      plan.creates,
      ({ waits }) => waits && `customers have no record there, and wait: ${saidOfWaiting(waits, setting)}`,
    ),
    [plan.ended.length, 'customers were deleted while they waited: nothing is made'],
    [plan.underWay, 'customers have consent already, and workers link them'],
    [plan.pending, 'customers have no record yet and wait for no link: npx twinbox status says why'],
    [plan.imports.length, `records have no customer here: each becomes one (${setting('IMPORT')})`],
    [plan.aliases.length, 'second records of a customer: kept apart, with a conflict'],
    [plan.matches.length, 'records are linked with customers that wait for no link'],
    ...counted(plan.others, ({ why }) => saidOfRecord(why, setting)),
    [plan.elsewhere, 'records belong to another installation: left alone'],
    [plan.known, 'records are paired already'],
  ];
  return lines.filter(([number]) => number > 0);
}

export function differs({ changes }: PlannedPair): boolean {
  return changes.here.length + changes.there.length + changes.conflicts.length > 0;
}

/** A line for each thing that happens to a field. */
function linesOfValues(pairs: PlannedPair[]): [number, string][] {
  const says = pairs.flatMap(({ changes }) => [
    ...changes.here.map((field) => `  ${field} is blank here, and filled from there`),
    ...changes.there.map((field) => `  ${field} is blank there, and filled from here`),
    ...changes.conflicts.map(
      ({ field, winner }) => `  ${field} differs: ${winner} stays, the other is kept in a conflict`,
    ),
  ]);
  return counted(says, (line) => line);
}

function counted<T>(all: T[], lineOf: (one: T) => string | null): [number, string][] {
  const lines = all.flatMap((one) => lineOf(one) ?? []);
  return [...Map.groupBy(lines, (line) => line)].map(([line, alike]) => [alike.length, line]);
}

type NameOfSetting = (name: string) => string;

function saidOfWaiting(reason: string, setting: NameOfSetting): string {
  if (reason === 'writes_off') return `${setting('WRITES')}=off`;
  return reason === 'pulls_off' ? `${setting('PULLS')}=off` : reason;
}

const recordsBy = (setting: NameOfSetting): Record<string, string> => ({
  not_imported: `records have no customer here, and stay so (${setting('IMPORT')}=off)`,
  left_alone: 'records have no customer here, and stay so: a person left them alone',
  pulls_off: `records have no customer here: nothing is written here (${setting('PULLS')}=off)`,
  ask_link: 'records have the email of a customer that waits for no link: they wait for consent',
  duplicate_email: 'records have the email of a customer that they will not be linked with',
  no_email: 'records have no email: they wait until they have',
  lost_row:
    'records bear our owner tag for a customer that is not here, as after a restore: link --import makes them customers, link CUSTOMER --record ID gives one to a customer',
});

function saidOfRecord(why: string, setting: NameOfSetting): string {
  const records = recordsBy(setting);
  return Object.hasOwn(records, why) ? (records[why] ?? why) : `records stay without a customer: ${why}`;
}
