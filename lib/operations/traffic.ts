// How every lane stands and what went through it in the last minute, for `twinbox top` and /traffic.
import { countMappings } from '../../db/health/reports.ts';
import { readTraffic, type CallTraffic, type EventTraffic } from '../../db/health/traffic.ts';
import { readBudgets, type BudgetRow } from '../../db/limits/budgets.ts';
import { readRelayLag } from '../../db/relay/lag.ts';
import { readReceiveLag, type ReceiveLag } from '../../db/relay/receive-lag.ts';
import type { Db } from '../../db/server/connection.ts';
import { uuidLowerBound } from '../uuid.ts';
import { readLane } from './lane-standing.ts';

export type LaneTraffic = {
  system: string;
  /** `sending`, or what stops the lane: with its reason, and since or until when. */
  state: 'sending' | 'unbound' | 'no_worker' | 'paused' | 'breaker_open' | 'resting';
  detail: string | null;
  since: Date | null;
  until: Date | null;
  linked: number;
  /** Pairs that a worker has to look at. */
  onTheirWay: number;
  /** Of the last minute. */
  calls: Omit<CallTraffic, 'system'>;
  events: Omit<EventTraffic, 'target'>;
  /** The part of the full rate that is used at present; lower after the system has refused calls. */
  rateShare: number;
  budgets: BudgetRow[];
};

export type Traffic = {
  at: Date;
  lanes: LaneTraffic[];
  /** Changes that came into our table in the last minute. */
  inbound: Omit<EventTraffic, 'target'>;
  relaySecondsBehind: number;
  notReceived: ReceiveLag;
};

const MINUTE_MS = 60_000;
const NO_CALLS = { calls: 0, failed: 0, p95Ms: 0 };
const NO_EVENTS = { received: 0, settled: 0 };

export async function readTrafficOf(db: Db, systems: readonly string[], now: Date): Promise<Traffic> {
  const [traffic, counts, relay, notReceived] = await Promise.all([
    readTraffic(db, uuidLowerBound(now.getTime() - MINUTE_MS)),
    countMappings(db),
    readRelayLag(db),
    readReceiveLag(db, systems),
  ]);
  const eventsOf = (name: string) => {
    const { received, settled } = traffic.events.find(({ target }) => target === name) ?? NO_EVENTS;
    return { received, settled };
  };
  const lanes = await Promise.all(
    systems.map(async (system): Promise<LaneTraffic> => {
      const standing = await standingOf(db, system, now);
      const { calls, failed, p95Ms } = traffic.calls.find((each) => each.system === system) ?? NO_CALLS;
      const { linked, dirty } = counts.find((each) => each.system === system) ?? { linked: 0, dirty: 0 };
      return {
        ...{ system, ...standing, linked, onTheirWay: dirty, calls: { calls, failed, p95Ms } },
        events: eventsOf(system),
        rateShare: traffic.shares.find((each) => each.system === system)?.share ?? 1,
      };
    }),
  );
  const behindMs = relay.oldest === null ? 0 : Math.max(0, now.getTime() - relay.oldest.getTime());
  const relaySecondsBehind = Math.round(behindMs / 100) / 10;
  return { at: now, lanes, inbound: eventsOf('internal'), relaySecondsBehind, notReceived };
}

type Standing = Pick<LaneTraffic, 'state' | 'detail' | 'since' | 'until' | 'budgets'>;

async function standingOf(db: Db, system: string, now: Date): Promise<Standing> {
  const asked = { system, account: '', now, row: null };
  const { connection, breaker, rest, noWorker, pauses } = await readLane(db, asked);
  const budgets = await readBudgets(db, { system, account: connection?.account ?? '', now });
  const stands = (
    state: LaneTraffic['state'],
    detail: string | null = null,
    since: Date | null = null,
    until: Date | null = null,
  ): Standing => ({ state, detail, since, until, budgets });
  if (!connection?.account) return stands('unbound');
  if (connection.pausedAt) return stands('paused', connection.pausedWhy, connection.pausedAt);
  if (noWorker !== null) return stands('no_worker', noWorker);
  if (breaker) return stands('breaker_open', breaker.why.code, breaker.since, breaker.probeAt);
  if (rest) return stands('resting', rest.why.code, rest.since, rest.until);
  const [pause] = pauses;
  if (pause) return stands('paused', [pause.direction, pause.why ?? []].flat().join(': '), pause.since);
  return stands('sending');
}

/** As the API and the command show it. */
export function trafficJson({ at, lanes, inbound, relaySecondsBehind, notReceived }: Traffic) {
  return {
    at,
    relay_seconds_behind: relaySecondsBehind,
    published_not_received: notReceived,
    inbound_last_minute: inbound,
    lanes: lanes.map(
      ({ system, state, detail, since, until, linked, onTheirWay, calls, events, ...lane }) => ({
        ...{ system, state, detail, since, until, linked },
        on_their_way: onTheirWay,
        calls_last_minute: { calls: calls.calls, failed: calls.failed, p95_ms: calls.p95Ms },
        events_last_minute: events,
        rate_share: lane.rateShare,
        quotas: lane.budgets.map(({ name, limit, used, resetsAt }) => ({
          name,
          limit,
          used,
          resets_at: resetsAt,
        })),
      }),
    ),
  };
}
