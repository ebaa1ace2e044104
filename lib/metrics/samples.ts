// Figures that are read from the database and the bus when a scrape asks. A scrape never waits long:
// if an answer takes more than a moment, the last one is shown as long as it is fresh; after that the
// metrics are absent and `sync_scrape_problem` says so, since a wrong figure is worse than none.
import type { Db } from '../../db/server/connection.ts';
import {
  readSystemGauges,
  readWholeGauges,
  type SystemGauges,
  type WholeGauges,
} from '../../db/health/gauges.ts';
import { readRelayBacklog, type RelayBacklog } from '../../db/relay/lag.ts';
import { readReceiveLag, type ReceiveLag } from '../../db/relay/receive-lag.ts';
import type { Bus, PartitionProgress } from '../bus/bus.ts';
import { readRoles, type RoleStanding } from '../health/roles.ts';
import { laneStates, readLanes, type LaneSettings, type ShownLanes } from '../operations/lane-list.ts';
import { isSampled, metricNames } from './declarations.ts';
import { circuitStates } from './labels.ts';
import { labelsOf } from './measures.ts';
import type { Meter } from './registry.ts';

/** A sample is used again for so long: several scrapers cost what one costs. */
const FRESH_MS = 2_000;
/** From then on it is too old to be shown. */
const STALE_MS = 60_000;
/** How long a scrape waits for a new sample, and for the first one. */
const WAIT_MS = 250;
const FIRST_WAIT_MS = 900;

export interface Sample {
  relay: RelayBacklog;
  received: ReceiveLag;
  systems: SystemGauges[];
  lanes: ShownLanes[];
  roles: RoleStanding[];
  whole: WholeGauges;
  /** This process's clock minus the database's, in seconds. */
  skewS: number;
  /** This process's clock, when it was read. */
  at: Date;
}

export async function readSample(db: Db, settings: readonly LaneSettings[]): Promise<Sample> {
  const names = settings.map(({ system }) => system);
  const begun = Date.now();
  const whole = await readWholeGauges(db, names);
  const ended = Date.now();
  const now = whole.now;
  // One after the other: a scrape takes one connection of the pool, and no more.
  const relay = await readRelayBacklog(db);
  const received = await readReceiveLag(db, names);
  const systems = await readSystemGauges(db, names);
  const lanes = await readLanes(db, settings, now);
  const roles = await readRoles(db);
  const skewS = ((begun + ended) / 2 - now.getTime()) / 1000;
  return { relay, received, systems, lanes, roles, whole, skewS, at: new Date(ended) };
}

export interface Freshest<T> {
  /** Null if there is none that is fresh enough. */
  get(): Promise<T | null>;
}

/** Asks one at a time, and shows the last answer while the next one takes long. */
export function keepFreshest<T>(
  ask: () => Promise<T>,
  monotonic: () => number = () => performance.now(),
): Freshest<T> {
  let last: { value: T; at: number } | null = null;
  let asking: Promise<void> | null = null;

  function begin(): Promise<void> {
    const at = monotonic();
    asking ??= ask()
      .then((value) => void (last = { value, at }))
      // Without an answer the last one grows old, and the scrape says so.
      .catch(() => undefined)
      .finally(() => (asking = null));
    return asking;
  }

  return {
    async get() {
      if (last === null || monotonic() - last.at > FRESH_MS)
        await atMost(last === null ? FIRST_WAIT_MS : WAIT_MS, begin());
      return last !== null && monotonic() - last.at < STALE_MS ? last.value : null;
    },
  };
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), ms);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}

