/**
 * The parts of a simulator that the control routes use; a test in the same process uses the handle.
 */
import type { Clock } from '../clock.ts';
import type { Keys } from '../http/keys.ts';
import type { Rules } from '../http/call.ts';
import type { RateLimiter } from '../http/rate-limits.ts';
import type { Customer, Endpoint, StoredEvent } from '../objects/objects.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';
import type { Dashboard } from './dashboard.ts';
import type { EndpointControl } from './endpoints.ts';
import type { Faults } from './faults.ts';
import type { Ledger } from './ledger.ts';

export type ControlParts = {
  clock: Clock;
  faults: Faults;
  ledger: Ledger;
  rateLimits: Pick<RateLimiter, 'get' | 'set'>;
  keys: Keys;
  dashboard: Dashboard;
  webhooks: Webhooks & EndpointControl;
  rules: { get(): Rules; set(changes: Partial<Rules>): void };
  /** Customers that are not deleted, oldest first. */
  customers(account?: string): Customer[];
  /** All events kept, oldest first. */
  events(account?: string): StoredEvent[];
  endpoints(account?: string): Endpoint[];
  /** Deletes everything: all accounts, keys, the ledger, faults, the clock's offset. */
  reset(): void;
};
