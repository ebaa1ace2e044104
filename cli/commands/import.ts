import { createReadStream } from 'node:fs';
import type { Field } from '../../lib/catalogue/entity.ts';
import type { Config } from '../../lib/config/config.ts';
import { customerOf } from '../../lib/config/entity.ts';
import { stat } from 'node:fs/promises';
import { InvalidArgumentError } from 'commander';
import { readHolders } from '../../db/health/reports.ts';
import { isRelayLease } from '../../db/relay/shards.ts';
import type { Db } from '../../db/server/connection.ts';
import { systemClock } from '../../lib/clock.ts';
import { foldName, moreFieldsOf, targets, type Mapping } from '../../lib/customers/import/columns.ts';
import { isEncoding } from '../../lib/customers/import/encoding.ts';
import { readRows, type Passed } from '../../lib/customers/import/rows.ts';
import { importAll } from '../../lib/customers/import/summary.ts';
import { UnreadableFile } from '../../lib/customers/import/unreadable.ts';
import { hasCode } from '../embedded/files.ts';
import { CliError, exit } from '../exit.ts';
import { sayLayout, saySummary } from '../import/report.ts';
import type { CommandContext } from '../command-context.ts';
import { createProgress } from '../progress.ts';
import { findRunning } from '../running.ts';
import { loadConfigAndCatalogue } from '../../lib/process/load-config.ts';
import { withDatabase } from '../session.ts';
import { labelsOf } from '../systems.ts';
import { describeUnmatched, readUnmatched } from '../unmatched.ts';
import { listenForStop } from '../../lib/process/stopping.ts';

type Options = {
  update?: boolean;
  dryRun?: boolean;
  delimiter?: string;
  map?: Mapping[];
  namesFromEmail?: boolean;
  encoding?: string;
  json?: boolean;
};

const ORIGIN = { context: { actor: 'twinbox import' } };

/** The fields that --map can name. */
const FIELDS = targets.join(', ');

export function addImport({ program, output, finish, systems }: CommandContext): void {
  program
    .command('import')
    .argument('<file>', 'the file, or - for standard input')
    .option('--update', 'change existing customers that have other values')
    .option('--dry-run', 'write nothing, and say what an import would do')
    .option(
      '--map <column=field>',
      `which column, by its name or position, has which field: ${FIELDS}, or another field of the configuration`,
      addMapping,
    )
    .option(
      '--names-from-email',
      'accept a file without names: the part of the email before the @ becomes the name',
    )
    .option(
      '--delimiter <character>',
      'the character between the fields, if it is not recognised',
      toDelimiter,
    )
    .option(
      '--encoding <name>',
      'the encoding of a file that is not Unicode, such as windows-1252',
      toEncoding,
    )
    .option('--json', 'print the summary as JSON')
    .addHelpText(
      'after',
      `
The columns name and email are recognised by their names, also those in exports of Stripe, HubSpot, Google Contacts,
Shopify, Salesforce and QuickBooks. A first and a last name are joined to one name.
A customer is identified by its email, or by the identity that the configuration names. If you run the import again, rows with equal values are skipped; rows with other
values are reported, or changed with --update.
Exit status: 0 if every row is in the database as the file has it, otherwise 1; each row that is not is named by its line.

Examples:
  $ npx twinbox import data/chinook-customers.csv
  $ npx twinbox import data/chinook-customers.csv --dry-run
  $ npx twinbox import members.csv --map 'Mail=email' --map 'Member=name'
  $ psql -c 'copy (select name, email from people) to stdout csv header' | npx twinbox import - --update`,
    )
    .action(async (file: string, options: Options) =>
      finish(await runImport(file, options, { output, systems })),
    );
}

