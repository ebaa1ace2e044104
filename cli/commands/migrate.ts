import { migrate } from '../../db/migrate.ts';
import { exit } from '../exit.ts';
import { count } from '../output.ts';
import type { CommandContext } from '../program.ts';
import { withDatabase } from '../session.ts';

export function addMigrate({ program, output, finish }: CommandContext): void {
  program
    .command('migrate')
    .description('bring the database up to this version’s schema; `up` does it by itself for an embedded one')
    .option('--json', 'print the names of the files that were run, and what was said of the table, as JSON')
    .addHelpText(
      'after',
      `
Examples:
  $ npx twinbox migrate
  $ DATABASE_URL=postgresql://user:password@db.example.com/twinbox npx twinbox migrate`,
    )
    .action(async ({ json = false }: { json?: boolean }) => {
      const notes: string[] = [];
      const say = (sentence: string): void => void notes.push(sentence);
      const names = await withDatabase(({ database }) => migrate(database.db, say), { asItIs: true });
      if (json) output.printJson({ migrated: names, notes });
      else {
        for (const name of names) output.print(name);
        for (const note of notes) output.say(note);
        output.say(
          names.length === 0
            ? 'Nothing to do: the schema is up to date.'
            : `${count(names.length, 'file')} run.`,
        );
      }
      finish(exit.ok);
    });
}
