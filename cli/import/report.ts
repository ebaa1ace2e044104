// What an import prints: how it reads the file, and what happened to each row.
import { count, type Output } from '../output.ts';
import { foldName, isTarget, type Columns, type Target } from '../../lib/customers/import/columns.ts';
import type { Layout } from '../../lib/customers/import/layout.ts';
import type { Passed } from '../../lib/customers/import/rows.ts';
import { show } from '../../lib/customers/import/shown.ts';
import type { Named, Summary } from '../../lib/customers/import/summary.ts';

const LISTED = 50;
/** At most this many unused columns are named, since exports can have dozens. */
const COLUMNS_LISTED = 12;

export function sayLayout({ columns, line, before }: Layout, output: Output): void {
  if (before > 0) output.say(`The header is on line ${line}; the lines before it were not imported.`);
  const used = describeColumns(columns);
  if (used !== null) output.say(`Used: ${used}.`);
  const { unused } = columns;
  if (unused.length > 0) {
    const names = unused.map((name) => show(name).slice(1, -1));
    const rest = names.length - COLUMNS_LISTED;
    const listed = names.slice(0, COLUMNS_LISTED).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
    output.say(`Not used: the column${unused.length === 1 ? '' : 's'} ${listed}.`);
  }
}

/** Null if the columns are called as the fields that they hold: name, email and own fields. */
function describeColumns({ at, more, names }: Columns): string | null {
  const own = more.map(({ field, position }): [string, number] => [field.name, position]);
  const entries = [...(Object.entries(at) as [Target, number][]), ...own];
  const isPlain = entries.every(([target, position]) => isNamedAs(names[position] ?? '', target));
  if (isPlain) return null;
  return entries
    .map(
      ([target, position]) =>
        `${isTarget(target) ? target.replace('_', ' ') : target} from ${show(names[position] ?? '')}`,
    )
    .join(', ');
}

function isNamedAs(column: string, target: string): boolean {
  const isWhole = ['name', 'email'].includes(target) || !isTarget(target);
  return isWhole && foldName(column) === foldName(target);
}

export function saySummary(
  summary: Summary,
  { passed, dryRun }: { passed: Passed | undefined; dryRun: boolean },
  output: Output,
): void {
  const { rows, created, updated, skipped, repeated, different, bad, named, severalEmails } = summary;
  list(bad, output);
  list(different, output);
  if (severalEmails.length > 0) {
    const lines = showLines(severalEmails);
    output.say(
      `${count(severalEmails.length, 'row')} with several addresses, of which the first was used: ${lines}.`,
    );
  }
  const derived = [
    ...(named.company > 0 ? [`${count(named.company, 'row')} got the company as the name`] : []),
    ...(named.email > 0 ? [`${count(named.email, 'row')} got the part of the email before the @`] : []),
  ];
  if (derived.length > 0) output.say(`No name in the file: ${derived.join(', ')}.`);
  if (passed && passed.blank + passed.comments > 0) {
    const kinds = [
      ...(passed.blank > 0 ? [`${count(passed.blank, 'row')} without any value`] : []),
      ...(passed.comments > 0 ? [count(passed.comments, 'comment')] : []),
    ];
    output.say(`Not imported: ${kinds.join(', ')}.`);
  }
  output.print(
    [
      `${count(rows, 'row')}: ${created} ${dryRun ? 'would be created' : 'created'}`,
      ...(updated > 0 ? [`${updated} ${dryRun ? 'would be changed' : 'changed'}`] : []),
      `${skipped} skipped (already in the table)`,
      ...(different.length > 0 ? [`${different.length} not changed`] : []),
      ...(bad.length > 0 ? [`${bad.length} refused`] : []),
      ...(repeated > 0 ? [`${repeated} of a customer of an earlier row`] : []),
    ].join(', '),
  );
}

function list(refused: Named[], output: Output): void {
  for (const { line, reason, found = {} } of refused.slice(0, LISTED)) {
    const values = Object.entries(found).map(([field, value]) => `${field.replace('_', ' ')} ${show(value)}`);
    output.say(`line ${line}: ${reason}${values.length > 0 ? ` (${values.join(', ')})` : ''}`);
  }
  if (refused.length > LISTED) output.say(`… and ${refused.length - LISTED} more (--json lists all)`);
}

function showLines(lines: number[]): string {
  const shown = lines.slice(0, LISTED).join(', ');
  return `line${lines.length === 1 ? '' : 's'} ${shown}${lines.length > LISTED ? ' …' : ''}`;
}
