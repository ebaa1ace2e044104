// Requests to the system. An intent is one external write that has been decided on: stored before
// it is sent, with key and body frozen.
//
// Stripe has no fence and no compare-and-set; only a key used again can serialise two senders. So
// the open intent is finished before anything newer, by the worker that holds the lease, with the
// same key and the same body. A hung request of a dead worker that arrives later is then a replay
// and changes nothing. At most one intent is open per mapping: it lives in the row.
//
// A crash before `store` commits leaves nothing. After it, and before the answer is settled: the
// intent is open, whatever happened at the system, and the same request finds it out.
import { insertConflicts } from '../../../db/conflicts.ts';
import { stampResend } from '../../../db/mappings/claims.ts';
import { lockMapping, type OpenIntent } from '../../../db/mappings/mappings.ts';
import { openIntent, updateMapping } from '../../../db/mappings/writes/update.ts';
import { withTransaction } from '../../../db/server/connection.ts';
import { failpoint } from '../../failpoint.ts';
import type { Fields } from '../../catalogue/document.ts';
import { newEventId } from '../../uuid.ts';
import type { Request } from '../action.ts';
import { conflictRows } from '../conflicts.ts';
import { isReleased } from '../consent.ts';
import { mayDelete } from '../fuse.ts';
import { restoredIn, sentBeside } from '../groups.ts';
import { keyPrefix } from '../intent-key.ts';
import type { Merged } from '../merged.ts';
import { byTheirNames } from '../values.ts';
import { hasRoomForCall, type Step, type SyncDeps } from '../step.ts';
import { call, notedOf } from './call.ts';
import type { Performed } from './performed.ts';

/** Stores the request as the open intent, and sends it. */
export async function send(deps: SyncDeps, step: Step, request: Request): Promise<Performed> {
  if (!hasRoomForCall(deps, step.claim)) return 'no_room';
  const intent = makeIntent(deps, step, request);
  const stored = await store(deps, step, intent, request);
  if (stored === 'lost') return 'over';
  if (stored === 'refused') {
    step.progress = { ...step.progress, obstacle: 'fuse' };
    return 'decide';
  }
  const merged = request.operation === 'delete' ? null : request.merged;
  return sendOpen(deps, step, intent, { first: true, merged });
}

/** Sends the open intent again, as it is stored. */
export async function resend(deps: SyncDeps, step: Step, intent: OpenIntent): Promise<Performed> {
  if (!hasRoomForCall(deps, step.claim)) return 'no_room';
  const { id, fence } = step.claim;
  if (intent.operation === 'delete') return sendOpen(deps, step, intent, { first: false, merged: null });
  // The new sending time is noted before the request leaves.
  const now = deps.clock.now();
  if (!(await stampResend(deps.db, id, fence, now))) return 'over';
  const stamped = { ...intent, lastSentAt: now.toISOString() };
  return sendOpen(deps, step, stamped, { first: intent.unsent === true, merged: null });
}

/** What would be sent, as it would be stored. */
export function bodyOf(
  { integration }: Pick<SyncDeps, 'integration'>,
  { ours, ownerTag, version, beside, as }: Pick<Update, 'ours' | 'ownerTag' | 'version' | 'beside' | 'as'>,
): Record<string, unknown> {
  const fields = { ...byTheirNames(integration.document.fields, ours), ...restoredIn(beside) };
  return integration.body(fields, ownerTag, version, beside && sentBeside(beside), as);
}

type Update = Extract<Request, { operation: 'create' | 'update' }>;

/** A delete has no body but the version that it is made for. */
function frozenBody(deps: SyncDeps, request: Request): Record<string, unknown> {
  if (request.operation !== 'delete') return bodyOf(deps, request);
  const { version } = request;
  return version === undefined ? {} : bodyOf(deps, { ours: {}, ownerTag: null, version });
}

