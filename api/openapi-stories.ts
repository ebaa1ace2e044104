// The routes that tell what happened, for the API document.

import { deliveryStatuses } from '../db/deliveries.ts';
import { systems } from '../lib/integrations/registry.ts';
import { eventStatuses } from '../lib/operations/event-query.ts';
import { eventPathSchema, eventQuerySchema, eventSchema, wholeEventSchema } from './event-schemas.ts';
import { allChangesSchema, changesQuerySchema, changeStreamSchema } from './change-schemas.ts';
import { customerIdSchema } from './customer-schemas.ts';
import { groupPathSchema, groupQuerySchema, groupSchema, wholeGroupSchema } from './group-schemas.ts';
import { timelineQuerySchema, timelineSchema } from './timeline-schemas.ts';
import {
  attemptQuerySchema,
  attemptSchema,
  deliveryQuerySchema,
  deliverySchema,
  refusalQuerySchema,
  refusalSchema,
} from './record-schemas.ts';
import { answer, operation, parameter, queryParameters, ref, type Json } from './openapi-parts.ts';

const ofLists = ['invalid_request', 'malformed_request'] as const;
const targets = [...systems.names, 'internal'];

/**
 * The parameters of a list, with what only the process that answers can check: the words of a list with
 * commas, the systems that there are, and the two forms of a time.
 */
function filterParameters(
  schema: { properties: object },
  lists: { statuses?: readonly string[]; systems?: readonly string[] },
): Json[] {
  const either = (lists.statuses ?? []).join('|');
  const more: Record<string, object> = {
    status: { pattern: `^(${either})(,(${either}))*$` },
    system: { enum: lists.systems ?? [] },
    since: TIME,
    until: TIME,
  };
  const properties = Object.entries(schema.properties).map(([name, property]) => [
    name,
    { ...(property as object), ...more[name] },
  ]);
  return queryParameters({ properties: Object.fromEntries(properties) as object });
}

const TIME = { anyOf: [{ pattern: '^[0-9]{1,9}[mhd]$' }, { format: 'date-time' }] };

export function storyPaths(): Json {
  return { ...changePaths(), ...eventPaths(), ...recordPaths() };
}

function changePaths(): Json {
  const list = answer('The changes, and the position for the next call', ref('AllChanges'));
  const content = {
    ...(list['content'] as Json),
    'text/event-stream': { schema: changeStreamSchema },
  };
  return {
    '/api/v1/changes': {
      get: operation(
        'followChanges',
        'Lists every change of every entity in the order of the commits, or streams which rows change, if text/event-stream is accepted',
        {
          scope: 'viewer',
          parameters: [
            ...queryParameters(changesQuerySchema),
            parameter('Last-Event-ID', 'header', {
              type: 'string',
              description: 'For a stream: the id of the last event that the client has.',
            }),
          ],
          responses: { 200: { ...list, content } },
          problems: [...ofLists, 'position_expired', 'too_many_streams'],
        },
      ),
    },
  };
}

function eventPaths(): Json {
  return {
    '/api/v1/events': {
      get: operation(
        'listEvents',
        'Lists the events of the outbox and of the systems, newest first, in pages',
        {
          scope: 'viewer',
          parameters: filterParameters(eventQuerySchema, { statuses: eventStatuses, systems: targets }),
          responses: { 200: answer('A page', { type: 'array', items: ref('Event') }, ['Link']) },
          problems: ofLists,
        },
      ),
    },
    '/api/v1/events/{event_id}': {
      parameters: [parameter('event_id', 'path', eventPathSchema.properties.event_id)],
      get: operation('readEvent', 'Reads one event: request, publication, deliveries, calls and echo', {
        scope: 'viewer',
        responses: { 200: answer('The event', ref('WholeEvent')) },
        problems: [...ofLists, 'event_not_found'],
      }),
    },
    '/api/v1/customers/{id}/timeline': {
      parameters: [parameter('id', 'path', customerIdSchema)],
      get: operation('readTimeline', 'Tells the story of one customer from stored facts, in pages', {
        scope: 'viewer',
        parameters: queryParameters(timelineQuerySchema),
        responses: { 200: answer('A page of the story', ref('Timeline'), ['Link']) },
        problems: [...ofLists, 'customer_not_found'],
      }),
    },
  };
}

/** What needs a person, and the stored facts themselves. */
function recordPaths(): Json {
  return {
    '/api/v1/groups': {
      get: operation('listGroups', 'Lists the causes for which pairs need a person, the largest first', {
        scope: 'viewer',
        parameters: filterParameters(groupQuerySchema, { systems: systems.names }),
        responses: { 200: answer('At most 100 groups', { type: 'array', items: ref('Group') }) },
        problems: ofLists,
      }),
    },
    '/api/v1/groups/{fingerprint}': {
      parameters: [parameter('fingerprint', 'path', groupPathSchema.properties.fingerprint)],
      get: operation('readGroup', 'Reads one group with its pairs', {
        scope: 'viewer',
        responses: { 200: answer('The group', ref('WholeGroup')) },
        problems: [...ofLists, 'group_not_found'],
      }),
    },
    '/api/v1/deliveries': {
      get: operation(
        'listDeliveries',
        'Lists the outcome of each event at each target, newest first, in pages',
        {
          scope: 'viewer',
          parameters: filterParameters(deliveryQuerySchema, { statuses: deliveryStatuses, systems: targets }),
          responses: { 200: answer('A page', { type: 'array', items: ref('Delivery') }, ['Link']) },
          problems: ofLists,
        },
      ),
    },
    '/api/v1/attempts': {
      get: operation('listAttempts', 'Lists the calls to external systems, newest first, in pages', {
        scope: 'viewer',
        parameters: queryParameters(attemptQuerySchema),
        responses: { 200: answer('A page', { type: 'array', items: ref('Attempt') }, ['Link']) },
        problems: ofLists,
      }),
    },
    '/api/v1/refusals': {
      get: operation('listRefusals', 'Lists the inbound events that were refused, newest first, in pages', {
        scope: 'viewer',
        parameters: filterParameters(refusalQuerySchema, { systems: systems.names }),
        responses: { 200: answer('A page', { type: 'array', items: ref('Refusal') }, ['Link']) },
        problems: ofLists,
      }),
    },
  };
}

export const storySchemas = {
  AllChanges: allChangesSchema,
  Event: eventSchema,
  WholeEvent: wholeEventSchema,
  Timeline: timelineSchema,
  Delivery: deliverySchema,
  Attempt: attemptSchema,
  Refusal: refusalSchema,
  Group: groupSchema,
  WholeGroup: wholeGroupSchema,
};
