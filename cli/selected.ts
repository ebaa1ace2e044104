// What the words of a command select, for the commands that replay and close.
import type { Selection } from '../db/replays/selection.ts';
import type { Selected } from '../lib/operations/selection-words.ts';
import { CliError, exit } from './exit.ts';

/**
 * Throws the CliError of words that are wrong, or of a group that is not there now. `named`: how the command
 * takes a word, where that is not an option.
 */
export function demandSelected(
  selected: Selected,
  named: (word: string) => string = (word) => `--${word}`,
): Selection {
  switch (selected.outcome) {
    case 'selected':
      return selected.selection;
    case 'no_group':
      throw new CliError(exit.nothingMatched, `No open pair is in a group ${selected.fingerprint} now.`);
    case 'invalid':
      throw new CliError(
        exit.usage,
        selected.violations.map(({ pointer, detail }) => `${named(pointer.slice(1))} ${detail}`).join('; '),
      );
  }
}
