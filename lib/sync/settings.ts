import type { Backoff } from '../backoff.ts';
import type { Rates } from '../limits/limiter.ts';

/** What the settings say about one system. */
export interface SyncPolicy {
  /** TWINBOX_ENV; with the instance id it makes keys that no other installation shares. */
  environment: string;
  instanceId: string;
  /** False: observe only; nothing is sent but reads (STRIPE_WRITES=off). */
  writes: boolean;
  /** False: nothing of theirs is written to our table (STRIPE_PULLS=off). */
  pulls: boolean;
  deletes: 'delete' | 'detach';
  /** What a record without our owner tag does when its email is that of an unlinked row. */
  linkByEmail: 'ask' | 'link' | 'never';
  /**
   * Whether the system is asked for records with the row's email before one is made
   * (STRIPE_LOOK_BEFORE_CREATE).
   */
  looksBeforeCreate: boolean;
  /** Whether an unmatched record becomes a row of ours. */
  imports: boolean;
  /** What time may cure is parked once the entity has been failing this long. */
  parkAfterMs: number;
  backoff: Backoff;
  /** How many requests a second the system allows; null: no limit. */
  rates: Rates | null;
}
