// The acts of a command that works on the database itself.
import { systemClock } from '../lib/clock.ts';
import { customerOf } from '../lib/config/entity.ts';
import type { Registry } from '../lib/integrations/registry.ts';
import { closeSelected } from '../lib/operations/closing.ts';
import { createLaneOperations } from '../lib/operations/lanes.ts';
import { actOnReplay } from '../lib/operations/replay-jobs.ts';
import { readSelection } from '../lib/operations/selection-words.ts';
import type { Acts } from './acts.ts';
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
  return {
    chosen: (named) => Promise.resolve(chosenSystems(systems, config, named)),
    pause: (asked, reason) => lanes.pause(asked, { actor, reason }),
    resume(asked, reason) {
      const { writes } = systems.get(asked.system).settings(config);
      return lanes.resume({ ...asked, writes }, { actor, reason });
    },
    actOnReplay: (id, verb, reason) => actOnReplay({ db, clock: systemClock }, { id, verb, reason, actor }),
    async close(words, reason) {
      const names = systems.enabled(config).map(({ name }) => name);
      const of = { systems: names, entity: entity.name, now: systemClock.now() };
      const selection = demandSelected(await readSelection(db, words, of), argument);
      return closeSelected({ db, clock: systemClock }, { selection, reason, actor });
    },
  };
}
