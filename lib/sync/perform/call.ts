// One call to the system, and what has to be kept of it: each call that decides something is a row
// of `sync_attempts`.
import type { Attempt } from '../../../db/closed-intents.ts';
import type { OpenIntent } from '../../../db/mappings/mappings.ts';
import type { Fetched, Written } from '../../integrations/integration.ts';
import { RECONNECT } from '../../integrations/own-failure.ts';
import { ACCOUNT_RESTS } from '../../limits/rest.ts';
import { newEventId } from '../../uuid.ts';
import type { Answer } from '../facts.ts';
import type { Step, SyncDeps } from '../step.ts';

/** What a call's row says of its answer. */
export type Noted = Pick<Attempt, 'requestId' | 'status' | 'replayed' | 'error'>;

/** Makes one call and records its result; `noted` returns null if no call was made. */
export async function call<T>(
  deps: SyncDeps,
  step: Step,
  operation: string,
  intent: OpenIntent | null,
  make: () => Promise<T>,
  noted: (value: T) => Noted | null,
): Promise<Answer<T>> {
  const startedAt = performance.now();
  const keep = (about: Noted): void => {
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
    const value = await make();
    const about = noted(value);
    if (about) keep(about);
    return { ok: true, value };
  } catch (error) {
    const failure = deps.integration.classify(error);
    const { requestId, status, replayed, code } = failure;
    // While the account rests, or has no credential, no call is made.
    if (code !== ACCOUNT_RESTS && code !== RECONNECT) keep({ requestId, status, replayed, error: code });
    return { ok: false, failure };
  }
}

/** What is noted of an answer that has a request id. */
export function notedOf(value: Fetched | Written): Noted {
  const { requestId, status } = value;
  return { requestId, status, replayed: 'replayed' in value && value.replayed, error: null };
}

/** What is noted of a search, whose pages have no request id of their own. */
export function notedSearch(): Noted {
  return { requestId: null, status: 200, replayed: false, error: null };
}
