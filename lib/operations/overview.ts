// How everything stands, in one answer: the first page of a console, `GET /overview` and `twinbox status`.
//
// Nothing of it counts what is at rest: only what is not in agreement, by its index; the times are those of
// the samples (lib/health/samples.ts). Rows that are not in agreement are counted once each, so the rest of
// the living rows agrees.
import { readNewestComparisons, type ComparisonReceipt } from '../../db/health/comparisons.ts';
import {
  countLivingRows,
  countNotAtRest,
  countOpenEvents,
  type NotAtRest,
  type RowStanding,
} from '../../db/health/overview.ts';
import { readSamples, type Sample } from '../../db/health/samples.ts';
import { readConnection } from '../../db/connections.ts';
import { readPairs } from '../../db/mappings/error-groups.ts';
import { shownReason } from '../../db/mappings/shown.ts';
import { readRelayLag } from '../../db/relay/lag.ts';
import { byIndexes } from '../../db/server/by-indexes.ts';
import type { Db } from '../../db/server/connection.ts';
import type { Entity } from '../catalogue/entity.ts';
import { addUp, timesOf, type Times } from '../health/histogram.ts';
import { whyParkedOrWaiting } from './explain-reasons.ts';
import { lanesJson, readLanes, type LaneSettings, type ShownLanes } from './lane-list.ts';
import { reasonsAlone } from './meanings.ts';

export type SystemStanding = {
  system: string;
  /** Whether the account is one of real money; null before the first contact. */
  livemode: boolean | null;
  rows: Record<RowStanding | 'in_agreement', number>;
  pairs: { onTheirWay: number; needPerson: number };
  propagation: { outbound: Times; inbound: Times };
  comparison: ComparisonReceipt | null;
};

export type StuckPair = {
  mapping: number;
  system: string;
  row: number | null;
  externalId: string | null;
  state: string;
  since: Date;
  code: string | null;
  /** In a sentence. */
  says: string | null;
  /** Events of the pair that are not done. */
  openEvents: number;
};

export type Overview = {
  at: Date;
  /** Living rows. */
  rows: number;
  systems: SystemStanding[];
  /** Seconds; null if every event is published. */
  oldestUnsentS: number | null;
  stuck: { count: number; oldest: StuckPair[] };
  lanes: ShownLanes[];
  /** The beginning of the newest minute that was measured in the last hour; null if none was. */
  measuredTo: Date | null;
  newest: Sample | null;
};

export type OverviewDeps = {
  db: Db;
  entity: Entity;
  /** Of the systems that are kept in step. */
  settings: readonly LaneSettings[];
};

const HOUR_MS = 3_600_000;
const OLDEST_SHOWN = 5;

export async function readOverview(deps: OverviewDeps, now: Date): Promise<Overview> {
  const { db, entity, settings } = deps;
  const systems = settings.map(({ system }) => system);
  const alone = reasonsAlone();
  const [counted, samples, comparisons, relay, lanes] = await Promise.all([
    byIndexes(db, (tx) => countAll(tx, { entity: entity.name, systems, alone })),
    readSamples(db, new Date(now.getTime() - HOUR_MS)),
    readNewestComparisons(db, systems),
    readRelayLag(db),
    readLanes(db, settings, now),
  ]);
  const { living: rows, rows: offs, pairs, troubles, openEvents } = counted;
  const standings = await Promise.all(
    systems.map(async (system): Promise<SystemStanding> => {
      const off = offs.get(system) ?? NO_ROWS;
      const { onTheirWay, needPerson } = pairs.find((each) => each.system === system) ?? NO_PAIRS;
      const others = Object.values(off).reduce((sum, count) => sum + count, 0);
      return {
        ...{ system, livemode: (await readConnection(db, system))?.livemode ?? null },
        rows: { in_agreement: rows - others, ...off },
        pairs: { onTheirWay, needPerson },
        propagation: {
          outbound: wholeTimes(samples, system, 'outbound'),
          inbound: wholeTimes(samples, system, 'inbound'),
        },
        comparison: comparisons.find((each) => each.system === system) ?? null,
      };
    }),
  );
  const newest = samples.at(-1) ?? null;
  return {
    ...{ at: now, rows, systems: standings, lanes, newest, measuredTo: newest?.minute ?? null },
    oldestUnsentS: relay.oldest && Math.max(0, (now.getTime() - relay.oldest.getTime()) / 1000),
    stuck: {
      count: pairs.reduce((sum, { needPerson }) => sum + needPerson, 0),
      oldest: await describe(deps, troubles, openEvents),
    },
  };
}

