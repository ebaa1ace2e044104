// Toy as the system of a world of tests, with its double at hand for what people do there:
// `const { system, toy } = toyAtHand(); useSync({ system });`.
import type { Capabilities } from '../../../lib/integrations/integration.ts';
import type { SystemOfWorld } from '../system-of-world.ts';
import { asSimulator } from './as-simulator.ts';
import { toySystem } from './beside-the-engine.ts';
import { startToy, type ToyServer } from './double/server.ts';
import { capabilities } from './system/capabilities.ts';

/** `changes`: Toy and its double promise something else. `toy`: the double of the test that runs. */
export function toyAtHand(changes: Partial<Capabilities> = {}): {
  system: SystemOfWorld;
  toy: () => ToyServer;
} {
  let double: ToyServer | undefined;
  const promised = { ...capabilities, ...changes };
  return {
    toy() {
      if (!double) throw new Error('toyAtHand: only inside hooks and tests');
      return double;
    },
    system: {
      ...toySystem(changes),
      async open(clock) {
        double = await startToy({ promised, now: () => clock.now().getTime() });
        return asSimulator(double);
      },
    },
  };
}
