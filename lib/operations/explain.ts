// What `twinbox explain` answers: the state of each pair of a customer, the values of both sides
// and of the shadow, what a worker would do now, why no worker does it, and what a person can do.
// `decide` itself answers what a worker would do (lib/sync/foresee.ts).
//
// Guarantees: nothing is written. Unless `read` is asked for, the system is not called.
import { countUnreversed } from '../../db/conflicts.ts';
import { readRow, type MappedRow } from '../../db/entities/rows.ts';
import { listEvents } from '../../db/events/list.ts';
import { findKnownRecords, type KnownRecord } from '../../db/external-records.ts';
import { findPrimary } from '../../db/mappings/aliases.ts';
import { readLastIntent, type LastIntent } from '../../db/closed-intents.ts';
import { readClosing, type Closing } from '../../db/mappings/closed-pairs.ts';
import { loadStep, type LoadedStep, type OpenDelivery } from '../../db/mappings/load.ts';
import type { Mapping } from '../../db/mappings/mappings.ts';
import {
  findPairsOf,
  findPairsOfRecord,
  readStanding,
  type PairStanding,
} from '../../db/mappings/standing.ts';
import type { Db } from '../../db/server/connection.ts';
import type { Value } from '../catalogue/document.ts';
import { same } from '../sync/canonical.ts';
import type { RungName } from '../sync/decide.ts';
import { foresee, type Effect, type Foreseen } from '../sync/foresee.ts';
import { isInactive } from '../../db/mappings/state.ts';
import type { Step, SyncDeps } from '../sync/step.ts';
import { oursOf, theirsIfAble } from '../sync/values.ts';
import type { LeftReason } from '../sync/shadow.ts';
import { readResult, readTheirs, withRead, type ReadResult, type Theirs } from './explain-read.ts';
import { laneObstacles, obstaclesOf, type Obstacle } from './explain-obstacles.ts';
import { whyParkedOrWaiting } from './explain-reasons.ts';
import { remediesOf, type Remedy } from './explain-remedies.ts';
import { readLane } from './lane-standing.ts';

export type Asked = { customer: number } | { record: string } | { mapping: number };

export type FieldExplained = {
  field: string;
  /** The value of our row; null also if the value is empty or there is no row. */
  ours: Value;
  /** Their value as last known, from the shadow. */
  known: Value;
  /** Why the shadow keeps two values that differ. */
  left: LeftReason | null;
  /** Their value as read now; left out if nothing was read. */
  read?: Value;
  /** Null if it is not known: their value is not known, or there is no row. */
  differs: boolean | null;
};

export type OpenDeliveries = { type: string; status: OpenDelivery['status']; count: number };

export type PairExplained = {
  mapping: Mapping;
  since: Date;
  /** Why the pair is parked or waits, in a sentence. */
  why: string | null;
  /** Who has closed it and why; null if it is open. */
  closing: Closing | null;
  /** Null if no row belongs to the pair. */
  version: number | null;
  isDone: boolean;
  /** The last request to the system that has its result; null without one that is kept. */
  lastIntent: LastIntent | null;
  open: OpenDeliveries[];
  /** Empty if there is nothing to compare: the pair has ended, or has no row. */
  fields: FieldExplained[];
  read: ReadResult | null;
  rung: RungName | null;
  effect: Effect;
  obstacles: Obstacle[];
  remedies: Remedy[];
};

export type NotReceived = {
  system: string;
  newest: 'published' | 'unpublished' | null;
  obstacles: Obstacle[];
};

export type Explanation = {
  /** Null if no row belongs to what was asked for. */
  customer: MappedRow | null;
  pairs: PairExplained[];
  /** For each system at which a living customer has no pair: its newest event, and what holds that up. */
  notReceived: NotReceived[];
  /** How many conflicts of the customer are not reversed. */
  conflicts: number;
  /** The record that was asked for is known, and has never had a pair. */
  unmatched: KnownRecord[];
};

/** Null: there is no such customer, record or mapping. */
export async function explain(
  deps: SyncDeps,
  asked: Asked,
  { read, system }: { read: boolean; system: string | null },
): Promise<Explanation | null> {
  const { db } = deps;
  const pairs: PairExplained[] = [];
  for (const id of await pairsAsked(deps, asked, system)) {
    const pair = await explainPair(deps, id, read);
    if (pair && (system === null || pair.mapping.system === system)) pairs.push(pair);
  }
  const customerId = 'customer' in asked ? asked.customer : (pairs[0]?.mapping.internalId ?? null);
  const [customer, conflicts, unmatched] = await Promise.all([
    customerId === null ? null : readRow(db, deps.entity, customerId),
    customerId === null ? 0 : countUnreversed(db, customerId),
    'record' in asked && pairs.length === 0 ? findKnownRecords(db, { externalId: asked.record, system }) : [],
  ]);
  if (customer === null && pairs.length + unmatched.length === 0) return null;
  const isUnpaired = pairs.length === 0 && customer !== null && customer.deletedAt === null;
  return {
    customer,
    pairs,
    notReceived: isUnpaired ? [await notReceived(deps, customer.id)] : [],
    ...{ conflicts, unmatched },
  };
}

async function pairsAsked({ db, entity }: SyncDeps, asked: Asked, system: string | null): Promise<number[]> {
  if ('customer' in asked) return findPairsOf(db, { entity: entity.name, row: asked.customer, system });
  if ('record' in asked) return findPairsOfRecord(db, { externalId: asked.record, system });
  return [asked.mapping];
}

