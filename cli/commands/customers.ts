import { InvalidArgumentError, type Command } from 'commander';
import { LIMIT_MAX, toLimit } from '../choices.ts';
import type { CommandContext } from '../command-context.ts';
import { exit } from '../exit.ts';
import { table } from '../output.ts';
import { withSource } from '../with-source.ts';

type Options = { after?: string; limit: number; json?: boolean };

export function addCustomers(context: CommandContext): void {
  const customers = context.program.command('customers').addHelpText(
    'after',
    `
Examples:
  $ npx twinbox customers changes --after now
  $ npx twinbox customers changes --after "$POSITION" --json`,
  );
  addChanges(customers, context);
}

function addChanges(customers: Command, { output, finish, systems }: CommandContext): void {
  customers
    .command('changes')
    .description('list every change after a position, deletions included, in the order of the commits')
    .option(
      '--after <position>',
      'the position of the page before, or now; else the oldest that is kept',
      toPlace,
    )
    .option('--limit <number>', `the most changes, up to ${LIMIT_MAX}`, toLimit, 100)
    .option('--json', 'print the page as JSON, with the position for the next one')
    .addHelpText(
      'after',
      `
docs/api.md says how to follow the changes ("Following"); \`twinbox tail\` shows them as they happen.

Examples:
  $ npx twinbox customers changes --after now --json | jq -r .position
  $ npx twinbox customers changes --after "$POSITION"`,
    )
    .action(async ({ after, limit, json = false }: Options) => {
      const page = await withSource(systems, (source) => source.customerChanges({ after, limit }));
      if (json) output.printJson(page);
      else {
        const rows = page.changes.map((change) =>
          ['changed_at', 'type', 'id', 'version', 'source', 'event_id'].map((name) => String(change[name])),
        );
        if (rows.length > 0)
          for (const line of table([['when', 'what', 'customer', 'version', 'source', 'event'], ...rows]))
            output.print(line);
        else
          output.say(
            page.more ? 'None among the events that were looked at; go on.' : 'Nothing has changed.',
          );
        output.say(`${page.more ? 'There are more' : 'Next'}: --after ${page.position}`);
      }
      finish(exit.ok);
    });
}

function toPlace(text: string): string {
  if (!/^[0-9a-z.-]{3,15000}$/.test(text))
    throw new InvalidArgumentError('It must be a whole position, as an answer gave it, or now.');
  return text;
}