function makeIntent(deps: SyncDeps, step: Step, request: Request): OpenIntent {
  const now = deps.clock.now();
  const id = newEventId(now);
  return {
    id,
    number: step.mapping.intentNumber + 1,
    key: `${keyPrefix(deps)}${id}`,
    operation: request.operation,
    body: frozenBody(deps, request),
    fields: fieldsOf(request),
    ...besideIn(request),
    ...(request.operation !== 'delete' && request.more === true && { more: true }),
    version: step.row?.version ?? step.mapping.wantedVersion,
    hop: Math.max(0, ...step.deliveries.map((d) => d.hop)),
    firstSentAt: now.toISOString(),
    lastSentAt: now.toISOString(),
  };
}

/** Of a delete, what its guard saw: the echo shows what the record really held last. */
function fieldsOf(request: Request): OpenIntent['fields'] {
  const ours: Fields =
    request.operation === 'delete'
      ? Object.fromEntries(Object.keys(request.seen).map((field) => [field, null]))
      : request.ours;
  return Object.fromEntries(
    Object.entries(ours).map(([field, value]) => [field, { ours: value, seen: request.seen[field] ?? null }]),
  );
}

function besideIn(request: Request): Pick<OpenIntent, 'beside'> {
  const { beside = {} } = request.operation === 'delete' ? {} : request;
  return Object.keys(beside).length === 0 ? {} : { beside };
}

type Stored = 'stored' | 'lost' | 'refused';

async function store(deps: SyncDeps, step: Step, intent: OpenIntent, request: Request): Promise<Stored> {
  const isAlone = request.operation !== 'delete' && request.conflicts.length === 0;
  const storeIt = isAlone ? storeAlone : storeWithConflicts;
  const result = await storeIt(deps, step, intent, request);
  if (result === 'stored') step.mapping.intent = intent;
  await failpoint('intent.stored');
  return result;
}

async function storeAlone({ db }: SyncDeps, { claim }: Step, intent: OpenIntent): Promise<Stored> {
  return (await openIntent(db, claim.id, claim.fence, intent)) ? 'stored' : 'lost';
}

/**
 * Stores the intent under the fence, with the conflicts that it decides in our favour. The fuse may
 * refuse a delete in the same transaction. It comes first: what it locks, the connection, is locked
 * before mappings everywhere.
 */
async function storeWithConflicts(
  deps: SyncDeps,
  step: Step,
  intent: OpenIntent,
  { operation, conflicts }: Request,
): Promise<Stored> {
  const now = deps.clock.now();
  const { system } = step.mapping;
  return withTransaction(deps.db, async (tx) => {
    const allowed =
      operation !== 'delete' ||
      isReleased(step.mapping) ||
      (await mayDelete(tx, { system, direction: 'out', now, log: deps.log }));
    const mapping = await lockMapping(tx, step.claim.id, step.claim.fence);
    if (!mapping || mapping.intent) return 'lost';
    if (!allowed) return 'refused';
    await updateMapping(tx, mapping.id, { intent, intentNumber: intent.number });
    await insertConflicts(tx, conflictRows(step, conflicts, now));
    return 'stored';
  });
}

/**
 * Nothing is sent if the lease would not outlast the call: this process was slow or frozen, and the
 * next one sends it.
 */
async function sendOpen(
  deps: SyncDeps,
  step: Step,
  intent: OpenIntent,
  { first, merged }: { first: boolean; merged: Merged | null },
): Promise<Performed> {
  await failpoint('intent.before-send');
  if (!hasRoomForCall(deps, step.claim)) return 'no_room';
  const { operation, key, body } = intent;
  const { externalId } = step.mapping;
  const write = () => deps.integration.write({ operation, key, externalId, body });
  const answer = await call(deps, step, operation, intent, write, notedOf);
  await failpoint('intent.answered');
  if (!answer.ok && answer.failure.kind === 'conflict')
    step.claim.staleSends = (step.claim.staleSends ?? 0) + 1;
  if (!answer.ok && operation !== 'delete') {
    const open = { ...intent };
    if (first && answer.failure.nothingHappened) open.unsent = true;
    else delete open.unsent;
    step.mapping.intent = open;
  }
  step.progress = { ...step.progress, sent: { intent, answer, first, merged } };
  return 'decide';
}
