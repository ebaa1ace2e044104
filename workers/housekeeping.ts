// Housekeeping: finds events that the bus lost, keeps the sequences ahead of their tables, and
// makes partitions before they are needed. The sweeps (sweeper.ts) find events that no webhook
// brought.
import type { Bus } from '../lib/bus/bus.ts';
import { topics } from '../lib/events/routing.ts';
import { createSampler, type Sampler, type SamplerDeps } from '../lib/health/samples.ts';
import { targetsOf } from '../lib/sync/kinds.ts';
import { logActions } from '../lib/operations/operator-log.ts';
import { keepSequences, logSequenceMoves } from '../lib/process/sequences.ts';
import { keyPrefix } from '../lib/sync/intent-key.ts';
import { closeReceiveGap } from '../lib/intake/receive-gap.ts';
import type { SyncDeps } from '../lib/sync/step.ts';
import { retireAudit } from '../db/audit.ts';
import { keepPartitions } from '../db/partitions/partitions.ts';
import { inboundGroup, outboundGroup } from './receiver.ts';
import { createRounds, type RoundsStatus } from './rounds.ts';

export interface HousekeepingStatus extends RoundsStatus {
  /**
   * Events that the bus should have delivered and that were found in the table instead; normally 0.
   */
  receivedFromTable: number;
}

export interface HousekeptLane {
  deps: SyncDeps;
  wake: () => void;
  /**
   * Bound: the key is of the account that the database belongs to. Until this is known,
   * housekeeping sends no request with the key.
   */
  lane: { status(): { bound: boolean } };
}

export interface HousekeepingOptions {
  retentionDays: number;
  /** How long the record of operations is kept; default 730. */
  auditDays?: number;
  /** The prefix of the names of the consumer groups. */
  groupId: string;
  bus: Pick<Bus, 'progress'>;
}

/**
 * How often the sequences are checked; writers and the relay move the sequence of the event ids
 * themselves.
 */
const SEQUENCES_EVERY_MS = 60_000;

export function createHousekeeping(
  lanes: HousekeptLane[],
  { retentionDays, auditDays = 730, groupId, bus }: HousekeepingOptions,
) {
  const rounds = createRounds();
  const first = lanes[0]?.deps;
  let receivedFromTable = 0;
  let sequencesAt = -Infinity;

  function stepsOf(first: SyncDeps): Step[] {
    const nothingLeft = (): boolean => false;
    return [
      ['actions', () => logActions(first).then(nothingLeft)],
      ['sequences', () => keepNumbers(first).then(nothingLeft)],
      ['audit', () => retireActions(first, auditDays).then(nothingLeft)],
      ['partitions', () => keepPartitionsOf(first, retentionDays).then(nothingLeft)],
      ['samples', () => samplerOf(first).runOnce().then(nothingLeft)],
      // Last, because it fails while Kafka does not answer.
      ...lanes.map((lane): Step => ['gap', () => closeGap(lane)]),
    ];
  }

  let sampler: Sampler | null = null;

  function samplerOf({ db, clock, log }: SyncDeps): Sampler {
    const systems = lanes.map(({ deps: { integration, policy } }) => ({
      ...{ system: integration.system, rate: policy.rates?.account ?? null },
    }));
    sampler ??= createSampler({ db, clock, log, systems, lag: lagOn(bus, groupId) });
    return sampler;
  }

  async function keepNumbers(deps: SyncDeps): Promise<void> {
    if (performance.now() - sequencesAt < SEQUENCES_EVERY_MS) return await logSequenceMoves(deps);
    await keepSequences(deps);
    sequencesAt = performance.now();
  }

  async function closeGap({ deps, wake }: HousekeptLane): Promise<boolean> {
    const { db, clock, log } = deps;
    const { system } = deps.integration;
    const gap = await closeReceiveGap(
      { db, clock, wake, bus, log },
      {
        system,
        targets: targetsOf(deps),
        keyPrefix: keyPrefix(deps),
        groups: { outbound: outboundGroup(groupId, system), inbound: inboundGroup(groupId) },
      },
    );
    if (gap.found > 0) {
      receivedFromTable += gap.found;
      log.warn('receive.gap', { system, found: gap.found });
    }
    return gap.more;
  }

  return {
    runOnce: (): Promise<number> =>
      rounds.make(async () => (first ? await runSteps(stepsOf(first), first.log) : 0)),
    status: (): HousekeepingStatus => ({ receivedFromTable, ...rounds.status() }),
  };
}

type Step = readonly [name: string, /** Whether something is left. */ work: () => Promise<boolean>];

/** How many steps left something. One that fails is tried again in the next round; the others do not wait for it. */
async function runSteps(steps: readonly Step[], log: SyncDeps['log']): Promise<number> {
  let left = 0;
  const failures: { step: string; error: unknown }[] = [];
  for (const [step, work] of steps) {
    try {
      if (await work()) left += 1;
    } catch (error) {
      failures.push({ step, error });
    }
  }
  const [worst, ...others] = failures;
  if (worst === undefined) return left;
  // The loop logs the error that is thrown; the others are logged here.
  for (const { step, error } of others) log.warn('housekeeping.step_failed', { step, error });
  throw worst.error;
}

function lagOn(bus: HousekeepingOptions['bus'], groupId: string): SamplerDeps['lag'] {
  return async (system, direction) => {
    const [topic, group] =
      direction === 'outbound'
        ? [topics.outbound, outboundGroup(groupId, system)]
        : [topics.inbound, inboundGroup(groupId)];
    const progress = await bus.progress(topic, group);
    return progress && progress.reduce((sum, { next, low, high }) => sum + high - Math.max(next, low), 0);
  };
}

/** Makes partitions before they are needed, drops old ones, and logs what it did. */
export async function keepPartitionsOf(
  { db, clock, log }: Pick<SyncDeps, 'db' | 'clock' | 'log'>,
  retentionDays: number,
): Promise<void> {
  const upkeep = await keepPartitions(db, { now: clock.now(), retentionDays });
  const { made, moved, dropped, closed, held, putOff } = upkeep;
  if (dropped.length + closed + held.length > 0) log.warn('partitions.kept', { ...upkeep });
  else if (made.length + moved + putOff.length > 0) log.debug('partitions.kept', { ...upkeep });
}

/** Removes the oldest part of the record of operations, and logs it. A part that does not fit stays, and is logged. */
async function retireActions(
  { db, clock, log }: Pick<SyncDeps, 'db' | 'clock' | 'log'>,
  days: number,
): Promise<void> {
  const now = clock.now();
  const cutoff = new Date(now.getTime() - days * DAY_MS);
  const { entries, lastId, broken } = await retireAudit(db, { cutoff, now });
  if (broken !== null)
    log.warn('audit.broken', { entry: broken, fix: 'npx twinbox verify --audit names what does not fit' });
  else if (entries > 0) log.info('audit.retired', { entries, up_to: lastId });
}

const DAY_MS = 86_400_000;