/** Replaces what an earlier sample showed. */
export function showSample(meter: Meter, sample: Sample | null): void {
  for (const name of metricNames) if (isSampled(name)) meter.clear(name);
  meter.set('sync_scrape_problem', { part: 'database' }, sample === null ? 1 : 0);
  if (sample === null) return meter.clear('sync_clock_skew_seconds');
  const { relay, received, whole, skewS } = sample;
  const ageS = (at: Date | null): number =>
    at === null ? 0 : Math.max(0, (whole.now.getTime() - at.getTime()) / 1000);
  meter.set('sync_outbox_oldest_unpublished_seconds', {}, ageS(relay.oldest));
  meter.set('sync_outbox_backlog', {}, relay.events);
  meter.set('sync_outbox_last_id', { point: 'stored' }, relay.stored);
  meter.set('sync_outbox_last_id', { point: 'published' }, relay.published);
  meter.set('sync_consumer_lag_seconds', {}, ageS(received.oldest));
  meter.set('sync_relay_xmin_horizon_age_seconds', {}, whole.oldestTransactionS);
  meter.set('sync_clock_skew_seconds', {}, skewS);
  for (const system of sample.systems) showSystem(meter, system);
  for (const lanes of sample.lanes) showLanes(meter, lanes);
  for (const { role, living } of sample.roles) meter.set('sync_role_processes', { role }, living.length);
  const { active, ...replayed } = whole.replays;
  meter.set('sync_replay_active', {}, active);
  for (const [result, count] of Object.entries(replayed))
    meter.total('sync_replay_events_total', { result }, count);
  showEnd(meter, 'api_key', whole.keyEnds);
  showEnd(meter, 'credential', whole.credentialEnds);
}

function showSystem(meter: Meter, { system, circuit, sweptAt, ...counts }: SystemGauges): void {
  meter.set('sync_dead_letters', { system }, counts.parked);
  meter.set('sync_blocked_keys', { system }, counts.waiting);
  meter.set('sync_error_groups_open', { system }, counts.errorGroups);
  meter.set('sync_reconcile_diverged', { system }, counts.isLost ? 1 : 0);
  meter.set('sync_reconcile_found_events', { system }, counts.found);
  if (counts.tokens !== null) meter.set('sync_system_budget_tokens', { system }, counts.tokens);
  if (counts.share !== null) meter.set('sync_system_rate_share', { system }, counts.share);
  if (sweptAt !== null)
    meter.set('sync_reconcile_last_success_timestamp_seconds', { system }, sweptAt.getTime() / 1000);
  for (const state of circuitStates)
    meter.set('sync_circuit_state', { system, state }, state === circuit ? 1 : 0);
}

function showLanes(meter: Meter, { system, lanes }: ShownLanes): void {
  for (const { direction, state: present, pending } of lanes) {
    meter.set('sync_lane_pending', { system, direction }, pending);
    for (const state of laneStates)
      meter.set('sync_lane_state', { system, direction, state }, state === present ? 1 : 0);
  }
}

function showEnd(meter: Meter, kind: string, at: Date | null): void {
  if (at !== null) meter.set('sync_secret_expiry_timestamp_seconds', { kind }, at.getTime() / 1000);
}

export interface Subscribed {
  bus: Pick<Bus, 'progress'>;
  /** What this process reads. */
  groups: readonly { topic: string; group: string }[];
}

export type Progress = (PartitionProgress & { group: string })[];

export async function readProgress({ bus, groups }: Subscribed): Promise<Progress> {
  const all = await Promise.all(
    groups.map(async ({ topic, group }) => {
      // Null: what is published is handled at once.
      const partitions = (await bus.progress(topic, group)) ?? [
        { topic, partition: 0, next: 0, low: 0, high: 0 },
      ];
      return partitions.map((each) => ({ ...each, group }));
    }),
  );
  return all.flat();
}

export function showProgress(meter: Meter, progress: Progress | null): void {
  meter.clear('sync_consumer_lag_messages');
  meter.set('sync_scrape_problem', { part: 'bus' }, progress === null ? 1 : 0);
  for (const { topic, partition, group, next, low, high } of progress ?? [])
    meter.set(
      'sync_consumer_lag_messages',
      labelsOf(topic, partition, group),
      Math.max(0, high - Math.max(next, low)),
    );
}
