// Creates and updates at their side: an intent is stored, sent, and its answer settled.
import { fetchTheirs, makeIntent, sendIntent, stampBeforeResend, storeIntent } from './intent.ts';
import type { OpenIntent } from '../../db/mappings/mappings.ts';
import type { Failure, FieldRule, Fields } from '../integrations/integration.ts';
import { toExternal } from '../catalogue/transforms.ts';
import { canCarry, same } from './canonical.ts';
import { park, postpone } from './failing.ts';
import type { Conflict } from './merge.ts';
import { giveBack, type Next } from './next.ts';
import { errorRow, type Merged } from './outcome.ts';
import { foresee, foreseeWrite, type Effect } from './rehearsal.ts';
import { removeTheirs } from './remove.ts';
import { notYet, resolveCreate } from './resolve.ts';
import { settle } from './settle.ts';
import { shadowTheirs } from './shadow.ts';
import { hasRoomForCall, oursOf, theirsOf, type Step, type SyncDeps } from './step.ts';
import { heardEvents } from './theirs.ts';

/** Our row has no counterpart yet: make one, marked as this row's. */
export async function createTheirs(deps: SyncDeps, step: Step): Promise<Next> {
  const { row } = step;
  if (!row) return settle(deps, step, { kind: 'waiting', reason: 'lost_row', detail: {} });
  // What they cannot hold is left out; the merge after it says so.
  const sent = deps.integration.document.fields.filter(
    (rule) => rule.direction !== 'pull' && canCarry(rule, oursOf([rule], row)[rule.internal] ?? null),
  );
  const ours = oursOf(sent, row);
  return write(deps, step, {
    operation: 'create',
    ours,
    seen: {},
    mark: row.createdEventId,
    conflicts: [],
    merged: nothingMerged,
  });
}

/** Pushes the merge's fields, and our mark where the record lacks it; `theirs` is what the merge saw. */
export async function updateTheirs(
  deps: SyncDeps,
  step: Step,
  merged: Merged,
  theirs: Fields,
  mark: string | null,
): Promise<Next> {
  const conflicts = merged.plan.conflicts.filter((c) => c.field === null || !(c.field in merged.plan.pull));
  return write(deps, step, {
    operation: 'update',
    ours: merged.plan.push,
    seen: theirs,
    mark,
    conflicts,
    merged,
  });
}

/** Only pushes: what else the merge found is left for the step that begins again after it. */
export async function pushOnly(
  deps: SyncDeps,
  step: Step,
  push: Fields,
  theirs: Fields,
  conflicts: Conflict[],
): Promise<Next> {
  return write(deps, step, {
    operation: 'update',
    ours: push,
    seen: theirs,
    mark: null,
    conflicts,
    merged: null,
  });
}

/**
 * A row was made for their record: our mark goes there, so that the pair can be found again. `pulled` is what was taken; `forms` are
 * fields of which the table's own triggers made another value, which goes there too.
 */
export async function writeMark(
  deps: SyncDeps,
  step: Step,
  pulled: Fields,
  forms: Fields = {},
): Promise<Next> {
  const merged: Merged = { ...nothingMerged, plan: { ...nothingMerged.plan, pull: pulled } };
  const isReformed = Object.keys(forms).length > 0;
  if (!step.row || (!deps.policy.writes && !isReformed))
    return settle(deps, step, { kind: 'agreed', merged });
  const mark = step.row.createdEventId;
  return write(deps, step, {
    operation: 'update',
    ours: forms,
    seen: shadowTheirs(step.mapping.shadow),
    mark,
    conflicts: [],
    merged,
  });
}

interface Write {
  operation: 'create' | 'update';
  ours: Fields;
  seen: Fields;
  mark: string | null;
  conflicts: Conflict[];
  /** null: it answers for nothing but itself. */
  merged: Merged | null;
}

