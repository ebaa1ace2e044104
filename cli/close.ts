// Closing, for `groups close` and `events close`.
import type { SelectionWords } from '../lib/operations/selection-words.ts';
import type { CommandContext } from './command-context.ts';
import { CliError, exit } from './exit.ts';
import { count } from './output.ts';
import { withSource } from './with-source.ts';

/** Returns the exit status. */
export async function close(
  { output, systems }: CommandContext,
  words: SelectionWords,
  { reason, json = false }: { reason: string; json?: boolean },
): Promise<number> {
  if (reason.trim() === '') throw new CliError(exit.usage, 'Nothing was done: say why with --reason.');
  const { selected, closed, left } = await withSource(systems, (source) => source.close(words, reason));
  if (json) output.printJson({ selected, closed, left });
  else {
    output.say(`${count(closed, 'pair')} closed. A new event or a replay opens a pair again.`);
    if (left > 0)
      output.say(`${count(left, 'pair')} left: not parked or waiting at rest, or closed already.`);
  }
  return closed > 0 ? exit.ok : exit.nothingMatched;
}
