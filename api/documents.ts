// The documents of this process, with the fields of its own catalogue: the API as OpenAPI 3.1, its topics
// as AsyncAPI 3. docs/openapi.json and docs/asyncapi.json are the same for the built-in catalogue.
//
// They need a key like every other route: they have the names of the fields and of the systems.

import { Router } from 'express';
import type { Entity } from '../lib/catalogue/entity.ts';
import { asyncApiDocument } from './asyncapi.ts';
import { openApiDocument } from './openapi.ts';
import { sendText } from './responses.ts';
import { declareRoute } from './routing.ts';

export type DocumentParts = {
  entity: Entity;
  /** The systems that are kept in step. */
  systems: readonly string[];
  /** By default the names without a prefix, and with the topic for other teams. */
  topics?: { prefix: string; customerEvents: boolean };
};

export function documentRoutes({ entity, systems, topics }: DocumentParts): Router {
  const router = Router({ caseSensitive: true });
  const documents = {
    '/openapi.json': JSON.stringify(openApiDocument(entity)),
    '/asyncapi.json': JSON.stringify(asyncApiDocument({ entity, systems, ...topics })),
  };
  for (const [path, text] of Object.entries(documents))
    declareRoute(router, path, { get: ['viewer', (_req, res) => sendText(res, 200, text)] });
  return router;
}
