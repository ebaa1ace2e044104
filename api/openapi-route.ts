// /openapi.json: the API as this process has it, with the fields of its own catalogue. docs/openapi.json
// is the same document for the built-in catalogue.

import { Router } from 'express';
import type { Entity } from '../lib/catalogue/entity.ts';
import { openApiDocument } from './openapi.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

/** Needs the catalogue alone. */
export function openApiRoute(entity: Entity): Router {
  const router = Router({ caseSensitive: true });
  const document = openApiDocument(entity);
  declareRoute(router, '/openapi.json', {
    get: ['viewer', (_req, res) => sendJson(res, 200, document)],
  });
  return router;
}
