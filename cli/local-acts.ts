// The acts of a command that works on the database itself.
import { readPlanPage } from '../db/replays/plans.ts';
import type { Selection } from '../db/replays/selection.ts';
import { systemClock } from '../lib/clock.ts';
import { customerOf } from '../lib/config/entity.ts';
import type { Registry } from '../lib/integrations/registry.ts';
import { closeSelected } from '../lib/operations/closing.ts';
import { createLaneOperations } from '../lib/operations/lanes.ts';
import { actOnReplay } from '../lib/operations/replay-jobs.ts';
import { plan } from '../lib/operations/replay-plan.ts';
import { readSelection, type SelectionWords } from '../lib/operations/selection-words.ts';
import { eachPair, type Acts } from './acts.ts';
import { commandActor } from './actor.ts';
import { demandSelected } from './selected.ts';
import type { Session } from './session.ts';
import { chosenSystems } from './systems.ts';

/** The commands that close take what is closed as their argument. */
const argument = (word: string): string => (word === 'id' ? '<event...>' : `<${word}>`);

export function createLocalActs({ config, database: { db } }: Session, systems: Registry): Acts {
  const entity = customerOf(config);
  const actor = commandActor();
  const lanes = createLaneOperations({ db, clock: systemClock, entity });
  const select = async (words: SelectionWords): Promise<Selection> => {
    const names = systems.enabled(config).map(({ name }) => name);
    const of = { systems: names, entity: entity.name, now: systemClock.now() };
    return demandSelected(await readSelection(db, words, of), argument);
  };
  return {
    chosen: (named) => Promise.resolve(chosenSystems(systems, config, named)),
    pause: (asked, reason) => lanes.pause(asked, { actor, reason }),
    resume(asked, reason) {
      const { writes } = systems.get(asked.system).settings(config);
      return lanes.resume({ ...asked, writes }, { actor, reason });
    },
    actOnReplay: (id, verb, reason) => actOnReplay({ db, clock: systemClock }, { id, verb, reason, actor }),
    async preview(words, most) {
      const { hash, counts } = await plan(db, await select(words), systemClock.now());
      const found = await readPlanPage(db, { hash, after: 0, limit: most });
      return { pairs: counts.pairs, first: eachPair(found) };
    },
    async close(words, reason) {
      const selection = await select(words);
      return closeSelected({ db, clock: systemClock }, { selection, reason, actor });
    },
  };
}
