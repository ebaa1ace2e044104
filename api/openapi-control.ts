// The routes by which an operator sees and steers the work, for the API document.

import { auditEntrySchema, auditQuerySchema } from './audit-schemas.ts';
import {
  lanePathSchema,
  lanesSchema,
  pausedSchema,
  pauseSchema,
  resumedSchema,
  resumeSchema,
} from './lane-schemas.ts';
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

import { trafficSchema } from './traffic-schemas.ts';

const ofAct = [
  ...(['invalid_request', 'malformed_request', 'malformed_json', 'body_too_large'] as const),
  ...(['unsupported_media_type', 'lane_not_found', 'customer_not_found'] as const),
];

export function controlPaths(): Json {
  return {
    '/api/v1/audit': {
      get: operation('listAudit', 'Lists who did what, when and why, newest first, in pages', {
        scope: 'operator',
        parameters: queryParameters(auditQuerySchema),
        responses: { 200: answer('A page', { type: 'array', items: ref('AuditEntry') }, ['Link']) },
        problems: ['invalid_request', 'malformed_request'],
      }),
    },
    '/api/v1/lanes': {
      get: operation('listLanes', 'Shows how the work of each system and direction stands', {
        scope: 'viewer',
        responses: {
          200: answer('Every system that is kept in step', { type: 'array', items: ref('Lanes') }),
        },
        problems: ['invalid_request', 'malformed_request'],
      }),
    },
    '/api/v1/traffic': {
      get: operation('getTraffic', 'Shows what went through each system in the last minute', {
        scope: 'viewer',
        responses: { 200: answer('Every system that is kept in step', ref('Traffic')) },
        problems: [],
      }),
    },
    '/api/v1/lanes/{system}/pause': {
      parameters: [parameter('system', 'path', lanePathSchema.properties.system)],
      post: write('pauseLane', 'Pauses a system, one direction of it, or one customer at it', {
        scope: 'operator',
        requestBody: body('Pause', ['application/json']),
        responses: { 200: answer('It is paused, by this or an earlier call', ref('Paused')) },
        problems: ofAct,
      }),
    },
    '/api/v1/lanes/{system}/resume': {
      parameters: [parameter('system', 'path', lanePathSchema.properties.system)],
      post: write('resumeLane', 'Ends a pause; what was kept back is sent', {
        scope: 'operator',
        requestBody: body('Resume', ['application/json']),
        responses: { 200: answer('It is not paused', ref('Resumed')) },
        problems: ofAct,
      }),
    },
  };
}

export const controlSchemas = {
  AuditEntry: auditEntrySchema,
  Lanes: lanesSchema,
  Pause: pauseSchema,
  Paused: pausedSchema,
  Resume: resumeSchema,
  Resumed: resumedSchema,
  Traffic: trafficSchema,
};
