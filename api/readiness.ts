// The parts that /ready can ask. Whoever builds a process passes those of the roles that run in it.

import type { Db } from '../db/connection.ts';
import { isWritable, readRelayLag, readSyncBacklog } from '../db/readiness.ts';
import type { Clock } from '../lib/clock.ts';
import type { PartReadiness } from './health.ts';

export async function databaseReadiness(db: Db): Promise<PartReadiness> {
  if (await isWritable(db)) return { ready: true };
  return {
    ready: false,
    problem: 'takes no writes: DATABASE_URL leads to a standby, or it was set read-only',
  };
}

/** Being behind is a figure and no fault: taking the API out of service for it would not help anybody. */
export async function relayReadiness({ db, clock }: { db: Db; clock: Clock }): Promise<PartReadiness> {
  const { started, oldest } = await readRelayLag(db);
  const figures = { relay_seconds_behind: oldest ? secondsSince(oldest, clock) : 0 };
  if (started) return { ready: true, figures };
  return {
    ready: false,
    problem: 'has not run on this database yet; events are kept until it does',
    figures,
  };
}

export async function syncReadiness({ db, clock }: { db: Db; clock: Clock }): Promise<PartReadiness> {
  const { dirty, parked, waiting, oldestIntent } = await readSyncBacklog(db);
  const oldest = oldestIntent && {
    mapping_id: oldestIntent.mappingId,
    customer_id: oldestIntent.customerId,
    operation: oldestIntent.operation,
    seconds: secondsSince(oldestIntent.firstSentAt, clock),
  };
  return { ready: true, figures: { dirty, parked, waiting, oldest_open_intent: oldest } };
}

function secondsSince(time: Date, clock: Clock): number {
  return Math.max(0, Math.round((clock.now().getTime() - time.getTime()) / 100) / 10);
}
