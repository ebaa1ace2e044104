// An event at the other side that a request of ours caused, and our database does not hold that
// request: it was stored before it was sent, so the database holds an older state now. Only we can
// use such a key; an owner tag, which anyone can write by hand, proves less.
import { isRequestKnown } from '../../db/closed-intents.ts';
import { noteAhead } from '../../db/relay/identity.ts';
import { intentOfKey, keyPrefix } from './intent-key.ts';
import type { SyncDeps } from './step.ts';
import type { ReceivedEvent } from '../../db/inbound.ts';

/**
 * Notes the first event of a request of ours that our database does not hold: from then on every
 * process refuses to start.
 */
export async function noteLostRequests(deps: SyncDeps, events: readonly ReceivedEvent[]): Promise<void> {
  const prefix = keyPrefix(deps);
  for (const { key, externalId } of events) {
    const intentId = key === null ? null : intentOfKey(key, prefix);
    if (key === null || intentId === null) continue;
    if (await isRequestKnown(deps.db, { key, intentId, externalId, now: deps.clock.now() })) continue;
    const noted = await noteAhead(deps.db, { by: 'requests', example: `${key}, about ${externalId}` });
    if (noted) deps.log.warn('restore.noticed', { by: 'requests', key, externalId });
    return;
  }
}
