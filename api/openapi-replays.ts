// The routes of replays and closings, for the API document.

import { groupPathSchema } from './group-schemas.ts';
import {
  answer,
  body,
  operation,
  parameter,
  queryParameters,
  ref,
  write,
  type Json,
} from './openapi-parts.ts';
import {
  closedSchema,
  plannedSchema,
  planSchema,
  replaySchema,
  wholeReplaySchema,
} from './replay-answers.ts';
import {
  actBodySchema,
  closeBodySchema,
  closeGroupSchema,
  planBodySchema,
  planPathSchema,
  planQuerySchema,
  replayBodySchema,
  replayPathSchema,
  replayQuerySchema,
} from './replay-schemas.ts';

const ofLists = ['invalid_request', 'malformed_request'] as const;
const ofBody = [...ofLists, 'malformed_json', 'body_too_large', 'unsupported_media_type'] as const;

export function replayPaths(): Json {
  return {
    '/api/v1/replay-plans': {
      post: write('planReplay', 'Plans a replay, and changes nothing that is selected', {
        scope: 'operator',
        requestBody: body('ReplaySelection', ['application/json']),
        responses: { 200: answer('The plan: its hash and what it has', ref('ReplayPlan')) },
        problems: [...ofBody, 'group_not_found'],
      }),
    },
    '/api/v1/replay-plans/{hash}': {
      parameters: [parameter('hash', 'path', planPathSchema.properties.hash)],
      get: operation('readReplayPlan', 'Reads the deliveries of a plan with what would be done, in pages', {
        scope: 'viewer',
        parameters: queryParameters(planQuerySchema),
        responses: { 200: answer('A page', ref('PlannedReplay'), ['Link']) },
        problems: [...ofLists, 'plan_not_found'],
      }),
    },
    '/api/v1/replays': {
      get: operation('listReplays', 'Lists the replays, newest first, in pages', {
        scope: 'viewer',
        parameters: queryParameters(replayQuerySchema),
        responses: { 200: answer('A page', { type: 'array', items: ref('Replay') }, ['Link']) },
        problems: ofLists,
      }),
      post: write('startReplay', 'Begins a replay from a plan that still holds', {
        scope: 'operator',
        requestBody: body('NewReplay', ['application/json']),
        responses: { 201: answer('The job; workers do it', ref('Replay')) },
        problems: [...ofBody, 'plan_not_found', 'plan_stale', 'replay_overlaps', 'nothing_selected'],
      }),
    },
    ...jobPaths(),
    ...closingPaths(),
  };
}

function jobPaths(): Json {
  const id = parameter('id', 'path', replayPathSchema.properties.id);
  const act = (verb: 'pause' | 'resume' | 'cancel', summary: string): Json => ({
    parameters: [id],
    post: write(`${verb}Replay`, summary, {
      scope: 'operator',
      requestBody: body('ReplayAct', ['application/json']),
      responses: { 200: answer('The job, as this or an earlier call has left it', ref('Replay')) },
      problems: [...ofBody, 'replay_not_found', 'replay_ended'],
    }),
  });
  return {
    '/api/v1/replays/{id}': {
      parameters: [id],
      get: operation('readReplay', 'Reads one replay with its progress and the pairs that failed', {
        scope: 'viewer',
        responses: { 200: answer('The job', ref('WholeReplay')) },
        problems: [...ofLists, 'replay_not_found'],
      }),
    },
    '/api/v1/replays/{id}/pause': act('pause', 'Raises no more pairs until it is resumed'),
    '/api/v1/replays/{id}/resume': act('resume', 'Lets a paused or stopped replay go on'),
    '/api/v1/replays/{id}/cancel': act('cancel', 'Ends a replay; pairs that are raised already go on'),
  };
}

function closingPaths(): Json {
  const responses = { 200: answer('How many pairs were closed', ref('Closed')) };
  return {
    '/api/v1/deliveries/close': {
      post: write('closeDeliveries', 'Closes the pairs of the selected deliveries, with a reason', {
        scope: 'operator',
        requestBody: body('Closing', ['application/json']),
        responses,
        problems: [...ofBody, 'group_not_found'],
      }),
    },
    '/api/v1/groups/{fingerprint}/close': {
      parameters: [parameter('fingerprint', 'path', groupPathSchema.properties.fingerprint)],
      post: write('closeGroup', 'Closes the pairs of an error group, with a reason', {
        scope: 'operator',
        requestBody: body('GroupClosing', ['application/json']),
        responses,
        problems: [...ofBody, 'group_not_found'],
      }),
    },
  };
}

export const replaySchemas = {
  ReplaySelection: planBodySchema,
  ReplayPlan: planSchema,
  PlannedReplay: plannedSchema,
  NewReplay: replayBodySchema,
  Replay: replaySchema,
  WholeReplay: wholeReplaySchema,
  ReplayAct: actBodySchema,
  Closing: closeBodySchema,
  GroupClosing: closeGroupSchema,
  Closed: closedSchema,
};
