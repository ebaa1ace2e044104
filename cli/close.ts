// Closing, for `groups close` and `events close`.
import { customerOf } from '../lib/config/entity.ts';
import { systemClock } from '../lib/clock.ts';
import { closeSelected } from '../lib/operations/closing.ts';
import { readSelection, type SelectionWords } from '../lib/operations/selection-words.ts';
import { commandActor } from './actor.ts';
import type { CommandContext } from './command-context.ts';
import { CliError, exit } from './exit.ts';
import { count } from './output.ts';
import { demandSelected } from './selected.ts';
import { withDatabase } from './session.ts';

/** Both commands take what is closed as their argument. */
const argument = (word: string): string => (word === 'id' ? '<event...>' : `<${word}>`);

/** Returns the exit status. */
export async function close(
  { output, systems }: CommandContext,
  words: SelectionWords,
  { reason, json = false }: { reason: string; json?: boolean },
): Promise<number> {
  if (reason.trim() === '') throw new CliError(exit.usage, 'Nothing was done: say why with --reason.');
  const result = await withDatabase(
    async ({ config, database: { db } }) => {
      const names = systems.enabled(config).map(({ name }) => name);
      const of = { systems: names, entity: customerOf(config).name, now: systemClock.now() };
      const selection = demandSelected(await readSelection(db, words, of), argument);
      const asked = { selection, reason, actor: commandActor() };
      return closeSelected({ db, clock: systemClock }, asked);
    },
    { mayCreate: false },
  );
  const { selected, closed, left } = result;
  if (json) output.printJson({ selected, closed, left });
  else {
    output.say(`${count(closed, 'pair')} closed. A new event or a replay opens a pair again.`);
    if (left > 0)
      output.say(`${count(left, 'pair')} left: not parked or waiting at rest, or closed already.`);
  }
  return closed > 0 ? exit.ok : exit.nothingMatched;
}
