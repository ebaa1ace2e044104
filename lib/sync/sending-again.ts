// Whether a request whose outcome is not known may be sent again, by what the system promises.
import type { OpenIntent } from '../../db/mappings/mappings.ts';
import type { Capabilities } from '../integrations/integration.ts';

/** Why a create is not sent again: a record has its owner tag already. */
export const TAG_TAKEN = 'tag_taken';

type Promises = { capabilities: Pick<Capabilities, 'creates' | 'updates' | 'requestLifeMs'> };

/** By what a second arrival of the request has no second effect; null: by nothing. */
function safetyOf({ capabilities }: Promises, { operation }: OpenIntent): 'key' | 'version' | null {
  const means = operation === 'create' ? capabilities.creates : capabilities.updates;
  return means === 'key' || means === 'version' ? means : null;
}

/** Whether the same request, sent again now, has at most the one effect. */
export function maySendAgain(s: Promises & { now: Date }, intent: OpenIntent): boolean {
  if (intent.spent !== undefined) return false;
  const safety = safetyOf(s, intent);
  const ageMs = s.now.getTime() - Date.parse(intent.firstSentAt);
  return safety === 'key' ? ageMs <= s.capabilities.requestLifeMs : safety === 'version';
}

/** Whether it has to be kept that no send of the request has arrived: without a key only that says so. */
export function mustKeepUnsent(s: Promises, intent: OpenIntent | null): boolean {
  return intent?.unsent === true && safetyOf(s, intent) !== 'key';
}

/**
 * How long after the last send its effect may still come. A system that takes each owner tag once
 * refuses a create that comes late, so nothing is waited for there.
 */
export function settledAt({ capabilities }: { capabilities: Capabilities }, intent: OpenIntent): Date {
  const isRefusedLate = intent.operation === 'create' && capabilities.creates === 'unique-tag';
  return new Date(Date.parse(intent.lastSentAt) + (isRefusedLate ? 0 : capabilities.inFlightMs));
}
