// docs/error-groups.md: an entry for each code that a group of failures can have, from the tables that
// `twinbox groups`, the API and the console show.
import type { Meaning } from '../../lib/integrations/failure-meaning.ts';
import { systems } from '../../lib/integrations/registry.ts';
import { meanings } from '../../lib/operations/meanings.ts';

type Table = Readonly<Record<string, Meaning>>;

/** The page in Markdown, with a line break at its end. */
export function errorGroupsPage(): string {
  const { reasons, waits, kinds } = meanings;
  return [
    ...INTRODUCTION,
    ...section('Why a pair waits or is parked', 'Twinbox has decided this itself.', reasons),
    ...section('Short waits', 'A pair that is tried again by itself.', waits),
    ...systems.all.flatMap(({ label, failures = {} }) =>
      section(`Failures of ${label}`, `A call to ${label} failed, or was refused.`, failures),
    ),
    ...section(
      'Any other code',
      'A system may send a code that this page does not have. The group then has the meaning of its class.',
      kinds,
    ),
    '',
  ].join('\n');
}

const INTRODUCTION = [
  '# Error groups',
  '',
  'Terms: [glossary](glossary.md). Alerts: [runbook](runbook.md).',
  '',
  'One entry for each code of a group. `make codes` writes this page from the table that `npx twinbox groups`',
  'shows, so no code is missing.',
  '',
  '**First command**, for every group:',
  '',
  '```sh',
  'npx twinbox groups list',
  '```',
  '',
  'It prints the id of the group, since when, and how many customers. `npx twinbox groups show GROUP` lists',
  'the customers; `npx twinbox explain customer ID` says of one why nothing happens now and what you can do.',
  '',
  '**Who is hurt.** `one`: only the customers in the group; all others go on. `all`: every customer of that',
  'system waits or is slower.',
  '',
  '**It is over** when `npx twinbox groups list` no longer has the group, and `npx twinbox verify --wait 60`',
  'ends with `0 drift`. After a cure by hand `npx twinbox groups replay GROUP` shows what another attempt',
  'would do, and does it with `--yes`.',
];

function section(title: string, about: string, table: Table): string[] {
  const rows = Object.entries(table).map(
    ([code, { means, cure, all }]) =>
      `| \`${code}\` | ${means} | ${all === true ? 'all' : 'one'} | ${cure} |`,
  );
  return [
    '',
    `## ${title}`,
    '',
    about,
    '',
    '| code | means | hurt | cure |',
    '| --- | --- | --- | --- |',
    ...rows,
  ];
}
