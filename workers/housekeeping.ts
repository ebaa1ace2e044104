// What keeps the house: finds what the bus lost and what no webhook brought, and has partitions ready before they are needed.
import type { Bus } from '../lib/bus/bus.ts';
import { keyPrefix } from '../lib/sync/intent.ts';
import { closeReceiveGap } from '../lib/sync/receive-gap.ts';
import type { SyncDeps } from '../lib/sync/step.ts';
import { sweep } from '../lib/sync/sweep.ts';
import { keepPartitions } from '../db/partitions.ts';
import { inboundGroup, outboundGroup } from './receiver.ts';

export interface HousekeepingStatus {
  /** Events that had no delivery although the bus should have brought them; normally 0. */
  receivedFromTable: number;
}

export interface HousekeptLane {
  deps: SyncDeps;
  wake: () => void;
  /** Bound: the key is of the account that the database belongs to. Until that is known nothing is asked with it. */
  lane: { status(): { bound: boolean } };
}

export interface HousekeepingOptions {
  retentionDays: number;
  /** The beginning of the groups' names. */
  groupId: string;
  bus: Pick<Bus, 'progress'>;
}

export function createHousekeeping(
  lanes: HousekeptLane[],
  { retentionDays, groupId, bus }: HousekeepingOptions,
) {
  const status: HousekeepingStatus = { receivedFromTable: 0 };

  async function runOnce(signal: AbortSignal): Promise<number> {
    let left = 0;
    const first = lanes[0]?.deps;
    if (first) await keepPartitionsOf(first, retentionDays);
    for (const { deps, lane } of lanes)
      if (lane.status().bound && (await sweep(deps, { retentionDays, signal })).more) left += 1;
    // Last: with Kafka away it cannot be done, and nothing else has to wait for that.
    for (const lane of lanes) if (await closeGap(lane)) left += 1;
    return left;
  }

  async function closeGap({ deps, wake }: HousekeptLane): Promise<boolean> {
    const { db, clock, log } = deps;
    const { system, document } = deps.integration;
    const gap = await closeReceiveGap(
      { db, clock, wake, bus },
      {
        system,
        externalType: document.externalType,
        keyPrefix: keyPrefix(deps),
        groups: { outbound: outboundGroup(groupId, system), inbound: inboundGroup(groupId) },
      },
    );
    if (gap.found > 0) {
      status.receivedFromTable += gap.found;
      log.warn('receive.gap', { system, found: gap.found });
    }
    return gap.more;
  }

  return { runOnce, status: () => ({ ...status }) };
}

/** Has partitions ready before they are needed, and lets go of those that are old; says what it did. */
export async function keepPartitionsOf(
  { db, clock, log }: Pick<SyncDeps, 'db' | 'clock' | 'log'>,
  retentionDays: number,
): Promise<void> {
  const upkeep = await keepPartitions(db, { now: clock.now(), retentionDays });
  const { made, moved, dropped, closed, held, putOff } = upkeep;
  if (dropped.length + closed + held.length > 0) log.warn('partitions.kept', { ...upkeep });
  else if (made.length + moved + putOff.length > 0) log.debug('partitions.kept', { ...upkeep });
}