async function write(
  deps: SyncDeps,
  step: Step,
  { operation, ours, seen, mark, conflicts, merged }: Write,
): Promise<Next> {
  const body = deps.integration.body(byTheirNames(deps.integration.document.fields, ours), mark);
  if (!deps.policy.writes)
    return settle(deps, step, { kind: 'waiting', reason: 'writes_off', detail: { operation, body } });
  await foreseeWrite(deps, step, { operation, body, fields: Object.keys(ours) });
  const fields = Object.fromEntries(
    Object.entries(ours).map(([field, value]) => [field, { ours: value, seen: seen[field] ?? null }]),
  );
  const intent = makeIntent(deps, step, {
    operation,
    body,
    fields,
    version: step.row?.version ?? step.mapping.wantedVersion,
  });
  if (!hasRoomForCall(deps, step.claim)) return giveBack(deps, step);
  if ((await storeIntent(deps, step, intent, conflicts)) !== 'stored') return 'done';
  const answer = await sendIntent(deps, step, intent);
  if (!answer) return giveBack(deps, step);
  if (!answer.ok) return afterFailure(deps, step, intent, answer.failure, true);
  return settle(deps, step, {
    kind: 'answered',
    intent,
    written: answer.value,
    merged,
  });
}

/** A create answers for the whole row: there was nothing of theirs to merge. */
const nothingMerged: Merged = {
  plan: { pull: {}, push: {}, agreed: {}, carried: [], conflicts: [] },
  read: true,
  echoes: [],
};

/** How long a create that never left goes out by the look that was made before it (before-create.ts). */
const LOOK_HOLDS_MS = 10_000;

/** Finishes the open intent before anything else: the same request again, or, where its key is spent, a read. */
export async function finishIntent(deps: SyncDeps, step: Step, intent: OpenIntent): Promise<Next> {
  if (!deps.policy.writes) return observe(deps, step, intent);
  if (intent.operation === 'delete') return removeTheirs(deps, step);
  const now = deps.clock.now().getTime();
  const age = now - Date.parse(intent.firstSentAt);
  const keyOver = intent.spent !== undefined || age > deps.integration.capabilities.requestLifeMs;
  // Nothing of it happened: there is nothing to look for, and no reason to send what the row no longer says. Nor to make what
  // somebody else may have made since the look before it.
  const lookedLongAgo = intent.operation === 'create' && age > LOOK_HOLDS_MS;
  if (intent.unsent && (keyOver || lookedLongAgo || intent.version !== step.row?.version))
    return settle(deps, step, { kind: 'abandoned', intent, result: 'not_needed', mustRead: false });
  if (keyOver) return afterKeyLife(deps, step, intent);
  if (!hasRoomForCall(deps, step.claim)) return giveBack(deps, step);
  foresee(deps, () => ({ ...again(intent), again: true }));
  if (!(await stampBeforeResend(deps, step))) return 'done';
  const resent = { ...intent, lastSentAt: new Date(now).toISOString() };
  const answer = await sendIntent(deps, step, resent);
  if (!answer) return giveBack(deps, step);
  if (!answer.ok) return afterFailure(deps, step, resent, answer.failure, intent.unsent === true);
  return settle(deps, step, { kind: 'answered', intent: resent, written: answer.value, merged: null });
}

function again({ operation, fields }: OpenIntent): Effect & { would: 'create' | 'update' } {
  return operation === 'create'
    ? { would: 'create' }
    : { would: 'update', there: Object.keys(fields), here: [] };
}

/** With writes off only reads are sent, open intents included. */
async function observe(deps: SyncDeps, step: Step, intent: OpenIntent): Promise<Next> {
  const detail = { operation: intent.operation, body: intent.body, open: true };
  return settle(deps, step, { kind: 'waiting', reason: 'writes_off', detail });
}

/**
 * The key can never be used again, so the request is never sent again. Read first, and not before nothing of it can still be on
 * its way. For an update the read tells; what a create did is looked for.
 */
async function afterKeyLife(deps: SyncDeps, step: Step, intent: OpenIntent): Promise<Next> {
  foresee(deps, () => ({ would: 'unknown', why: NOT_KNOWN }));
  const settled = new Date(Date.parse(intent.lastSentAt) + deps.integration.capabilities.inFlightMs);
  if (deps.clock.now() < settled) {
    const failure = notYet(intent.spent ?? 'key_too_old', STILL_IN_FLIGHT);
    return settle(deps, step, { kind: 'postponed', failure, notBefore: settled, spent: false });
  }
  return intent.operation === 'create'
    ? resolveCreate(deps, step, intent)
    : readWhetherDone(deps, step, intent);
}

