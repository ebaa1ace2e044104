/** The customers of a test clock: they name it when they are made, and it takes a few. */
import type { Call } from '../http/call.ts';
import { noSuchParameter, refuse } from '../http/errors.ts';
import type { TestClock } from './objects.ts';

/** docs.stripe.com/billing/testing/test-clocks/api-advanced-usage, "Limitations". */
const MOST_CUSTOMERS = 3;

/** The clock that a parameter names. */
export function readClock({ account }: Call, id: string): TestClock {
  return account.testClocks.get(id)?.value ?? noSuchParameter('test clock', id, 'test_clock');
}

/** Refuses one customer more than a clock takes. */
export function refuseFullClock({ account }: Call, clock: TestClock): void {
  const there = account.customers.living.filter(({ value }) => value?.test_clock === clock.id).length;
  if (there >= MOST_CUSTOMERS) {
    refuse(`You can only create up to ${MOST_CUSTOMERS} customers for a test clock.`, {
      param: 'test_clock',
    });
  }
}
