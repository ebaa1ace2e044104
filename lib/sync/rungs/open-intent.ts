// The open intent is finished before anything newer: the same request again or, where that is not
// safe (its key is spent, or the system has no keys), a read.
import type { OpenIntent } from '../../../db/mappings/mappings.ts';
import type { Action } from '../action.ts';
import { resolutionOf } from '../consent.ts';
import { isBeyondFinishing } from '../damage.ts';
import { wait } from '../failing.ts';
import { notYet } from '../not-yet.ts';
import { removal } from '../removal.ts';
import { maySendAgain, settledAt, TAG_TAKEN } from '../sending-again.ts';
import type { Situation } from '../situation.ts';
import { whetherDone } from '../whether-done.ts';
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
  const isOver = !maySendAgain(s, intent);
  // Nothing of it happened: there is nothing to look for, and no reason to send what the row no
  // longer says. Nor to make a record that another client may have made since the look before it.
  const lookedLongAgo = intent.operation === 'create' && ageMs > LOOK_HOLDS_MS;
  const isUnsent = intent.unsent === true && intent.spent !== TAG_TAKEN;
  if (isUnsent && (isOver || lookedLongAgo || intent.version !== s.row?.version))
    return {
      do: 'settle',
      outcome: { kind: 'abandoned', intent, result: 'not_needed', mustRead: false },
    };
  return isOver ? withoutSending(s, intent) : { do: 'resend', intent };
}

/**
 * Sent again, the request could have a second effect, so it never is. Read first, and not before
 * nothing of it can still be on its way. For an update the read shows whether it took effect; what
 * a create did is looked for.
 */
function withoutSending(s: Situation, intent: OpenIntent): Action {
  const settled = settledAt(s, intent);
  if (s.now < settled) {
    const failure = notYet(intent.spent ?? whyNotAgain(s, intent), STILL_IN_FLIGHT);
    return {
      do: 'settle',
      outcome: { kind: 'postponed', failure, notBefore: settled, spent: false },
    };
  }
  return intent.operation === 'create' ? unknownCreate(s, intent) : whetherDone(s, intent);
}

function whyNotAgain({ capabilities }: Situation, { operation }: OpenIntent): string {
  const means = operation === 'create' ? capabilities.creates : capabilities.updates;
  return means === 'key' ? 'key_too_old' : 'outcome_unknown';
}

const STILL_IN_FLIGHT = 'waiting until nothing of the last request can be on its way any more';
