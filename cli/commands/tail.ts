import { InvalidArgumentError } from 'commander';
import { systemClock } from '../../lib/clock.ts';
import { listenForStop } from '../../lib/process/stopping.ts';
import { shortTime } from '../choices.ts';
import type { CommandContext } from '../command-context.ts';
import { exit } from '../exit.ts';
import { expiredPosition } from '../source.ts';
import { withSource } from '../with-source.ts';

type Options = { after?: string; count?: number; json?: boolean };

export function addTail({ program, output, finish, systems }: CommandContext): void {
  program
    .command('tail')
    .option('--after <position>', 'begin after this place, as a line of --json gave it, or now', toPosition)
    .option('--count <number>', 'end after this many lines', toCount)
    .option('--json', 'print one object a line, the last of each batch with the position')
    .addHelpText(
      'after',
      `
A line is a row that changed: several changes of one row within a quarter of a second are one line. The values are not shown.
Ctrl-C ends the command with status 0. With TWINBOX_API_URL the command reads the stream of that API, and takes it up again
when the connection is lost.

Examples:
  $ npx twinbox tail
  $ npx twinbox tail --json | jq 'select(.kinds | index("deleted"))'`,
    )
    .action(async ({ after, count = Infinity, json = false }: Options) => {
      const stopping = listenForStop();
      const stop = new AbortController();
      void Promise.race([stopping.requested, output.gone]).then(() => stop.abort());
      let printed = 0;
      try {
        const ended = await withSource(systems, (source) =>
          source.follow(
            // Without a position it begins now.
            after === 'now' ? undefined : after,
            ({ rows, position }) => {
              if (printed === 0 && rows.length === 0 && !json)
                output.say('Waiting for changes; Ctrl-C ends.');
              for (const [at, row] of rows.entries()) {
                if (printed >= count) break;
                printed += 1;
                const { entity, id, version, kinds } = row;
                if (json) output.printJsonLine({ ...row, ...(at === rows.length - 1 && { position }) });
                else
                  output.print(
                    `${shortTime(systemClock.now())}  ${entity} ${id}  ${kinds.join(', ')}, version ${version}`,
                  );
              }
              if (printed >= count) stop.abort();
            },
            stop.signal,
          ),
        );
        if (ended === 'position_expired') throw expiredPosition();
      } finally {
        stopping.dispose();
      }
      finish(exit.ok);
    });
}

function toPosition(text: string): string {
  if (!/^[0-9a-z.-]{3,15000}$/.test(text))
    throw new InvalidArgumentError('It must be a whole position, as an answer gave it, or now.');
  return text;
}

function toCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new InvalidArgumentError('It must be a whole number from 1.');
  return count;
}
