import { assertEventIdsFit } from '../../db/sequences/event-ids.ts';
import { migrate, planMigration } from '../../db/server/migrate.ts';
import { moveSequences, type Moved, type SequenceMove } from '../../db/sequences/move-forward.ts';
import { commandActor } from '../actor.ts';
import { exit } from '../exit.ts';
import { count, type Output } from '../output.ts';
import { assertMayAsk, isAgreed } from '../question.ts';
import { tableCatalogueOf } from '../../lib/process/table-catalogue.ts';
import type { CommandContext } from '../command-context.ts';
import { withDatabase } from '../session.ts';

export function addMigrate({ program, output, finish }: CommandContext): void {
  program
    .command('migrate')
    .option(
      '--time-zone <name>',
      'the zone of times without a zone in an existing table customers, such as Europe/Berlin; default: the session’s TimeZone',
    )
    .option('--plan', 'only say what would be done; nothing is changed')
    .option('--yes', 'do not ask before something changes the meaning of pairs that exist')
    .option(
      '--json',
      'print the names of the migrations that were run, and the notes about the table, as JSON',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ npx twinbox migrate
  $ DATABASE_URL=postgresql://user:password@db.example.com/twinbox npx twinbox migrate
  $ npx twinbox migrate --plan
  $ npx twinbox migrate --time-zone Europe/Berlin`,
    )
    .action(async ({ json = false, timeZone, plan = false, yes = false }: Options) => {
      if (plan) return finish(await showPlan(json, output));
      const notes: string[] = [];
      const say = json ? (sentence: string): void => void notes.push(sentence) : output.print;
      const done = await withDatabase(
        async ({ config, database: { db } }) => {
          const catalogue = tableCatalogueOf(config);
          const { problems, consequences } = await planMigration(db, catalogue);
          // Whoever is asked about what cannot be done anyway has read it in vain: `migrate` refuses it.
          if (problems.length === 0 && consequences.length > 0) {
            for (const sentence of consequences) output.say(sentence);
            assertMayAsk('migrate', yes);
            if (!yes && !(await isAgreed('Do this?', output))) return null;
          }
          const run = await migrate(db, { catalogue, timeZone, say, actor: commandActor() });
          await assertEventIdsFit(db);
          return { names: run, ...(await moveSequences(db)) };
        },
        { asItIs: true },
      );
      if (done === null) return finish(exit.failed);
      const { names, moved, stuck } = done;
      if (json) output.printJson({ migrated: names, notes, sequences: { moved, stuck } });
      else sayDone(done, output);
      finish(exit.ok);
    });
}

interface Options {
  json?: boolean;
  timeZone?: string;
  plan?: boolean;
  yes?: boolean;
}

function sayDone({ names, moved, stuck }: Moved & { names: string[] }, output: Output): void {
  const files = names.filter((name) => name.endsWith('.sql'));
  for (const name of names) output.print(name);
  output.say(
    names.length === 0
      ? 'Nothing to do: the schema is up to date.'
      : files.length === 0
        ? 'The tables are those of the configuration.'
        : `${count(files.length, 'file')} run.`,
  );
  for (const move of moved) output.say(sayMove(move));
  for (const { says, fix } of stuck) output.say(`${says}. ${fix}`);
}

async function showPlan(json: boolean, output: Output): Promise<number> {
  const { files, problems, additions, consequences } = await withDatabase(
    ({ config, database: { db } }) => planMigration(db, tableCatalogueOf(config)),
    { asItIs: true, mayCreate: false },
  );
  if (json) output.printJson({ files, problems, additions, consequences });
  else {
    for (const file of files) output.print(`run ${file}`);
    for (const sentence of [...additions, ...consequences]) output.print(sentence);
    for (const problem of problems) output.say(`This prevents it: ${problem}`);
    if (files.length + problems.length + additions.length + consequences.length === 0)
      output.say('Nothing to do: the schema and the tables are those of this version and configuration.');
  }
  return problems.length > 0 ? exit.failed : exit.ok;
}

/** An existing table that was taken over may have rows whose ids do not come from its sequence. */
function sayMove({ sequence, movedFrom, movedTo, widenedFrom }: SequenceMove): string {
  return [
    `The sequence ${sequence}`,
    ...(movedFrom === movedTo ? [] : [`was behind its rows and was moved from ${movedFrom} to ${movedTo}`]),
    ...(widenedFrom === null
      ? []
      : [`${movedFrom === movedTo ? '' : 'and '}was too small (${widenedFrom}) and is bigint now`]),
  ]
    .join(' ')
    .concat('.');
}
