// /deliveries, /attempts and /refusals: the stored facts themselves, each as a list, newest first.

import { Router, type RequestHandler } from 'express';
import {
  listAttempts,
  listDeliveries,
  listRefusals,
  type ListedAttempt,
  type ListedDelivery,
  type ListedRefusal,
} from '../db/stories/lists.ts';
import { deliveryStatuses } from '../db/deliveries.ts';
import { compileCheck } from '../lib/catalogue/check.ts';
import { parseStatuses } from '../lib/operations/event-query.ts';
import { encodeCursor } from '../lib/operations/list-cursor.ts';
import { PAGE_DEFAULT } from './customer-schemas.ts';
import { answerWithin } from './deadline.ts';
import type { EventRoutesDeps } from './events.ts';
import { demand, demandOneOf, notOneOf, queryOf } from './input.ts';
import { cursorPageOf, demandPlace } from './paging.ts';
import {
  attemptQuerySchema,
  deliveryQuerySchema,
  refusalQuerySchema,
  type AttemptQuery,
  type DeliveryQuery,
  type RefusalQuery,
} from './record-schemas.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

const checkDeliveries = compileCheck<DeliveryQuery>(deliveryQuerySchema);
const checkAttempts = compileCheck<AttemptQuery>(attemptQuerySchema);
const checkRefusals = compileCheck<RefusalQuery>(refusalQuerySchema);

type Deps = Omit<EventRoutesDeps, 'clock'>;

export function recordRoutes(deps: Deps): Router {
  const router = Router({ caseSensitive: true });
  const soon = answerWithin(deps.deadlineMs);
  declareRoute(router, '/deliveries', { get: ['viewer', soon, deliveries(deps)] });
  declareRoute(router, '/attempts', { get: ['viewer', soon, attempts(deps)] });
  declareRoute(router, '/refusals', { get: ['viewer', soon, refusals(deps)] });
  return router;
}

function deliveries({ db, systems, basePath }: Deps): RequestHandler {
  return async (req, res) => {
    const query = demand('query', checkDeliveries(queryOf(req, deliveryQuerySchema)));
    const { limit = PAGE_DEFAULT, after, status, customer } = query;
    const statuses = status === undefined ? deliveryStatuses : parseStatuses(status);
    if (statuses?.every((each) => deliveryStatuses.some((known) => known === each)) !== true)
      throw notOneOf('status', `must be one or several, with commas, of ${deliveryStatuses.join(', ')}`);
    const of = { list: 'deliveries', filter: query };
    const [number, target] = after === undefined ? [] : demandPlace(of, after, ['number', 'key']);
    const found = await listDeliveries(db, {
      ...{ statuses, customer, limit: limit + 1 },
      targets: demandOneOf([...systems, 'internal'], 'system', query.system),
      after: number === undefined || target === undefined ? null : { number: Number(number), target },
    });
    const page = cursorPageOf(res, found, { limit, path: `${basePath}/deliveries`, query }, (last) =>
      encodeCursor(of, [last.number, last.target]),
    );
    sendJson(res, 200, page.map(deliveryJson));
  };
}

function attempts({ db, basePath }: Deps): RequestHandler {
  return async (req, res) => {
    const query = demand('query', checkAttempts(queryOf(req, attemptQuerySchema)));
    const { limit = PAGE_DEFAULT, after, customer, request_id: requestId } = query;
    const of = { list: 'attempts', filter: query };
    const found = await listAttempts(db, {
      ...{ customer, requestId, limit: limit + 1 },
      after: after === undefined ? undefined : demandPlace(of, after, ['uuid'])[0],
    });
    const page = cursorPageOf(res, found, { limit, path: `${basePath}/attempts`, query }, ({ id }) =>
      encodeCursor(of, [id]),
    );
    sendJson(res, 200, page.map(attemptJson));
  };
}

function refusals({ db, systems, basePath }: Deps): RequestHandler {
  return async (req, res) => {
    const query = demand('query', checkRefusals(queryOf(req, refusalQuerySchema)));
    const { limit = PAGE_DEFAULT, after, system, reason } = query;
    demandOneOf(systems, 'system', system);
    const of = { list: 'refusals', filter: query };
    const found = await listRefusals(db, {
      ...{ system, reason, limit: limit + 1 },
      after: after === undefined ? undefined : Number(demandPlace(of, after, ['number'])[0]),
    });
    const page = cursorPageOf(res, found, { limit, path: `${basePath}/refusals`, query }, ({ id }) =>
      encodeCursor(of, [id]),
    );
    sendJson(res, 200, page.map(refusalJson));
  };
}

function deliveryJson(delivery: ListedDelivery) {
  const { target, customer, version, status, attempts: tried, error } = delivery;
  return {
    event_id: delivery.eventId,
    target,
    mapping: delivery.mappingId,
    customer,
    event_type: delivery.eventType,
    ...{ version, status, attempts: tried, error },
    superseded_by: delivery.supersededBy,
    intent_id: delivery.intentId,
    confirmed_by: delivery.confirmedBy,
    received_at: delivery.receivedAt,
    settled_at: delivery.settledAt,
  };
}

function attemptJson({ mappingId, intentId, requestId, latencyMs, at, ...attempt }: ListedAttempt) {
  return {
    ...attempt,
    mapping: mappingId,
    intent_id: intentId,
    request_id: requestId,
    latency_ms: latencyMs,
    answered_at: at,
  };
}

function refusalJson({ id, system, externalEventId, reason, detail, at }: ListedRefusal) {
  return { id, system, external_event_id: externalEventId, reason, detail, refused_at: at };
}
