// Toy as the system of a world of tests: `useSync({ system: toySystem() })`.
import type { Capabilities, EventFeed } from '../../../lib/integrations/integration.ts';
import type { SystemOfWorld } from '../system-of-world.ts';
import { asSimulator } from './as-simulator.ts';
import { startToy, ACCOUNT, TOKEN } from './double/server.ts';
import { capabilities } from './system/capabilities.ts';
import { createToyIntegration } from './system/toy.ts';

/** `changes`: Toy and its double promise something else. */
export function toySystem(
  changes: Partial<Capabilities> = {},
  feedBy: EventFeed['by'] = 'time',
): SystemOfWorld {
  const promised = { ...capabilities, ...changes };
  return {
    name: 'toy',
    externalType: 'person',
    account: ACCOUNT,
    open: async (clock) => asSimulator(await startToy({ promised, now: () => clock.now().getTime() })),
    integrate: (url, instanceId) =>
      createToyIntegration({ url, token: TOKEN, instanceId }, { capabilities: promised, feedBy }),
  };
}