async function runImport(
  file: string,
  options: Options,
  { output, systems }: Pick<CommandContext, 'output' | 'systems'>,
): Promise<number> {
  const { update = false, dryRun = false, json = false, delimiter, map, namesFromEmail, encoding } = options;
  const config = loadConfigAndCatalogue();
  const entity = customerOf(config);
  const fields = moreFieldsOf(entity);
  const columns = mapped(map, fields);
  const source = await openSource(file);
  const stopping = listenForStop();
  const stop = new AbortController();
  void stopping.requested.then(() => stop.abort());
  try {
    return await withDatabase(
      async ({ database: { db } }) => {
        const progress = createProgress(output, 'rows');
        let passed: Passed | undefined;
        const rows = readRows(source.stream, {
          ...{ delimiter, map: columns, namesFromEmail, encoding, fields },
          onLayout: (layout) => sayLayout(layout, output),
          onEnd: (counted) => (passed = counted),
        });
        const { summary, whole } = await importAll(rows, {
          ...{ db, entity, clock: systemClock, origin: ORIGIN, nudge: () => undefined },
          ...{ onExisting: update ? 'update' : 'report', dryRun, signal: stop.signal },
          onDone: ({ rows, bytes }) => progress.update(rows, source.fraction(bytes)),
        }).catch((error: unknown) => {
          throw error instanceof UnreadableFile ? new CliError(exit.failed, error.message) : error;
        });
        progress.end();
        if (json) output.printJson({ ...summary, passed });
        else saySummary(summary, { passed, dryRun }, output);
        if (!whole) {
          output.say(
            'Stopped before the end. Run the import again for the other rows; the imported rows are then skipped.',
          );
          return exit.interrupted;
        }
        if (!dryRun && summary.created + summary.updated > 0 && !(await hasRelay(db, config))) {
          output.say(
            `No relay runs that would bring these customers to ${labelsOf(systems)}. Start one: npx twinbox up`,
          );
        }
        for (const system of systems.enabled(config)) {
          const unmatched = await readUnmatched(db, system);
          for (const line of unmatched && !json ? describeUnmatched(unmatched) : []) output.say(line);
        }
        return summary.bad.length + summary.different.length > 0 ? exit.failed : exit.ok;
      },
      { config },
    );
  } finally {
    stopping.dispose();
    source.stream.destroy();
  }
}

async function hasRelay(db: Db, { dataDir }: Pick<Config, 'dataDir'>): Promise<boolean> {
  if (await findRunning(dataDir)) return true;
  return (await readHolders(db)).some(({ name }) => isRelayLease(name));
}

async function openSource(file: string) {
  if (file === '-') return { stream: process.stdin, fraction: (): undefined => undefined };
  try {
    const info = await stat(file);
    if (info.isDirectory()) throw new CliError(exit.usage, `${file} is a folder, not a CSV file.`);
    const stream = createReadStream(file);
    // The part of the file that is imported, not the part that is read: a small file is read at
    // once. A pipe has no size.
    const fraction = (done: number): number | undefined =>
      info.size > 0 ? Math.min(1, done / info.size) : undefined;
    return { stream, fraction };
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'EACCES', 'ENOTDIR')) throw error;
    throw new CliError(
      exit.usage,
      `${file} cannot be read: ${hasCode(error, 'EACCES') ? 'no permission' : 'there is no such file'}.`,
    );
  }
}

function toDelimiter(text: string): string {
  const character = text === '\\t' || text === 'tab' ? '\t' : text;
  if (character.length !== 1 || /["\r\n]/.test(character))
    throw new InvalidArgumentError('It must be one character and not a quote; write tab for a tabulator.');
  return character;
}

function toEncoding(text: string): string {
  if (isEncoding(text)) return text;
  throw new InvalidArgumentError(
    'It must be the name of an encoding: utf-8, utf-16le, windows-1252, shift_jis …',
  );
}

/** `E-mail 1 - Value=email`: the last = separates the column and the field. */
function addMapping(text: string, before: Mapping[] = []): Mapping[] {
  const equals = text.lastIndexOf('=');
  const [column, target] = [text.slice(0, equals).trim(), text.slice(equals + 1).trim()];
  if (equals < 1 || column === '')
    throw new InvalidArgumentError(
      `It must have the form 'E-mail 1 - Value=email'; the fields are ${FIELDS}, and those of the configuration.`,
    );
  return [...before, { column, target }];
}

/** With the fields as they are written; which there are is known once the configuration is read. */
function mapped(map: readonly Mapping[] = [], fields: readonly Field[]): Mapping[] {
  const known = [...targets, ...fields.map(({ name }) => name)];
  return map.reduce<Mapping[]>((before, { column, target: given }) => {
    const target = known.find((one) => foldName(one) === foldName(given));
    if (target === undefined)
      throw new CliError(
        exit.usage,
        `--map ${column}=${given}: ${given === '' ? 'a field is missing behind the =' : `there is no field ${given}`}; the fields are ${known.join(', ')}.`,
      );
    if (before.some((one) => one.target === target))
      throw new CliError(exit.usage, `--map: a column for ${target} is given twice.`);
    return [...before, { column, target }];
  }, []);
}
