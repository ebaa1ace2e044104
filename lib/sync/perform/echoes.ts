// Which requests of ours the step's inbound events are echoes of: by key, or by the request's id,
// since a delete has no key.
import { readClosedIntents, readIntentsByRequest } from '../../../db/closed-intents.ts';
import type { Echoes } from '../facts.ts';
import { intentOfKey, keyPrefix } from '../intent-key.ts';
import { noteLostRequests } from '../lost-request.ts';
import { receivedEvents } from '../received.ts';
import type { Step, SyncDeps } from '../step.ts';

export async function findEchoes(deps: SyncDeps, { deliveries }: Step): Promise<Echoes> {
  const events = receivedEvents(deliveries).map(({ event }) => event);
  const prefix = keyPrefix(deps);
  const ids = events.flatMap(({ key }) => intentOfKey(key ?? '', prefix) ?? []);
  const requests = events.flatMap(({ key, requestId }) =>
    key === null && requestId !== null ? [requestId] : [],
  );
  const closed = await readClosedIntents(deps.db, ids);
  const deleted = await readIntentsByRequest(deps.db, requests);
  const echoes: Echoes = {
    byKey: new Map(closed.map((intent) => [intent.key, intent])),
    byRequest: new Map(deleted.map((intent) => [intent.requestId, intent])),
  };
  const unknown = events.filter(({ key }) => key !== null && !echoes.byKey.has(key));
  if (unknown.length > 0 && !deps.onlyLooking) await noteLostRequests(deps, unknown);
  return echoes;
}
