// One step's view of one mapping: what was loaded, under which lease, and the calls made on the way.
import type { Db } from '../../db/server/connection.ts';
import type { Attempt } from '../../db/intents.ts';
import { loadStep, type LoadedRow, type LoadedStep } from '../../db/mappings/load.ts';
import type { Backoff } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import type { Fields, FieldRule, Integration } from '../integrations/integration.ts';
import { fromExternal } from '../catalogue/transforms.ts';
import type { Rates } from '../limits/limiter.ts';

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
  /** The step is only rehearsed: it ends where it would write (lib/sync/rehearsal.ts). */
  rehearsing?: true;
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
}

/** Time that settling may take after a call came back. */
const SETTLE_MS = 5_000;

export async function load(deps: SyncDeps, claim: Claim): Promise<Step | null> {
  const loaded = await loadStep(deps.db, claim.id, claim.fence);
  return loaded && { ...loaded, claim, attempts: [], startedAt: performance.now() };
}

/** By when a call has to leave, so that the lease outlasts it and its settle. */
export function lastCallOf({ integration }: Pick<SyncDeps, 'integration'>, claim: Claim): number {
  return claim.deadline - integration.capabilities.callTimeoutMs - SETTLE_MS;
}

/** Whether the lease outlasts one more call and its settle; if not, the mapping is given back untouched. */
export function hasRoomForCall(deps: SyncDeps, claim: Claim): boolean {
  return performance.now() < lastCallOf(deps, claim);
}

/** Our values by our field names. */
export function oursOf(rules: FieldRule[], row: LoadedRow): Fields {
  const values: Fields = { name: row.name, email: row.email };
  return Object.fromEntries(rules.map((rule) => [rule.internal, values[rule.internal] ?? null]));
}

/** Their values by our field names, as we take them. */
export function theirsOf(rules: FieldRule[], record: Fields): Fields {
  return Object.fromEntries(
    rules.map((rule) => [rule.internal, fromExternal(rule, record[rule.external] ?? null)]),
  );
}