/** How often a pair is loaded again that a worker claims between two reads. */
const MOST_LOOKS = 5;

async function explainPair(deps: SyncDeps, id: number, read: boolean): Promise<PairExplained | null> {
  let theirs: Theirs | null = null;
  for (let look = 1; ; look += 1) {
    const pair = await loadPair(deps.db, id);
    if (!pair) return null;
    const { standing, loaded } = pair;
    if (read) theirs ??= await readTheirs(deps, loaded);
    const asking = theirs === null ? deps : withRead(deps, theirs, loaded.mapping.externalId);
    const foreseen = await foresee(asking, standing, { mustRead: read, mayCall: read });
    if (foreseen.step) return describePair(deps, { standing, step: foreseen.step, foreseen, theirs });
    // The pair changed each time: the answer shows what was loaded, and that a worker has a lease.
    if (look >= MOST_LOOKS) return describePair(deps, { standing, step: loaded, foreseen, theirs });
  }
}

/**
 * Both are read at one moment: a worker that claims the pair in between would leave nothing to
 * load.
 */
function loadPair(db: Db, id: number): Promise<{ standing: PairStanding; loaded: LoadedStep } | null> {
  return db.transaction(
    async (tx) => {
      const standing = await readStanding(tx as Db, id);
      const loaded = standing && (await loadStep(tx as Db, id, standing.fence));
      return standing && loaded ? { standing, loaded } : null;
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}

type Seen = { standing: PairStanding; step: LoadedStep | Step; foreseen: Foreseen; theirs: Theirs | null };

async function describePair(deps: SyncDeps, seen: Seen): Promise<PairExplained> {
  const { db, policy, clock } = deps;
  const { standing, step, theirs } = seen;
  const { rung, effect } = seen.foreseen;
  const { mapping, row } = step;
  const { internalId, system } = mapping;
  const ofRow = internalId === null ? null : { entityType: mapping.entityType, rowId: internalId };
  const [lane, customer, primary, closing, lastIntent] = await Promise.all([
    readLane(db, { ...{ system, account: mapping.account, now: clock.now() }, row: ofRow }),
    internalId === null ? null : readRow(db, deps.entity, internalId),
    internalId === null ? null : findPrimary(db, { ...mapping, customerId: internalId }),
    readClosing(db, mapping.id),
    readLastIntent(db, mapping.id),
  ]);
  const obstacles = obstaclesOf({ step, standing, lane, policy, effect, now: clock.now() });
  return {
    mapping,
    since: standing.since,
    why: whyParkedOrWaiting(mapping, deps.entity),
    closing,
    version: row?.version ?? null,
    isDone: mapping.dirty === mapping.clean,
    lastIntent,
    open: countOpen(step.deliveries),
    fields: fieldsOf(deps, step, theirs),
    read: theirs === null ? null : readResult(theirs),
    ...{ rung, effect, obstacles },
    remedies: await remediesOf({ db, entity: deps.entity, step, customer, primary, obstacles }),
  };
}

function countOpen(deliveries: OpenDelivery[]): OpenDeliveries[] {
  const kinds = Map.groupBy(deliveries, ({ eventType, status }) => `${eventType} ${status}`);
  return [...kinds.values()].flatMap((alike) =>
    alike.slice(0, 1).map(({ eventType: type, status }) => ({ type, status, count: alike.length })),
  );
}

function fieldsOf(
  { integration }: SyncDeps,
  { mapping, row }: LoadedStep,
  theirs: Theirs | null,
): FieldExplained[] {
  const record =
    theirs !== null && 'answer' in theirs && theirs.answer?.state === 'present' ? theirs.answer.record : null;
  if (record === null && (isInactive(mapping) || row === null)) return [];
  const rules = integration.document.fields;
  const ours = row ? oursOf(rules, row) : {};
  const now = record ? theirsIfAble(rules, record.fields) : null;
  return rules.map((rule) => {
    const field = rule.internal;
    const half = shadowHalf(mapping, field);
    const known = half?.theirs ?? null;
    const read = now?.[field] ?? null;
    const isKnown = row !== null && (now !== null || half !== null);
    const differs = isKnown ? !same(rule, ours[field], now ? read : known) : null;
    return {
      field,
      ours: ours[field] ?? null,
      known,
      left: half?.reason ?? null,
      ...(now && { read }),
      differs,
    };
  });
}

/** A damaged shadow may contain any value. */
function shadowHalf({ shadow }: Mapping, field: string): { theirs: Value; reason: LeftReason | null } | null {
  const stored: unknown = shadow;
  if (typeof stored !== 'object' || stored === null) return null;
  const pair: unknown = Object.hasOwn(stored, field) ? Reflect.get(stored, field) : null;
  if (typeof pair !== 'object' || pair === null) return null;
  const { theirs, reason } = pair as Record<string, unknown>;
  return {
    theirs: typeof theirs === 'string' ? theirs : null,
    reason: typeof reason === 'string' ? (reason as LeftReason) : null,
  };
}

async function notReceived(
  { db, clock, entity, integration: { system } }: SyncDeps,
  customer: number,
): Promise<NotReceived> {
  const [newest] = await listEvents(db, { customer, systems: [system], limit: 1 });
  const lane = await readLane(db, {
    ...{ system, account: '', now: clock.now() },
    row: { entityType: entity.name, rowId: customer },
  });
  return {
    system,
    newest: newest === undefined ? null : newest.published ? 'published' : 'unpublished',
    // A pause stops what is sent, and not what is received.
    obstacles: laneObstacles(system, { ...lane, connection: null, breaker: null, rest: null }),
  };
}
