/**
 * Thin events for v1 resources (docs.stripe.com/changelog/endive/2026-09-30): `v1.customer.updated`
 * and so on, with a reference to the object instead of the object, the id of the snapshot event,
 * and `changes` with the values before and after. The id of a thin event is made from the id of its
 * snapshot event, so nothing more has to be stored.
 */
import type { Handler } from '../http/call.ts';
import { noSuchObject } from '../http/errors.ts';
import { findEvent } from '../objects/events.ts';
import type { StoredEvent } from '../objects/objects.ts';
import { refuseUnknown } from '../http/params.ts';

const THIN_PREFIX = 'evt_test_65';

export function thinEvent(event: StoredEvent) {
  const { object, previous_attributes: before } = event.data;
  return {
    id: `${THIN_PREFIX}${event.id.slice('evt_'.length)}`,
    object: 'v2.core.event',
    ...(before === undefined ? {} : { changes: { before, after: valuesAfter(before, object) } }),
    created: new Date(event.created * 1000).toISOString(),
    livemode: event.livemode,
    reason:
      event.request.id === null
        ? null
        : {
            type: 'request',
            request: { id: event.request.id, idempotency_key: event.request.idempotency_key ?? '' },
          },
    related_object: {
      id: object.id,
      type: object.object,
      url: object.object === 'customer' ? `/v1/customers/${object.id}` : `/v1/subscriptions/${object.id}`,
    },
    snapshot_event: event.id,
    type: `v1.${event.type}`,
  };
}

/** docs.stripe.com/api/v2/core/events/retrieve */
export const retrieveThinEvent: Handler = ({ account, params, id, now }) => {
  refuseUnknown(params, []);
  const snapshot = id.startsWith(THIN_PREFIX)
    ? findEvent(account, `evt_${id.slice(THIN_PREFIX.length)}`, now)
    : null;
  return { body: thinEvent(snapshot ?? noSuchObject('event', id)) };
};

/**
 * The members of `before`, at any depth, with their present values; null if they no longer exist.
 */
function valuesAfter(before: object, now: object): Record<string, unknown> {
  const current = new Map<string, unknown>(Object.entries(now));
  return Object.fromEntries(
    Object.entries(before).map(([name, was]) => {
      const is = current.get(name) ?? null;
      return [name, isHash(was) && isHash(is) ? valuesAfter(was, is) : is];
    }),
  );
}

function isHash(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
