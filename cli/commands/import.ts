import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { InvalidArgumentError } from 'commander';
import { readCustomer } from '../../db/customers.ts';
import { readHolders } from '../../db/reports.ts';
import { systemClock } from '../../lib/clock.ts';
import { createCustomerStore } from '../../lib/customers.ts';
import { hasCode } from '../embedded/files.ts';
import { CliError, exit } from '../exit.ts';
import { importRows, type Refused, type Summary } from '../import/import-rows.ts';
import { readRows } from '../import/rows.ts';
import { count, type Output } from '../output.ts';
import type { CommandContext } from '../program.ts';
import { createProgress } from '../progress.ts';
import { findRunning } from '../running.ts';
import { withDatabase } from '../session.ts';
import { listenForStop } from '../../lib/process/stopping.ts';

type Options = { update?: boolean; delimiter: string; json?: boolean };

export function addImport({ program, output, finish }: CommandContext): void {
  program
    .command('import')
    .description('bring customers in from a CSV file with the columns name and email')
    .argument('<file>', 'the file, or - for standard input')
    .option('--update', 'change customers that are there with other values')
    .option('--delimiter <character>', 'what separates the fields', toDelimiter, ',')
    .option('--json', 'print the summary as JSON')
    .addHelpText(
      'after',
      `
The email says who it is: run twice, equal rows are skipped, and others are reported, or changed with --update.
Exit status: 0 if every row is in the database as the file has it, else 1; the rows that are not are named by their line.

Examples:
  $ npx twinbox import data/chinook-customers.csv
  $ psql -c 'copy (select name, email from people) to stdout csv header' | npx twinbox import - --update`,
    )
    .action(async (file: string, options: Options) => finish(await runImport(file, options, output)));
}

const LISTED = 50;

async function runImport(file: string, options: Options, output: Output): Promise<number> {
  const { update = false, delimiter, json = false } = options;
  const source = await openSource(file);
  const stopping = listenForStop();
  const stop = new AbortController();
  void stopping.requested.then(() => stop.abort());
  try {
    return await withDatabase(async ({ config, database: { db } }) => {
      const progress = createProgress(output, 'rows');
      const rows = readRows(source.stream, {
        delimiter,
        onHeader: (unused) => {
          if (unused.length > 0)
            output.say(`Not used: the column${unused.length === 1 ? '' : 's'} ${unused.join(', ')}.`);
        },
      });
      const summary = await importRows(rows, {
        store: createCustomerStore({ db, clock: systemClock, nudge: () => undefined }),
        read: (id) => readCustomer(db, id),
        update,
        signal: stop.signal,
        onRow: (so) => progress.update(so.rows, source.fraction()),
      });
      progress.end();
      if (json) output.printJson(summary);
      else printSummary(summary, output);
      if (stop.signal.aborted) {
        output.say('Stopped before the end. Run it again for the rest: what is there is skipped.');
        return exit.interrupted;
      }
      const follows =
        (await findRunning(config.dataDir)) ?? (await readHolders(db)).find(({ name }) => name === 'relay');
      if (!follows && summary.created + summary.updated > 0) {
        output.say('Nothing runs that brings them to Stripe yet: npx twinbox up');
      }
      return summary.bad.length + summary.different.length > 0 ? exit.failed : exit.ok;
    });
  } finally {
    stopping.dispose();
    source.stream.destroy();
  }
}

async function openSource(file: string) {
  if (file === '-') return { stream: process.stdin, fraction: () => undefined };
  try {
    const info = await stat(file);
    if (info.isDirectory()) throw new CliError(exit.usage, `${file} is a folder, not a CSV file.`);
    const stream = createReadStream(file);
    // A pipe has no size.
    const fraction = (): number | undefined => (info.size > 0 ? stream.bytesRead / info.size : undefined);
    return { stream, fraction };
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'EACCES', 'ENOTDIR')) throw error;
    throw new CliError(
      exit.usage,
      `${file} cannot be read: ${hasCode(error, 'EACCES') ? 'no permission' : 'there is no such file'}.`,
    );
  }
}

function printSummary(summary: Summary, output: Output): void {
  const { rows, created, updated, skipped, different, bad } = summary;
  list(bad, output);
  list(different, output);
  output.print(
    [
      `${count(rows, 'row')}: ${created} created`,
      ...(updated > 0 ? [`${updated} changed`] : []),
      `${skipped} skipped (there already)`,
      ...(different.length > 0 ? [`${different.length} left as they are`] : []),
      ...(bad.length > 0 ? [`${bad.length} refused`] : []),
    ].join(', '),
  );
}

function list(refused: Refused[], output: Output): void {
  for (const { line, reason } of refused.slice(0, LISTED)) output.say(`line ${line}: ${reason}`);
  if (refused.length > LISTED) output.say(`… and ${refused.length - LISTED} more (--json lists them all)`);
}

function toDelimiter(text: string): string {
  const character = text === '\\t' || text === 'tab' ? '\t' : text;
  if (character.length !== 1)
    throw new InvalidArgumentError('It must be one character; tab for a tabulator.');
  return character;
}
