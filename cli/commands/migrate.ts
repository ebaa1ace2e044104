import { assertEventIdsFit } from '../../db/sequences/event-ids.ts';
import { migrate } from '../../db/server/migrate.ts';
import { moveSequences, type SequenceMove } from '../../db/sequences/move-forward.ts';
import { exit } from '../exit.ts';
import { count } from '../output.ts';
import type { CommandContext } from '../command-context.ts';
import { withDatabase } from '../session.ts';

export function addMigrate({ program, output, finish }: CommandContext): void {
  program
    .command('migrate')
    .description('bring the database to the schema of this version; `up` does this for an embedded database')
    .option(
      '--time-zone <name>',
      'the zone of times without a zone in an existing table customers, such as Europe/Berlin; default: the session’s TimeZone',
    )
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
  $ npx twinbox migrate --time-zone Europe/Berlin`,
    )
    .action(async ({ json = false, timeZone }: { json?: boolean; timeZone?: string }) => {
      const notes: string[] = [];
      const say = json ? (sentence: string): void => void notes.push(sentence) : output.print;
      const { names, moved, stuck } = await withDatabase(
        async ({ database: { db } }) => {
          const run = await migrate(db, { timeZone, say });
          await assertEventIdsFit(db);
          return { names: run, ...(await moveSequences(db)) };
        },
        { asItIs: true },
      );
      if (json) output.printJson({ migrated: names, notes, sequences: { moved, stuck } });
      else {
        for (const name of names) output.print(name);
        output.say(
          names.length === 0
            ? 'Nothing to do: the schema is up to date.'
            : `${count(names.length, 'file')} run.`,
        );
        for (const move of moved) output.say(sayMove(move));
        for (const { says, fix } of stuck) output.say(`${says}. ${fix}`);
      }
      finish(exit.ok);
    });
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
