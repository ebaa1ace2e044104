import type { Db } from '../../db/server/connection.ts';
import type { Clock } from '../clock.ts';
import type { SkippingDeps } from '../skipped.ts';

export interface ReceiveDeps {
  db: Db;
  clock: Clock;
  /** Wakes the reconcile loop once a new event is stored. */
  wake: () => void;
  log?: SkippingDeps['log'];
}
