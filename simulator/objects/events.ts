/**
 * Events (docs.stripe.com/api/events): a snapshot of the object at the time of the call, which
 * never changes afterwards; `previous_attributes` on updates only, with the changed members only;
 * `request` as in the call. A replay or a refusal makes no event. Events can be listed for 30 days.
 */
import { seconds, takeSeq, type Call, type Handler } from '../http/call.ts';
import { noSuchObject, refuse } from '../http/errors.ts';
import { newId } from './ids.ts';
import { LIST_PARAMS, listPage } from '../http/lists.ts';
import type { StoredEvent } from './objects.ts';
import { readBoolean, readRequiredText, readTextList, refuseUnknown } from '../http/params.ts';
import type { AccountState } from '../store/store.ts';
import { wantsEvent } from '../webhooks/endpoints.ts';

export const RETENTION_MS = 30 * 24 * 3600 * 1000;

/** Adds an event, and one delivery for each endpoint that listens to it, to the operations. */
export function stageEvent(
  call: Call,
  type: string,
  object: StoredEvent['data']['object'],
  previous?: Record<string, unknown>,
): StoredEvent {
  const event: StoredEvent = {
    id: newId('evt', 24),
    object: 'event',
    api_version: call.rules.apiVersion,
    created: seconds(call.now),
    data: { object, ...(previous === undefined ? {} : { previous_attributes: previous }) },
    livemode: false,
    request: { ...call.request },
    type,
  };
  const account = call.account.id;
  const row = { id: event.id, created: event.created, seq: takeSeq(call), at: call.now, value: event };
  call.ops.push({ op: 'event', account, ...row });
  for (const endpoint of call.account.endpoints.living) {
    if (endpoint.value && wantsEvent(endpoint.value, type)) {
      const value = { account, event: event.id, endpoint: endpoint.id, eventMs: call.now };
      call.ops.push({ op: 'delivery', value });
    }
  }
  return event;
}

/** The values before the change: nested hashes member by member, null for a member that is new. */
export function previousAttributes(before: object, after: object): Record<string, unknown> {
  const changed: [string, unknown][] = [];
  const now = new Map<string, unknown>(Object.entries(after));
  for (const [name, was] of Object.entries(before) as [string, unknown][]) {
    const is = now.get(name);
    now.delete(name);
    if (isHash(was) && isHash(is)) {
      const inner = previousAttributes(was, is);
      if (Object.keys(inner).length > 0) changed.push([name, inner]);
    } else if (JSON.stringify(was) !== JSON.stringify(is)) {
      changed.push([name, was]);
    }
  }
  for (const name of now.keys()) changed.push([name, null]);
  return Object.fromEntries(changed); // unlike an assignment, this treats `__proto__` as a plain name
}

function isHash(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function renderEvent(
  account: AccountState,
  event: StoredEvent,
): StoredEvent & { pending_webhooks: number } {
  return { ...event, pending_webhooks: account.undelivered.get(event.id)?.pending ?? 0 };
}

export const listEvents: Handler = ({ account, params, now, rules }) => {
  refuseUnknown(params, [...LIST_PARAMS, 'created', 'delivery_success', 'type', 'types']);
  const wantsType = readTypes(params['type'], params['types']);
  const delivered = readBoolean(params['delivery_success'], 'delivery_success');
  const visibleUntil = now - rules.eventsTipLagMs;
  const page = listPage({
    kind: 'event',
    url: '/v1/events',
    params,
    collection: account.events,
    oldest: seconds(now - RETENTION_MS),
    keep: (event, row) =>
      wantsType(event.type) &&
      (row.versions[0]?.at ?? 0) <= visibleUntil &&
      // False means still pending or given up, for any endpoint.
      (delivered === undefined || delivered === !account.undelivered.has(event.id)),
  });
  return { body: { ...page, data: page.data.map((event) => renderEvent(account, event)) } };
};

export const retrieveEvent: Handler = ({ account, params, id, now }) => {
  refuseUnknown(params, ['expand']);
  const event = findEvent(account, id, now) ?? noSuchObject('event', id);
  return { body: renderEvent(account, event) };
};

export function findEvent(account: AccountState, id: string, now: number): StoredEvent | null {
  const event = account.events.get(id)?.value;
  return event && event.created >= seconds(now - RETENTION_MS) ? event : null;
}

/** Drops events that no list shows any more. */
export function dropOldEvents(account: AccountState, now: number): void {
  const oldest = account.events.living[0];
  const edge = seconds(now - RETENTION_MS);
  if (!oldest || oldest.created >= edge) return;
  for (const id of account.events.dropOldest(account.events.position(edge, 0)))
    account.undelivered.delete(id);
}

/**
 * `type` is one name or a group with an asterisk at its end, `types` up to twenty names; not both.
 */
function readTypes(type: Call['params'][string] | undefined, types: Call['params'][string] | undefined) {
  const one = readRequiredText(type, 'type');
  const many = readTextList(types, 'types');
  if (one !== undefined && many !== undefined) {
    refuse('You may only specify one of these parameters: type, types.', { param: 'type' });
  }
  if (many && many.length > 20) refuse('You may only specify up to 20 event types.', { param: 'types' });
  if (many) return (name: string) => many.includes(name);
  if (one === undefined) return () => true;
  if (one.endsWith('*')) return (name: string) => name.startsWith(one.slice(0, -1));
  return (name: string) => name === one;
}
