// Partition upkeep: makes partitions before they are needed, and drops those that are older than
// the retention.
//
// Every worker calls it every few seconds. Nearly always there is nothing to do: it reads the
// catalogue and the ends of a few indexes and returns. Work is done in short steps (step.ts), each
// decided from the database alone. docs/decisions/0020-partitions.md gives the reasons.
import type { Db } from '../server/connection.ts';
import { makePartition } from './attach.ts';
import { nextBlockStep, takeBlockStep } from './blocks.ts';
import { BLOCK, DAY_MS, partitionedTables, type PartitionedTable } from './plan.ts';
import { dropPartition, mayGo, readPassed } from './retention.ts';
import { nextGap, outdated, readPartitionState, type PartitionState } from './state.ts';
import type { Pass } from './step.ts';

export { partitionStatus, type PartitionStatus } from './status.ts';

export type PartitionOptions = {
  now: Date;
  retentionDays: number;
  /**
   * The most rows moved out of a default partition under one lock; a larger period is cut. Default
   * 50,000.
   */
  moveLimit?: number;
  /**
   * Called between any two statements that change something: tests stop or kill the process in it.
   */
  pass?: Pass;
};

/** What one round did. */
export type Upkeep = {
  made: string[];
  /** How many rows were moved from default partitions into new ones. */
  moved: number;
  /** The first id of the block to which the sequence was moved. */
  steppedTo: number | null;
  dropped: string[];
  /**
   * How many open deliveries were dropped with a partition; each has a row in closed_deliveries.
   */
  closed: number;
  /** Partitions older than the retention that the relay or the receive-gap walk has not passed. */
  held: string[];
  /** Tables that were left for a later round, because of another session's lock. */
  putOff: string[];
};

export async function keepPartitions(db: Db, options: PartitionOptions): Promise<Upkeep> {
  const upkeep: Upkeep = {
    made: [],
    moved: 0,
    steppedTo: null,
    dropped: [],
    closed: 0,
    held: [],
    putOff: [],
  };
  const { now, retentionDays, moveLimit = 50_000, pass = () => undefined } = options;
  const round: Round = { db, upkeep, now, retentionDays, moveLimit, pass };
  const before = await readPartitionState(db, now);
  // The step comes first: partitions must be ready ahead of the block to which it leads.
  if (!(await keepBlocks(round, before))) return upkeep;
  const state = upkeep.steppedTo === null ? before : await readPartitionState(db, now);
  for (const table of partitionedTables) {
    if (nextGap(table, state, retentionDays) && !(await fillGaps(round, table))) return upkeep;
  }
  await dropOutdated(round, state);
  return upkeep;
}

type Round = Required<PartitionOptions> & { db: Db; upkeep: Upkeep };

/** False if another process is doing upkeep: the round ends. */
async function fillGaps(round: Round, table: PartitionedTable): Promise<boolean> {
  const { db, upkeep, now, retentionDays } = round;
  for (;;) {
    const gap = nextGap(table, await readPartitionState(db, now), retentionDays);
    if (gap === undefined) return true;
    const outcome = await makePartition(db, table, gap, round);
    if (outcome.kind === 'busy') return false;
    if (outcome.kind === 'locked') {
      upkeep.putOff.push(table.name);
      return true;
    }
    upkeep.made.push(outcome.value.name);
    upkeep.moved += outcome.value.moved;
  }
}

async function keepBlocks({ db, upkeep, now, pass }: Round, state: PartitionState): Promise<boolean> {
  const step = nextBlockStep(state);
  if (step === null) return true;
  const outcome = await takeBlockStep(db, step, { now, pass });
  if (outcome.kind === 'locked') upkeep.putOff.push('sync_event_ids');
  if (outcome.kind === 'done' && outcome.value.kind === 'leave')
    upkeep.steppedTo = outcome.value.block + BLOCK;
  return outcome.kind !== 'busy';
}

async function dropOutdated(round: Round, state: PartitionState): Promise<void> {
  const { db, upkeep, now, retentionDays, pass } = round;
  const due = partitionedTables
    .map((table) => ({ table, partitions: outdated(table, state, retentionDays) }))
    .filter(({ partitions }) => partitions.length > 0);
  if (due.length === 0) return;
  const passed = await readPassed(db);
  const cutoff = new Date(now.getTime() - retentionDays * DAY_MS);
  for (const { table, partitions } of due) {
    for (const partition of partitions) {
      // Oldest first; the younger ones wait for it.
      if (!mayGo(table, partition, passed)) {
        upkeep.held.push(partition.name);
        break;
      }
      const outcome = await dropPartition(db, table, partition, { now, cutoff, pass });
      if (outcome.kind === 'busy') return;
      if (outcome.kind === 'locked') {
        upkeep.putOff.push(table.name);
        break;
      }
      if (outcome.value === 'held') {
        upkeep.held.push(partition.name);
        break;
      }
      upkeep.dropped.push(outcome.value.name);
      upkeep.closed += outcome.value.closed;
    }
  }
}