const NO_PAIRS = { onTheirWay: 0, needPerson: 0 };
const NO_ROWS = { need_person: 0, on_their_way: 0, waiting: 0, closed: 0, let_go: 0, not_wanted: 0 };

function wholeTimes(samples: readonly Sample[], system: string, direction: 'outbound' | 'inbound'): Times {
  const of = samples
    .flatMap(({ lanes }) => lanes)
    .filter((lane) => lane.system === system && lane.direction === direction);
  return timesOf(addUp(of.map(({ stages }) => stages.whole)));
}

type Counted = NotAtRest & {
  living: number;
  /** Of the troubles. */
  openEvents: Map<number, number>;
};

async function countAll(
  tx: Db,
  about: { entity: string; systems: readonly string[]; alone: readonly string[] },
): Promise<Counted> {
  const found = await countNotAtRest(tx, { ...about, limit: OLDEST_SHOWN });
  return {
    ...found,
    living: await countLivingRows(tx, about.entity),
    openEvents: await countOpenEvents(tx, found.troubles),
  };
}

async function describe(
  { db, entity }: OverviewDeps,
  troubles: readonly number[],
  openEvents: ReadonlyMap<number, number>,
): Promise<StuckPair[]> {
  const pairs = await readPairs(db, troubles);
  return troubles.flatMap((id) => {
    const found = pairs.find(({ mapping }) => mapping.id === id);
    if (!found) return [];
    const { mapping, since } = found;
    const { system, internalId: row, externalId, state } = mapping;
    const code = shownReason(mapping);
    const says = whyParkedOrWaiting(mapping, entity);
    return [
      { mapping: id, system, row, externalId, state, since, code, says, openEvents: openEvents.get(id) ?? 0 },
    ];
  });
}

export function overviewJson(overview: Overview) {
  const { at, rows, systems, oldestUnsentS, stuck, lanes, measuredTo, newest } = overview;
  return {
    ...{ at, customers: rows },
    systems: systems.map((each) => ({
      ...{ system: each.system, livemode: each.livemode, customers: each.rows },
      pairs: { on_their_way: each.pairs.onTheirWay, need_person: each.pairs.needPerson },
      propagation_ms: each.propagation,
      comparison: each.comparison && comparisonJson(each.comparison),
    })),
    oldest_unsent_s: oldestUnsentS,
    stuck: { count: stuck.count, oldest: stuck.oldest.map(stuckJson) },
    lanes: lanes.map((each) => ({ ...lanesJson(each), last_minute: lastMinute(newest, each.system) })),
    measured_to: measuredTo,
  };
}

export function comparisonJson({
  beganAt,
  endedAt,
  actor,
  agree,
  findings,
  unknownThere,
}: ComparisonReceipt) {
  return {
    ...{ began_at: beganAt, ended_at: endedAt, actor, agree, findings, drift: findings['drift'] ?? 0 },
    unknown_there: unknownThere,
  };
}

function stuckJson({ row: customer, externalId, openEvents, ...pair }: StuckPair) {
  return { ...pair, customer, external_id: externalId, open_events: openEvents };
}

/** Of the newest minute that was measured. */
function lastMinute(newest: Sample | null, system: string) {
  if (newest === null) return null;
  const calls = newest.calls.find((each) => each.system === system);
  const lane = (direction: string) =>
    newest.lanes.find((each) => each.system === system && each.direction === direction);
  const [outbound, inbound] = [lane('outbound'), lane('inbound')];
  return {
    ...{ calls: calls?.calls ?? 0, failed: calls?.failed ?? 0, throttled: calls?.throttled ?? 0 },
    ...{ tokens: calls?.tokens ?? null, share: calls?.share ?? null },
    ...{ settled_outbound: outbound?.settled ?? 0, settled_inbound: inbound?.settled ?? 0 },
    ...{ lag_outbound: outbound?.lag ?? null, lag_inbound: inbound?.lag ?? null },
  };
}
