// Creates and updates at their side: an intent is stored, sent, and its answer settled.
import { makeIntent, sendIntent, stampBeforeResend, storeIntent } from './intent.ts';
import type { OpenIntent } from '../../db/mappings.ts';
import type { Failure, FieldRule, Fields } from '../integrations/integration.ts';
import { park, postpone } from './failing.ts';
import type { Conflict } from './merge.ts';
import { again, finish, giveBack, type Next } from './next.ts';
import { errorRow, type Merged } from './outcome.ts';
import { removeTheirs } from './remove.ts';
import { settle } from './settle.ts';
import { hasRoomForCall, oursOf, type Step, type SyncDeps } from './step.ts';

/** Our row has no counterpart yet: make one, marked as this row's. */
export async function createTheirs(deps: SyncDeps, step: Step): Promise<Next> {
  const { row } = step;
  if (!row) return finish(await settle(deps, step, { kind: 'waiting', reason: 'lost_row', detail: {} }));
  const rules = deps.integration.document.fields.filter((rule) => rule.direction !== 'pull');
  return write(deps, step, 'create', oursOf(rules, row), {}, row.createdEventId, [], null);
}

/** Pushes the merge's fields; `theirs` is what it saw. */
export async function updateTheirs(
  deps: SyncDeps,
  step: Step,
  merged: Merged,
  theirs: Fields,
): Promise<Next> {
  const conflicts = merged.plan.conflicts.filter((c) => c.field === null || !(c.field in merged.plan.pull));
  return write(deps, step, 'update', merged.plan.push, theirs, null, conflicts, merged);
}

async function write(
  deps: SyncDeps,
  step: Step,
  operation: 'create' | 'update',
  ours: Fields,
  seen: Fields,
  mark: string | null,
  conflicts: Conflict[],
  merged: Merged | null,
): Promise<Next> {
  const body = deps.integration.body(byTheirNames(deps.integration.document.fields, ours), mark);
  if (!deps.policy.writes)
    return finish(
      await settle(deps, step, { kind: 'waiting', reason: 'writes_off', detail: { operation, body } }),
    );
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
  if (!answer.ok) return afterFailure(deps, step, intent, answer.failure);
  return finish(
    await settle(deps, step, {
      kind: 'answered',
      intent,
      written: answer.value,
      merged: merged ?? nothingElse,
    }),
  );
}

/** A create answers for the whole row: there was nothing of theirs to merge. */
const nothingElse: Merged = {
  plan: { pull: {}, push: {}, agreed: {}, carried: [], conflicts: [] },
  read: true,
  echoes: [],
};

/** Finishes the open intent before anything else: the same request again, or, where its key is spent, a read. */
export async function finishIntent(deps: SyncDeps, step: Step, intent: OpenIntent): Promise<Next> {
  if (!deps.policy.writes) return observe(deps, step, intent);
  if (intent.operation === 'delete') return removeTheirs(deps, step);
  const now = deps.clock.now().getTime();
  const age = now - Date.parse(intent.firstSentAt);
  if (intent.spent !== undefined || age > deps.integration.capabilities.requestLifeMs) {
    return afterKeyLife(deps, step, intent);
  }
  if (!hasRoomForCall(deps, step.claim)) return giveBack(deps, step);
  if (!(await stampBeforeResend(deps, step))) return 'done';
  const answer = await sendIntent(deps, step, { ...intent, lastSentAt: new Date(now).toISOString() });
  if (!answer.ok) return afterFailure(deps, step, intent, answer.failure);
  return again(await settle(deps, step, { kind: 'answered', intent, written: answer.value, merged: null }));
}

/** With writes off only reads are sent, open intents included. */
async function observe(deps: SyncDeps, step: Step, intent: OpenIntent): Promise<Next> {
  const detail = { operation: intent.operation, body: intent.body, open: true };
  return finish(await settle(deps, step, { kind: 'waiting', reason: 'writes_off', detail }));
}

/**
 * The key can never be used again, so the request is never sent again. Read first, and not before nothing of it can still be on
 * its way. For an update the read tells. A create of unknown outcome parks: a second one could make a second customer.
 */
async function afterKeyLife(deps: SyncDeps, step: Step, intent: OpenIntent): Promise<Next> {
  const settled = new Date(Date.parse(intent.lastSentAt) + deps.integration.capabilities.inFlightMs);
  if (deps.clock.now() < settled) return postpone(deps, step, stillInFlight(intent), { notBefore: settled });
  if (intent.operation === 'create') {
    return park(deps, step, 'create_unknown', {
      message:
        'a create was sent, its outcome is not known, and its key can no longer tell; look for the mark of this row at the system',
      key: intent.key,
      first_sent_at: intent.firstSentAt,
      spent: intent.spent ?? 'key_too_old',
    });
  }
  return again(await settle(deps, step, { kind: 'abandoned', intent, result: 'unknown', mustRead: true }));
}

/** An answer that is no success decides what becomes of the open intent. */
async function afterFailure(deps: SyncDeps, step: Step, intent: OpenIntent, failure: Failure): Promise<Next> {
  switch (failure.kind) {
    case 'retry':
    case 'throttle':
    case 'lock':
    case 'indeterminate':
    case 'conflict':
    case 'auth':
      return postpone(deps, step, failure);
    case 'spent':
      step.mapping.intent = intent;
      return postpone(deps, step, failure, {
        spent: true,
        notBefore: new Date(deps.clock.now().getTime() + deps.integration.capabilities.inFlightMs),
      });
    case 'permanent':
      return park(deps, step, failure.code, errorRow(failure), intent);
    case 'gone':
      // A 404 is never a deletion. It closes the intent; only what a GET then says counts.
      if (intent.operation === 'create') return park(deps, step, failure.code, errorRow(failure), intent);
      return again(
        await settle(deps, step, { kind: 'abandoned', intent, result: 'refused', mustRead: true }),
      );
  }
}

function stillInFlight(intent: OpenIntent): Failure {
  return {
    kind: 'indeterminate',
    scope: 'entity',
    code: intent.spent ?? 'key_too_old',
    message: 'waiting until nothing of the last request can be on its way any more',
    status: null,
    requestId: null,
    replayed: false,
    field: null,
    retryAfterMs: null,
    nothingHappened: false,
  };
}

function byTheirNames(rules: FieldRule[], ours: Fields): Fields {
  return Object.fromEntries(
    rules.flatMap((rule) => (rule.internal in ours ? [[rule.external, ours[rule.internal] ?? null]] : [])),
  );
}
