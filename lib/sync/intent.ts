// Intents: one external write that has been decided on, stored before it is sent, with key and body frozen.
//
// Stripe has no fence and no compare-and-set; only a key used again can serialise two senders. So the open intent is finished
// before anything newer, by whoever holds the mapping, with the same key and the same body. A hung request of a dead worker
// that arrives later is then a replay and changes nothing. At most one intent is open per mapping: it lives in the row.
//
// A crash before `store` commits leaves nothing. After it, and before the answer is settled: the intent is open, whatever
// happened at the other side, and the same request tells.
import { withTransaction, type Tx } from '../../db/server/connection.ts';
import { insertConflicts } from '../../db/conflicts.ts';
import type { Attempt } from '../../db/intents.ts';
import { stampResend } from '../../db/mappings/claims.ts';
import { lockMapping, updateMapping, type OpenIntent } from '../../db/mappings/mappings.ts';
import { failpoint } from '../failpoint.ts';
import type { Failure, Fetched, Written } from '../integrations/integration.ts';
import { newEventId } from '../uuid.ts';
import { conflictRows } from './conflicts.ts';
import type { Conflict } from './merge.ts';
import { hasRoomForCall, type Step, type SyncDeps } from './step.ts';

export type Answer<T> = { ok: true; value: T } | { ok: false; failure: Failure };

export function makeIntent(
  deps: SyncDeps,
  step: Step,
  what: Pick<OpenIntent, 'operation' | 'body' | 'fields' | 'version'>,
): OpenIntent {
  const now = deps.clock.now();
  const id = newEventId(now);
  return {
    id,
    number: step.mapping.intentNumber + 1,
    key: `${keyPrefix(deps)}${id}`,
    ...what,
    hop: Math.max(0, ...step.deliveries.map((d) => d.hop)),
    firstSentAt: now.toISOString(),
    lastSentAt: now.toISOString(),
  };
}

/** Every key of this installation begins so; `<env>` keeps developers, copies and restores on one account apart. */
export function keyPrefix({ policy }: Pick<SyncDeps, 'policy'>): string {
  return `tb1:${policy.environment}.${policy.instanceId}:`;
}

/**
 * Stores the intent under the fence, with the conflicts that it decides in our favour; `guard` may refuse in the same
 * transaction. It comes first: what it locks, the connection, is locked before mappings everywhere.
 */
export async function storeIntent(
  deps: SyncDeps,
  step: Step,
  intent: OpenIntent,
  conflicts: Conflict[],
  guard?: (tx: Tx) => Promise<boolean>,
): Promise<'stored' | 'lost' | 'refused'> {
  const now = deps.clock.now();
  const result = await withTransaction(deps.db, async (tx) => {
    const allowed = guard === undefined || (await guard(tx));
    const mapping = await lockMapping(tx, step.claim.id, step.claim.fence);
    if (!mapping || mapping.intent) return 'lost';
    if (!allowed) return 'refused';
    await updateMapping(tx, mapping.id, { intent, intentNumber: intent.number });
    await insertConflicts(tx, conflictRows(step, conflicts, now));
    return 'stored';
  });
  if (result === 'stored') step.mapping.intent = intent;
  await failpoint('intent.stored');
  return result;
}

/** Notes the new sending time before the request leaves. False if the lease is gone. */
export function stampBeforeResend(deps: SyncDeps, step: Step): Promise<boolean> {
  return stampResend(deps.db, step.claim.id, step.claim.fence, deps.clock.now());
}

/**
 * Sends the open intent as it is stored. Null, and nothing sent, if the lease would not outlast the call: this process was slow
 * or frozen, and whoever takes the mapping over sends it.
 */
export async function sendIntent(
  deps: SyncDeps,
  step: Step,
  intent: OpenIntent,
): Promise<Answer<Written> | null> {
  await failpoint('intent.before-send');
  if (!hasRoomForCall(deps, step.claim)) return null;
  const { operation, key, body } = intent;
  const { externalId } = step.mapping;
  const send = () => deps.integration.write({ operation, key, externalId, body });
  const answer = await attempt(deps, step, operation, intent, send, toldBy);
  await failpoint('intent.answered');
  return answer;
}

/** One GET, recorded like every call that decides something. */
export function fetchTheirs(
  deps: SyncDeps,
  step: Step,
  externalId: string,
  forDelete: boolean,
): Promise<Answer<Fetched>> {
  const read = () => deps.integration.fetch(externalId, { forDelete });
  return attempt(deps, step, 'read', null, read, toldBy);
}

type Told = Pick<Attempt, 'requestId' | 'status' | 'replayed' | 'error'>;

function toldBy(value: Fetched | Written): Told {
  const { requestId, status } = value;
  return { requestId, status, replayed: 'replayed' in value && value.replayed, error: null };
}

/** Makes one call and keeps what came of it for `sync_attempts`; `told` may say that none was made after all. */
export async function attempt<T>(
  deps: SyncDeps,
  step: Step,
  operation: string,
  intent: OpenIntent | null,
  call: () => Promise<T>,
  told: (value: T) => Told | null,
): Promise<Answer<T>> {
  const startedAt = performance.now();
  const record = (about: Told): void => {
    const at = deps.clock.now();
    step.attempts.push({
      id: newEventId(at),
      mappingId: step.mapping.id,
      intentId: intent?.id ?? null,
      operation,
      key: intent?.key ?? null,
      latencyMs: Math.round(performance.now() - startedAt),
      at,
      ...about,
    });
  };
  try {
    const value = await call();
    const about = told(value);
    if (about) record(about);
    return { ok: true, value };
  } catch (error) {
    const failure = deps.integration.classify(error);
    const { requestId, status, replayed, code } = failure;
    record({ requestId, status, replayed, error: code });
    return { ok: false, failure };
  }
}
