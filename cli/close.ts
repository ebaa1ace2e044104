// Closing, for `groups close` and `events close`: what would be closed is shown and agreed to first.
import type { SelectionWords } from '../lib/operations/selection-words.ts';
import type { Preview } from './acts.ts';
import type { CommandContext } from './command-context.ts';
import { CliError, exit } from './exit.ts';
import { count, table, type Output } from './output.ts';
import { assertMayAsk, isAgreed } from './question.ts';
import { withSource } from './with-source.ts';

export type CloseOptions = { reason: string; yes?: boolean; json?: boolean };

/** More pairs are counted and not listed. */
const SHOWN = 20;

/** `command`: as the person has typed it. Returns the exit status. */
export async function close(
  { output, systems }: CommandContext,
  command: string,
  words: SelectionWords,
  { reason, yes = false, json = false }: CloseOptions,
): Promise<number> {
  if (json && !yes)
    throw new CliError(exit.usage, 'Nothing was done: with --json nothing is asked. Add --yes to close.');
  return withSource(systems, async (source) => {
    if (!json) {
      const preview = await source.preview(words, SHOWN);
      if (preview.pairs === 0) {
        output.say('Nothing matched.');
        return exit.nothingMatched;
      }
      show(preview, output);
      assertMayAsk(`twinbox ${command}`, yes);
      if (!yes && !(await isAgreed(`Close ${count(preview.pairs, 'pair')}?`, output))) return exit.ok;
    }
    const { selected, closed, left } = await source.close(words, reason);
    if (json) output.printJson({ selected, closed, left });
    else {
      output.say(`${count(closed, 'pair')} closed. A new event or a replay opens a pair again.`);
      if (left > 0)
        output.say(`${count(left, 'pair')} left: not parked or waiting at rest, or closed already.`);
    }
    return closed > 0 ? exit.ok : exit.nothingMatched;
  });
}

function show({ pairs, first }: Preview, output: Output): void {
  const rows = first.map(({ rowId, mappingId, state, reason, eventId }) => [
    rowId === null ? `mapping ${mappingId}` : `customer ${rowId}`,
    ...[state ?? '–', reason ?? '–', eventId ?? '–'],
  ]);
  for (const line of table(rows)) output.print(line);
  if (pairs > first.length) output.print(`and ${pairs - first.length} more`);
}
