// What /ready and `twinbox status` report, part by part. Everything is read from PostgreSQL, so
// every process answers the same.
import type { Db } from '../../db/server/connection.ts';
import { describeAway } from '../../db/server/connecting.ts';
import { listRowPauses, readLanePauses } from '../../db/limits/pauses.ts';
import { readConnection } from '../../db/connections.ts';
import { partitionStatus } from '../../db/partitions/status.ts';
import { isDatabaseAway, isWritable, readSyncBacklog } from '../../db/health/readiness.ts';
import { readRelayLag } from '../../db/relay/lag.ts';
import { countReasons, sayReason, type ReasonCount } from '../../db/health/reports.ts';
import type { Bus } from '../bus/bus.ts';
import { listCredentials } from '../../db/credentials.ts';
import { systemClock, type Clock } from '../clock.ts';
import { warnOfCredential } from '../credentials/standing.ts';
import { describeHeldBack } from '../limits/held-back.ts';
import { describeSkipped } from '../skipped.ts';
import { heldDeletes } from '../sync/fuse.ts';

export interface Part {
  ready: boolean;
  /** What is wrong, and how to fix it. */
  problem?: string;
  figures?: Record<string, unknown>;
  /** What works now but will fail soon, or works otherwise than a user may expect. */
  warnings?: string[];
}

/** An event that is not published at this age means that the relay does not do its work. */
const RELAY_LATE_SECONDS = 30;

export function databasePart(db: Db): () => Promise<Part> {
  return async () => {
    try {
      if (await isWritable(db)) return { ready: true };
      return { ready: false, problem: 'the database accepts no writes: is DATABASE_URL a standby?' };
    } catch (error) {
      if (!isDatabaseAway(error)) throw error;
      const { says, fix } = describeAway(error);
      return { ready: false, problem: fix === '' ? says : `${says}. ${fix}` };
    }
  };
}

export function relayPart(db: Db, clock: Clock): () => Promise<Part> {
  return async () => {
    const { started, oldest } = await readRelayLag(db);
    const behind = oldest === null ? 0 : Math.max(0, (clock.now().getTime() - oldest.getTime()) / 1000);
    const figures = { relay_seconds_behind: Math.round(behind * 10) / 10 };
    if (!started)
      return { ready: false, problem: 'no relay has ever run on this database: start one', figures };
    if (behind <= RELAY_LATE_SECONDS) return { ready: true, figures };
    return {
      ready: false,
      problem: `the relay is ${Math.round(behind)} s behind: is one running, and can it reach the bus?`,
      figures,
    };
  };
}

/**
 * From what this process has seen in its own work: sends no request. The bus inside the process is
 * always ready.
 */
export function busPart(bus: Pick<Bus, 'health'>): () => Promise<Part> {
  return () => {
    const { problem } = bus.health();
    return Promise.resolve(problem === null ? { ready: true } : { ready: false, problem });
  };
}

export function syncPart(
  db: Db,
  systems: readonly string[],
  clock: Clock = systemClock,
): () => Promise<Part> {
  return async () => {
    const { dirty, parked, waiting, closed, oldestIntent } = await readSyncBacklog(db);
    const reasons = parked > 0 ? await countReasons(db) : [];
    const skipped = await describeSkipped(db, clock.now());
    const credentials = (await listCredentials(db)).filter(({ system }) => systems.includes(system));
    const connections = await Promise.all(systems.map((system) => readConnection(db, system)));
    const heldBack = await Promise.all(
      connections.map(async (found) => (found ? describeHeldBack(db, { ...found, now: clock.now() }) : [])),
    );
    const paused = await Promise.all(systems.map((system) => pauseWarnings(db, system)));
    return {
      ready: true,
      figures: {
        dirty,
        parked,
        waiting,
        closed,
        skipped: skipped?.count ?? 0,
        oldest_open_intent: oldestIntent && {
          customer: oldestIntent.customerId,
          operation: oldestIntent.operation,
          first_sent_at: oldestIntent.firstSentAt,
        },
      },
      warnings: [
        ...parkedWarnings(reasons),
        ...(skipped ? [skipped.says] : []),
        ...paused.flat(),
        ...credentials.flatMap((row) => warnOfCredential(row, clock.now()) ?? []),
        ...connections.flatMap((connection, index) => {
          if (!connection) return [];
          const { system, pausedAt } = connection;
          return [
            ...(heldBack[index] ?? []),
            ...(pausedAt
              ? [`${system} is paused: nothing is sent to ${system} until "twinbox resume ${system}"`]
              : []),
            ...heldDeletes(connection).map(
              ({ says }) =>
                `${says}: "npx twinbox deletes ${system}" shows them, and releases them or takes them back`,
            ),
          ];
        }),
      ],
    };
  };
}

async function pauseWarnings(db: Db, system: string): Promise<string[]> {
  const { count } = await listRowPauses(db, system, 1);
  return [
    ...(await readLanePauses(db, system)).map(({ direction }) =>
      direction === 'outbound'
        ? `outbound is paused: nothing is written to ${system} until "twinbox resume ${system} --direction outbound"`
        : `inbound is paused: nothing of ${system} is taken over until "twinbox resume ${system} --direction inbound"`,
    ),
    ...(count > 0 ? [`${count} customers are paused at ${system}: "twinbox lanes" shows them`] : []),
  ];
}

/** The most frequent reasons first: two hundred pairs with one reason have one cause. */
export function parkedWarnings(all: readonly ReasonCount[]): string[] {
  const reasons = all.filter(({ state }) => state === 'parked');
  if (reasons.length === 0) return [];
  const parked = reasons.reduce((sum, { count }) => sum + count, 0);
  const since = new Date(Math.min(...reasons.map((each) => each.since.getTime())));
  const named = reasons.slice(0, 3).map((each) => `${each.count} ${sayReason(each)}`);
  const causes = [...named, ...(reasons.length > 3 ? ['…'] : [])].join(', ');
  const at = since.toISOString().slice(0, 19).replace('T', ' ');
  return [`${parked} parked since ${at} (${causes}): "npx twinbox groups" shows why`];
}

/** Whether a warning is one of parkedWarnings. */
export function isOfParked(warning: string): boolean {
  return /^\d+ parked since \d/.test(warning);
}

/** Housekeeping makes partitions two periods ahead; fewer means that housekeeping does not run. */
export function partitionsPart(db: Db, clock: Clock): () => Promise<Part> {
  return async () => {
    const short = (await partitionStatus(db, clock.now())).filter(({ ahead }) => ahead < 2);
    const warnings = short.map(
      ({ table, ahead }) =>
        `${table} has ${ahead} partitions ahead, not two: is a worker running, and can it lock the table?`,
    );
    return { ready: true, warnings };
  };
}
