// One step's view of one mapping: what was loaded, under which lease, and the calls made on the way.
import type { Db } from '../../db/server/connection.ts';
import { namedAtSystem, type MissingReference } from './references.ts';
import type { Kind } from './kind.ts';
import type { Attempt } from '../../db/closed-intents.ts';
import { loadStep, type LoadedStep } from '../../db/mappings/load.ts';
import { linked as found } from '../../db/mappings/writes/state-change.ts';
import type { Clock } from '../clock.ts';
import type { Measures } from '../measures.ts';
import type { Entity } from '../catalogue/entity.ts';
import type { ExternalRecord, Integration } from '../integrations/integration.ts';
import type { Tracing } from '../tracing/tracing.ts';
import type { Known } from './facts.ts';
import type { PausedLanes, SyncPolicy } from './settings.ts';
import { nothingDone, type Progress, type Situation } from './situation.ts';

export type { SyncPolicy } from './settings.ts';

export interface SyncLog {
  info(event: string, fields: Record<string, unknown>): void;
  warn(event: string, fields: Record<string, unknown>): void;
  debug(event: string, fields: Record<string, unknown>): void;
}

export interface SyncDeps {
  db: Db;
  clock: Clock;
  /** What our rows are. */
  entity: Entity;
  integration: Integration;
  /** The other kinds of records that the system keeps for us. */
  kinds?: readonly Kind[];
  policy: SyncPolicy;
  log: SyncLog;
  tracing?: Tracing;
  /** Counts what was committed; without it nothing is counted. */
  measures?: Measures | undefined;
  /** Wakes the relay after a commit that wrote an event. */
  nudge: () => void;
  /** Directions that are paused, although the settings allow them (paused.ts). */
  paused?: PausedLanes;
  /**
   * Nothing is to be written: facts are found out for a decision that is only asked for
   * (lib/sync/foresee.ts).
   */
  onlyLooking?: true;
}

/**
 * A mapping taken by lease. The deadline is monotonic (performance.now()), since a frozen process
 * must notice by itself.
 */
export interface Claim {
  id: number;
  fence: number;
  deadline: number;
  /** Requests under this claim that the system has refused as stale. */
  staleSends?: number;
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
  /** A row that ours names, and that has no record at the system yet. */
  missing?: MissingReference | null;
  /** Ours names itself, and has no record yet: the field that does so is empty here. */
  namesItself?: boolean;
}

/** Time that settling may take after a call came back. */
const SETTLE_MS = 5_000;

export async function load(deps: SyncDeps, claim: Claim): Promise<Step | null> {
  const loaded = await loadStep(deps.db, claim.id, claim.fence);
  return loaded && beginNamed(deps, loaded, claim);
}

/** The step, with the row as the engine merges it: a reference is the id of the named row's record. */
export async function beginNamed(
  { db, entity }: Pick<SyncDeps, 'db' | 'entity'>,
  loaded: LoadedStep,
  claim: Claim,
): Promise<Step> {
  if (!loaded.row) return beginStep(loaded, claim);
  const { row, ...named } = await namedAtSystem(db, entity, loaded.mapping, loaded.row);
  return { ...beginStep({ ...loaded, row }, claim), ...named };
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
export function situationOf({ policy, entity, integration, clock }: SyncDeps, step: Step): Situation {
  const { mapping, row, deliveries, lastIntent, known, progress } = step;
  const { document, capabilities } = integration;
  return {
    ...{ mapping, row, deliveries, lastIntent, known, progress, policy, entity, capabilities },
    fields: document.fields,
    condition: document.condition,
    groups: integration.groups ?? [],
    ...(integration.next && { next: integration.next }),
    findsByIdentity: integration.findByIdentity !== undefined,
    now: clock.now(),
    staleSends: step.claim.staleSends ?? 0,
    missing: step.missing ?? null,
    namesItself: step.namesItself ?? false,
  };
}

/**
 * A step that goes on with the record that it has just linked, as it was loaded: later events are
 * not part of it, and keep the pair dirty.
 */
export function linkedWith(
  { mapping, progress }: Step,
  externalId: string,
  linked: ExternalRecord,
): Pick<Step, 'mapping' | 'progress'> {
  return {
    mapping: { ...mapping, ...found(), externalId, mustRead: true },
    progress: { ...progress, linked },
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
