// The routes of the first link, for the API document.

import { systems } from '../lib/integrations/registry.ts';
import {
  linkPlanBodySchemaOf,
  linkPlanPathSchema,
  linkPlanSchema,
  linkRunBodySchema,
  linkStandingSchema,
} from './link-schemas.ts';
import { answer, body, operation, parameter, ref, write, type Json } from './openapi-parts.ts';

const ofPath = ['invalid_request', 'malformed_request'] as const;
const ofBody = ['malformed_json', 'body_too_large', 'unsupported_media_type'] as const;
const id = parameter('id', 'path', linkPlanPathSchema.properties.id);

export function linkPaths(): Json {
  return {
    '/api/v1/link-plans': {
      get: operation('listLinkPlans', 'Says what waits for a first link at each system', {
        scope: 'viewer',
        responses: {
          200: answer('One for each system', { type: 'array', items: ref('LinkStanding') }),
        },
        problems: [],
      }),
      post: write('askForLinkPlan', 'Has a worker read both sides, and say what a first link would do', {
        scope: 'operator',
        requestBody: body('LinkPlanAsk', ['application/json']),
        responses: { 202: answer('The plan, or one that is being read already', ref('LinkPlan')) },
        problems: [...ofPath, ...ofBody, 'link_plan_not_found'],
      }),
    },
    '/api/v1/link-plans/{id}': {
      parameters: [id],
      get: operation('readLinkPlan', 'Reads a plan, and what became of the consent to it', {
        scope: 'viewer',
        responses: { 200: answer('The plan', ref('LinkPlan')) },
        problems: [...ofPath, 'link_plan_not_found'],
      }),
    },
    '/api/v1/link-plans/{id}/run': {
      parameters: [id],
      post: write('runLinkPlan', 'Gives consent to a plan; workers carry it out', {
        scope: 'operator',
        requestBody: body('LinkRun', ['application/json']),
        responses: {
          202: answer('The consent is given; a worker compares both sides first', ref('LinkPlan')),
        },
        problems: [...ofPath, ...ofBody, 'link_plan_not_found', 'link_plan_not_ready', 'plan_stale'],
      }),
    },
  };
}

export const linkSchemas = {
  LinkPlanAsk: linkPlanBodySchemaOf(systems.names),
  LinkPlan: linkPlanSchema,
  LinkRun: linkRunBodySchema,
  LinkStanding: linkStandingSchema,
};
