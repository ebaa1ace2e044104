/**
 * The customers of a test clock: they name the clock when they are created, and it accepts a few.
 */
import type { Call } from '../http/call.ts';
import { noSuchParameter, refuse } from '../http/errors.ts';
import type { TestClock } from './objects.ts';

/** docs.stripe.com/billing/testing/test-clocks/api-advanced-usage, "Limitations". */
const MOST_CUSTOMERS = 3;

/** The clock that a parameter names. */
export function readClock({ account }: Call, id: string): TestClock {
  return account.testClocks.get(id)?.value ?? noSuchParameter('test clock', id, 'test_clock');
}

/** Refuses a customer if the clock has its full number already. */
export function refuseFullClock({ account }: Call, clock: TestClock): void {
  const count = account.customers.living.filter(({ value }) => value?.test_clock === clock.id).length;
  if (count >= MOST_CUSTOMERS) {
    refuse(`You can only create up to ${MOST_CUSTOMERS} customers for a test clock.`, {
      param: 'test_clock',
    });
  }
}
