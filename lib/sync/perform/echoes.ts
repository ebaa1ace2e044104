// Which requests of ours the step's inbound events are echoes of: by key, or by the request's id,
// since a delete has no key. Where a system guards no update, its events may name neither: then the
// updates of the pair are read of which they may be echoes.
import {
  readClosedIntents,
  readIntentsByRequest,
  readUpdatesSince,
  type UnnamedWrite,
} from '../../../db/closed-intents.ts';
import type { Echoes } from '../facts.ts';
import { intentOfKey, keyPrefix } from '../intent-key.ts';
import { noteLostRequests } from '../lost-request.ts';
import type { ReceivedEvent } from '../../../db/inbound.ts';
import { receivedEvents } from '../received.ts';
import type { Step, SyncDeps } from '../step.ts';
import { CLOCKS_APART_MS, isUnnamed } from '../unnamed-echo.ts';

export async function findEchoes(deps: SyncDeps, { mapping, deliveries }: Step): Promise<Echoes> {
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
    unnamed: await findUnnamed(deps, mapping.id, events),
  };
  const unknown = events.filter(({ key }) => key !== null && !echoes.byKey.has(key));
  if (unknown.length > 0 && !deps.onlyLooking) await noteLostRequests(deps, unknown);
  return echoes;
}

async function findUnnamed(
  { db, integration }: SyncDeps,
  mappingId: number,
  events: readonly ReceivedEvent[],
): Promise<UnnamedWrite[]> {
  if (integration.capabilities.updates !== 'none') return [];
  const times = events.filter(isUnnamed).map(({ created }) => Date.parse(created ?? ''));
  const known = times.filter((time) => !Number.isNaN(time));
  if (known.length === 0) return [];
  return readUpdatesSince(db, mappingId, new Date(Math.min(...known) - CLOCKS_APART_MS));
}
