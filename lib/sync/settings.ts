import type { Direction } from '../../db/limits/pauses.ts';
import type { Backoff } from '../backoff.ts';
import type { InboundDeletes, SystemSettings } from '../integrations/definition.ts';
import type { Rates } from '../limits/limiter.ts';

/** Which directions are paused, as the claim of the mapping read it. */
export type PausedLanes = Record<Direction, boolean>;

/** What a step goes by: the settings of its system, and those of the installation. */
export interface SyncPolicy extends Omit<SystemSettings, 'rates' | 'deletesIn'> {
  deletesIn: InboundDeletes;
  /** TWINBOX_ENV; with the instance id it makes keys that no other installation shares. */
  environment: string;
  instanceId: string;
  /** What time may cure is parked once the entity has been failing this long. */
  parkAfterMs: number;
  backoff: Backoff;
  /** How many requests a second the system allows; null: no limit. */
  rates: Rates | null;
}
