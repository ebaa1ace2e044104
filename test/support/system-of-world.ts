// What takes Stripe's place in a world of the tests.
import type { Integration } from '../../lib/integrations/integration.ts';
import type { StoredEvent } from '../../simulator/objects/objects.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import type { TestClock } from './clock.ts';

/** A system with a double that the histories can use. */
export interface SystemOfWorld {
  name: string;
  externalType: string;
  account: string;
  /** Started on this clock; what it does not have of the simulator throws when it is used. */
  open(clock: TestClock): Promise<Simulator>;
  integrate(url: string, instanceId: string): Integration;
}

/** An event as its system sends it: Stripe's are sent as the simulator stores them. */
export function onTheWire(simulator: Simulator, event: StoredEvent): unknown {
  const { wire } = simulator as Simulator & { wire?: (event: StoredEvent) => unknown };
  return wire ? wire(event) : event;
}
