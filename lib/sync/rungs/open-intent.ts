// The open intent is finished before anything newer: the same request again or, where its key is
// spent, a read.
import type { OpenIntent } from '../../../db/mappings/mappings.ts';
import type { Written } from '../../integrations/integration.ts';
import type { Action } from '../action.ts';
import { same } from '../canonical.ts';
import { resolutionOf } from '../consent.ts';
import { isBeyondFinishing } from '../damage.ts';
import { know } from '../facts.ts';
import { postpone, wait } from '../failing.ts';
import { notYet } from '../not-yet.ts';
import { receivedEvents } from '../received.ts';
import { removal } from '../removal.ts';
import type { Situation } from '../situation.ts';
import { theirsOf } from '../values.ts';
import { unknownCreate } from './unknown-create.ts';

/** How long a create that never left goes out by the look that was made before it (same-identity.ts). */
const LOOK_HOLDS_MS = 10_000;

export function openIntent(s: Situation): Action | null {
  const { intent } = s.mapping;
  if (!intent || (resolutionOf(s.mapping) && isBeyondFinishing(s.mapping))) return null;
  // With writes off only reads are sent, open intents included.
  if (!s.policy.writes)
    return wait({
      code: 'writes_off',
      detail: { operation: intent.operation, body: intent.body, open: true },
    });
  if (intent.operation === 'delete') return removal(s);
  const ageMs = s.now.getTime() - Date.parse(intent.firstSentAt);
  const isKeyOver = intent.spent !== undefined || ageMs > s.capabilities.requestLifeMs;
  // Nothing of it happened: there is nothing to look for, and no reason to send what the row no
  // longer says. Nor to make a record that another client may have made since the look before it.
  const lookedLongAgo = intent.operation === 'create' && ageMs > LOOK_HOLDS_MS;
  if (intent.unsent && (isKeyOver || lookedLongAgo || intent.version !== s.row?.version))
    return {
      do: 'settle',
      outcome: { kind: 'abandoned', intent, result: 'not_needed', mustRead: false },
    };
  return isKeyOver ? afterKeyLife(s, intent) : { do: 'resend', intent };
}

/**
 * The key can never be used again, so the request is never sent again. Read first, and not before
 * nothing of it can still be on its way. For an update the read shows whether it took effect; what
 * a create did is looked for.
 */
function afterKeyLife(s: Situation, intent: OpenIntent): Action {
  const settled = new Date(Date.parse(intent.lastSentAt) + s.capabilities.inFlightMs);
  if (s.now < settled) {
    const failure = notYet(intent.spent ?? 'key_too_old', STILL_IN_FLIGHT);
    return {
      do: 'settle',
      outcome: { kind: 'postponed', failure, notBefore: settled, spent: false },
    };
  }
  return intent.operation === 'create' ? unknownCreate(s, intent) : whetherDone(s, intent);
}

const STILL_IN_FLIGHT = 'waiting until nothing of the last request can be on its way any more';

/**
 * An event that bears its key says that it took effect, and what that made, as its answer would
 * have; whatever others have made of it since is theirs, and read in the next step. Without such an
 * event only a read shows it: if the record holds what was sent, the request took effect, and the
 * values are ours, not an edit of theirs. If the record holds only part of it, that part is ours,
 * and of the rest nothing is known but what the record holds.
 */
function whetherDone(s: Situation, intent: OpenIntent): Action {
  const { externalId } = s.mapping;
  const sent = Object.entries(intent.fields);
  const unknown = { kind: 'abandoned', intent, result: 'unknown', mustRead: true } as const;
  if (externalId === null || sent.length === 0) return { do: 'settle', outcome: unknown };
  const event = receivedEvents(s.deliveries).find((one) => one.event.key === intent.key)?.event;
  if (event?.after) {
    const { after: fields, requestId } = event;
    const record = {
      externalId,
      fields,
      ownerTag: null,
      foreignTag: false,
      createdAt: s.now,
      testClock: null,
    };
    const answer = { requestId, status: 200, answeredAt: null, replayed: true };
    return tookEffect(intent, { ...answer, externalId, record });
  }
  const answer = know(s, 'record', { externalId, for: 'merge' });
  if (!answer.ok) return postpone(s, answer.failure);
  const { value } = answer;
  if (value.state !== 'present') return { do: 'settle', outcome: unknown };
  const theirs = theirsOf(s.fields, value.record.fields);
  const standing = sent.filter(([field, { ours }]) =>
    s.fields.some((rule) => rule.internal === field && same(rule, theirs[field], ours)),
  );
  if (standing.length === sent.length) return tookEffect(intent, { ...value, replayed: false, externalId });
  const stands = Object.fromEntries(
    standing.map(([field, { ours }]) => [field, { ours, theirs: theirs[field] ?? null }]),
  );
  return { do: 'settle', outcome: { ...unknown, stands } };
}

function tookEffect(intent: OpenIntent, written: Written): Action {
  return { do: 'settle', outcome: { kind: 'answered', intent, written, merged: null } };
}