const NOT_KNOWN =
  'what its last request did is not known: that is looked for first, and nothing is sent twice';
const STILL_IN_FLIGHT = 'waiting until nothing of the last request can be on its way any more';

/**
 * An event that bears its key says that it took effect, and what that made, as its answer would have; whatever others have made of
 * it since is theirs, and read in the next step. Without one only a read tells: what was sent stands there, so it took effect, and
 * is ours, not an edit of theirs. Where only part of it stands, that part is ours, and of the rest nothing is known but what stands.
 */
async function readWhetherDone(deps: SyncDeps, step: Step, intent: OpenIntent): Promise<Next> {
  const { externalId } = step.mapping;
  const unknown = { kind: 'abandoned', intent, result: 'unknown', mustRead: true } as const;
  const sent = Object.entries(intent.fields);
  if (externalId === null || sent.length === 0) return settle(deps, step, unknown);
  const told = heardEvents(step).find(({ event }) => event.key === intent.key)?.event;
  if (told?.after) {
    const record = {
      externalId,
      fields: told.after,
      mark: null,
      foreignMark: false,
      createdAt: deps.clock.now(),
      testClock: null,
    };
    const answer = { requestId: told.requestId, status: 200, answeredAt: null, replayed: true };
    return settle(deps, step, {
      kind: 'answered',
      intent,
      written: { ...answer, externalId, record },
      merged: null,
    });
  }
  if (!hasRoomForCall(deps, step.claim)) return giveBack(deps, step);
  const answer = await fetchTheirs(deps, step, externalId, false);
  if (!answer.ok) return postpone(deps, step, answer.failure);
  const { value } = answer;
  if (value.state !== 'present') return settle(deps, step, unknown);
  const { fields: rules } = deps.integration.document;
  const theirs = theirsOf(rules, value.record.fields);
  const standing = sent.filter(([field, { ours }]) =>
    rules.some((rule) => rule.internal === field && same(rule, theirs[field], ours)),
  );
  if (standing.length === sent.length) {
    const written = { ...value, replayed: false, externalId };
    return settle(deps, step, { kind: 'answered', intent, written, merged: null });
  }
  const stands = Object.fromEntries(
    standing.map(([field, { ours }]) => [field, { ours, theirs: theirs[field] ?? null }]),
  );
  return settle(deps, step, { ...unknown, stands });
}

/** An answer that is no success decides what becomes of the open intent. `first`: no send before this one can have arrived. */
async function afterFailure(
  deps: SyncDeps,
  step: Step,
  intent: OpenIntent,
  failure: Failure,
  first: boolean,
): Promise<Next> {
  step.mapping.intent = { ...intent };
  if (first && failure.nothingHappened) step.mapping.intent.unsent = true;
  else delete step.mapping.intent.unsent;
  switch (failure.kind) {
    case 'retry':
    case 'throttle':
    case 'lock':
    case 'indeterminate':
    case 'conflict':
    case 'auth':
      return postpone(deps, step, failure);
    case 'spent':
      return never(deps, step, failure);
    case 'permanent':
      return park(deps, step, failure.code, errorRow(failure), intent);
    case 'gone':
      // A 404 is never a deletion. It closes the intent; only what a GET then says counts.
      if (intent.operation === 'create') return park(deps, step, failure.code, errorRow(failure), intent);
      // An earlier send may still arrive, and would then come after what is newer.
      if (!first) return never(deps, step, failure);
      return settle(deps, step, { kind: 'abandoned', intent, result: 'refused', mustRead: true });
  }
}

/** Never sent again; what its sends did is read once nothing of them can be on its way any more. */
function never(deps: SyncDeps, step: Step, failure: Failure): Promise<Next> {
  return postpone(deps, step, failure, {
    spent: true,
    notBefore: new Date(deps.clock.now().getTime() + deps.integration.capabilities.inFlightMs),
  });
}

function byTheirNames(rules: FieldRule[], ours: Fields): Fields {
  return Object.fromEntries(
    rules.flatMap((rule) =>
      rule.internal in ours ? [[rule.external, toExternal(rule, ours[rule.internal] ?? null)]] : [],
    ),
  );
}
