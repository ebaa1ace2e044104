// One step's view of one mapping: what was loaded, under which lease, and the calls made on the way.
import type { Db } from '../../db/server/connection.ts';
import type { Attempt } from '../../db/intents.ts';
import { loadStep, type LoadedStep } from '../../db/mappings/load.ts';
import type { Backoff } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import type { Integration } from '../integrations/integration.ts';
import type { Rates } from '../limits/limiter.ts';
import type { Known } from './facts.ts';
import { nothingDone, type Progress, type Situation } from './situation.ts';

export interface SyncPolicy {
  /** TWINBOX_ENV; with the instance id it makes keys that no other installation shares. */
  environment: string;
  instanceId: string;
  /** False: observe only; nothing is sent but reads (STRIPE_WRITES=off). */
  writes: boolean;
  /** False: nothing of theirs is written here (STRIPE_PULLS=off). */
  pulls: boolean;
  deletes: 'delete' | 'detach';
  /** What a record without our mark does when its email is that of an unlinked row. */
  linkByEmail: 'ask' | 'link' | 'never';
  /** Whether the system is asked for records with the row's email before one is made (STRIPE_LOOK_BEFORE_CREATE). */
  looksBeforeCreate: boolean;
  /** Whether a record that is nobody's becomes a row here. */
  imports: boolean;
  /** What time may cure is parked once the entity has been failing this long. */
  parkAfterMs: number;
  backoff: Backoff;
  /** What the system bears, in requests a second; null: nothing is held back. */
  rates: Rates | null;
}

export interface SyncLog {
  info(event: string, fields: Record<string, unknown>): void;
  warn(event: string, fields: Record<string, unknown>): void;
  debug(event: string, fields: Record<string, unknown>): void;
}

export interface SyncDeps {
  db: Db;
  clock: Clock;
  integration: Integration;
  policy: SyncPolicy;
  log: SyncLog;
  /** Wakes the relay after a commit that wrote an event. */
  nudge: () => void;
  /** Nothing is to be written: facts are found out for a decision that is only asked for (lib/sync/foresee.ts). */
  onlyLooking?: true;
}

/** A mapping taken by lease. The deadline is monotonic (performance.now()), since a frozen process must notice by itself. */
export interface Claim {
  id: number;
  fence: number;
  deadline: number;
}

export interface Step extends LoadedStep {
  claim: Claim;
  /** Calls of this step that no transaction has stored yet. */
  attempts: Attempt[];
  startedAt: number;
  /** What this claim has found out since the mapping was loaded. */
  known: Known;
  /** What it has done since. */
  progress: Progress;
}

/** Time that settling may take after a call came back. */
const SETTLE_MS = 5_000;

export async function load(deps: SyncDeps, claim: Claim): Promise<Step | null> {
  const loaded = await loadStep(deps.db, claim.id, claim.fence);
  return loaded && beginStep(loaded, claim);
}

export function beginStep(loaded: LoadedStep, claim: Claim): Step {
  return {
    ...loaded,
    claim,
    attempts: [],
    startedAt: performance.now(),
    known: new Map(),
    progress: nothingDone,
  };
}

/** What a decision about the step is made from. */
export function situationOf({ policy, integration, clock }: SyncDeps, step: Step): Situation {
  const { mapping, row, deliveries, lastIntent, known, progress } = step;
  const { document, capabilities } = integration;
  return {
    ...{ mapping, row, deliveries, lastIntent, known, progress, policy, capabilities },
    fields: document.fields,
    findsByEmail: integration.findByEmail !== undefined,
    now: clock.now(),
  };
}

/** By when a call has to leave, so that the lease outlasts it and its settle. */
export function lastCallOf({ integration }: Pick<SyncDeps, 'integration'>, claim: Claim): number {
  return claim.deadline - integration.capabilities.callTimeoutMs - SETTLE_MS;
}

/** Whether the lease outlasts one more call and its settle; if not, the mapping is given back untouched. */
export function hasRoomForCall(deps: SyncDeps, claim: Claim): boolean {
  return performance.now() < lastCallOf(deps, claim);
}
