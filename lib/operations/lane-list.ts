// How the lanes stand: for each system and direction whether it runs, and if not, since when, why, and
// until when; how much waits; and what of rates and quotas is stored.
import { readConnection, type Connection } from '../../db/connections.ts';
import { readSlowed } from '../../db/limits/buckets.ts';
import { readBudgets, type BudgetRow } from '../../db/limits/budgets.ts';
import { readBreaker, type BreakerRow } from '../../db/limits/breakers.ts';
import {
  countPending,
  directions,
  listRowPauses,
  readLanePauses,
  type Direction,
  type LanePause,
  type RowPause,
} from '../../db/limits/pauses.ts';
import { readRest, type RestRow } from '../../db/limits/rests.ts';
import { readLastAction } from '../../db/operator-actions.ts';
import type { Db } from '../../db/server/connection.ts';
import { missingRoles, readRoles } from '../health/roles.ts';
import { sayRest } from '../limits/rest.ts';

export const laneStates = [
  ...(['running', 'paused', 'off', 'resting', 'breaker_open', 'half_open', 'no_worker'] as const),
] as const;

export type LaneState = (typeof laneStates)[number];

export type ShownLane = {
  direction: Direction;
  state: LaneState;
  since: Date | null;
  why: string | null;
  by: string | null;
  until: Date | null;
  /** Pairs that a worker is to look at: at most 10,000 are counted. */
  pending: number;
  /** Pairs that wait since this direction is paused or off. */
  waiting: number;
};

export type ShownLanes = {
  system: string;
  account: string | null;
  lanes: ShownLane[];
  /** Rows that are paused: how many, and the first hundred. */
  paused: { count: number; rows: RowPause[] };
  /** Buckets of requests that have less than their full rate now, as shares of it. */
  slowed: { endpoint: string; share: number }[];
  budgets: BudgetRow[];
};

/** What the settings allow. */
export type LaneSettings = { system: string; writes: boolean; pulls: boolean };

const ROWS_SHOWN = 100;

export async function readLanes(db: Db, systems: readonly LaneSettings[], now: Date): Promise<ShownLanes[]> {
  const noWorker = await findNoWorker(db);
  const lanes: ShownLanes[] = [];
  for (const settings of systems) lanes.push(await readSystem(db, settings, { now, noWorker }));
  return lanes;
}

async function findNoWorker(db: Db): Promise<string | null> {
  const roles = await readRoles(db);
  const worker = roles.find(({ role }) => role === 'worker');
  if (worker && worker.living.length > 0) return null;
  const missing = missingRoles(roles).find(({ role }) => role === 'worker');
  return missing?.says ?? 'no worker is running on this database';
}

type Facts = {
  system: string;
  connection: Connection | null;
  pauses: LanePause[];
  pausedBy: string | null;
  breaker: BreakerRow | null;
  rest: RestRow | null;
  noWorker: string | null;
};

async function readSystem(
  db: Db,
  settings: LaneSettings,
  { now, noWorker }: { now: Date; noWorker: string | null },
): Promise<ShownLanes> {
  const { system } = settings;
  const connection = await readConnection(db, system);
  const account = connection?.account ?? '';
  const pausedBy = connection?.pausedAt ? await readLastAction(db, { system, action: 'pause' }) : null;
  const facts: Facts = {
    ...{ system, connection, pausedBy: pausedBy?.actor ?? null, noWorker },
    pauses: await readLanePauses(db, system),
    breaker: await readBreaker(db, { system, account }),
    rest: await readRest(db, { system, account, now }),
  };
  const pending = await countPending(db, system);
  const counts = {
    outbound: { pending: pending.outbound, waiting: pending.waitingOutbound },
    inbound: { pending: pending.inbound, waiting: pending.waitingInbound },
  };
  return {
    ...{ system, account: connection?.account ?? null },
    lanes: directions.map((direction) => ({
      direction,
      ...stateOf(facts, direction, settings),
      ...counts[direction],
    })),
    paused: await listRowPauses(db, system, ROWS_SHOWN),
    slowed: await readSlowed(db, { system, account }),
    budgets: await readBudgets(db, { system, account, now }),
  };
}

type Standing = Pick<ShownLane, 'state' | 'since' | 'why' | 'by' | 'until'>;

/** What stops it, the act of a person first. */
function stateOf(facts: Facts, direction: Direction, { writes, pulls }: LaneSettings): Standing {
  const { connection, pauses, pausedBy, breaker, rest, noWorker, system } = facts;
  const none = { since: null, why: null, by: null, until: null };
  if (connection?.pausedAt)
    return { ...none, state: 'paused', since: connection.pausedAt, why: connection.pausedWhy, by: pausedBy };
  const pause = pauses.find((each) => each.direction === direction);
  if (pause) return { ...none, state: 'paused', since: pause.since, why: pause.why, by: pause.by };
  if (!(direction === 'outbound' ? writes : pulls)) return { ...none, state: 'off', why: 'a setting' };
  if (rest)
    return { ...none, state: 'resting', since: rest.since, until: rest.until, why: sayRest(system, rest) };
  if (breaker) {
    const why = `${breaker.why.code}: ${breaker.why.message}`;
    const state = breaker.openedAt === null ? 'half_open' : 'breaker_open';
    return { ...none, state, since: breaker.since, why, until: breaker.openedAt && breaker.probeAt };
  }
  return noWorker === null ? { ...none, state: 'running' } : { ...none, state: 'no_worker', why: noWorker };
}

/** As the API and commands show it. */
export function lanesJson({ system, account, lanes, paused, slowed, budgets }: ShownLanes) {
  return {
    ...{ system, account, lanes },
    paused_customers: {
      count: paused.count,
      customers: paused.rows.map(({ entityType: entity, rowId: customer, since, why, by }) => ({
        ...{ entity, customer, since, why, by },
      })),
    },
    slowed,
    quotas: budgets.map(({ name, limit, used, resetsAt }) => ({ name, limit, used, resets_at: resetsAt })),
  };
}
