import express, { type Express } from 'express';
import type { Db } from '../db/server/connection.ts';
import type { Clock } from '../lib/clock.ts';
import type { ConflictOperations } from '../lib/operations/conflicts.ts';
import type { CustomerStore } from '../lib/customers/customers.ts';
import type { LinkOperations } from '../lib/operations/links.ts';
import type { ResolveOperations } from '../lib/operations/resolutions.ts';
import type { ChoiceOperations } from '../lib/operations/record-choice.ts';
import type { Readiness } from '../lib/health/readiness-report.ts';
import { requireKey } from './auth.ts';
import { choiceRoutes } from './choices.ts';
import { conflictRoutes } from './conflicts.ts';
import { customerRoutes } from './customers.ts';
import { answerFaults, answerUnknownPath } from './faults.ts';
import { healthRoutes } from './health.ts';
import { mappingRoutes } from './mappings.ts';
import { resolutionRoutes } from './resolutions.ts';
import { webhookRoutes, type WebhookSource } from './webhooks.ts';
import { beginRequest, type ApiLog } from './requests.ts';

export type ApiDeps = {
  store: CustomerStore;
  db: Db;
  config: {
    /** Bearer keys; none leaves the API open. */
    apiKeys: readonly string[];
    /** When a handler that waits for the database is given up; default 8 s. */
    deadlineMs?: number;
  };
  log: ApiLog;
  clock: Clock;
  readiness: Readiness;
  /** The systems that send us webhooks; none in a process that does not work on them. */
  webhooks?: WebhookSource[];
  conflicts: ConflictOperations;
  links: LinkOperations;
  resolutions: ResolveOperations;
  /** By the system: each that is kept in step has some. */
  choices: ReadonlyMap<string, ChoiceOperations>;
};

const basePath = '/api/v1';

/** Whoever asks /ready asks every few seconds. */
const READY_MS = 3_000;

/** The whole API as an Express app. It never listens: see server.ts. */
export function createApi(deps: ApiDeps): Express {
  const { store, db, config, log, clock, readiness, webhooks = [], conflicts } = deps;
  const { links, choices, resolutions } = deps;
  const { apiKeys, deadlineMs = 8_000 } = config;
  const systems = [...choices.keys()];
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  // Queries are read by input.ts, which refuses what Express would guess at.
  app.set('query parser', false);

  app.use(beginRequest({ clock, log }));
  const health = healthRoutes(readiness, Math.min(deadlineMs, READY_MS));
  app.use(health);
  app.use(basePath, health);
  // A webhook has a raw body, and its signature in place of a key.
  app.use(basePath, webhookRoutes(webhooks, { clock, deadlineMs }));
  app.use(requireKey(apiKeys));
  app.use(basePath, customerRoutes({ store, db, systems, basePath, deadlineMs }));
  app.use(basePath, choiceRoutes({ operations: choices, deadlineMs }));
  app.use(basePath, conflictRoutes({ db, operations: conflicts, systems, basePath, deadlineMs }));
  app.use(basePath, mappingRoutes({ db, operations: links, basePath, deadlineMs }));
  app.use(basePath, resolutionRoutes({ operations: resolutions, deadlineMs }));
  app.use(answerUnknownPath);
  app.use(answerFaults(log));
  return app;
}
