import type { RequestListener } from 'node:http';
import express, { type Express, type RequestHandler } from 'express';
import type { Entity } from '../lib/catalogue/entity.ts';
import type { Db } from '../db/server/connection.ts';
import type { Clock } from '../lib/clock.ts';
import type { PreviewedConflicts } from '../lib/operations/conflict-preview.ts';
import type { CustomerStore } from '../lib/customers/customers.ts';
import type { LinkOperations } from '../lib/operations/links.ts';
import type { ResolveOperations } from '../lib/operations/resolutions.ts';
import type { ChoiceOperations } from '../lib/operations/record-choice.ts';
import type { Readiness } from '../lib/health/readiness-report.ts';
import type { ApiKeys } from '../lib/keys/api-keys.ts';
import type { Tracing } from '../lib/tracing/tracing.ts';
import { auditRoutes } from './audit.ts';
import { createLogin } from './auth.ts';
import { explainRoutes } from './explain.ts';
import { choiceRoutes } from './choices.ts';
import { comparisonRoutes } from './comparisons.ts';
import { conflictRoutes } from './conflicts.ts';
import { consoleRoutes, type ConsoleOptions } from './console.ts';
import { customerRoutes } from './customers.ts';
import { eventRoutes } from './events.ts';
import { answerDirectly, type DirectRoute } from './direct.ts';
import { documentRoutes, type DocumentParts } from './documents.ts';
import { changeRoutes } from './changes.ts';
import type { StreamLimits } from './change-streams.ts';
import { answerFaults, answerUnknownPath } from './faults.ts';
import { groupRoutes } from './groups.ts';
import { findRoutes } from './find.ts';
import { healthRoutes } from './health.ts';
import type { ImportTimes } from './import-stop.ts';
import { keyRoutes } from './keys.ts';
import type { KeyOperations } from '../lib/operations/keys.ts';
import { linkRoutes } from './links.ts';
import { laneRoutes } from './lanes.ts';
import type { LaneSettings } from '../lib/operations/lane-list.ts';
import type { LaneOperations } from '../lib/operations/lanes.ts';
import { meRoutes } from './me.ts';
import { mappingRoutes } from './mappings.ts';
import { overviewRoutes } from './overview.ts';
import { pageRoutes } from './pages/pages.ts';
import { resolutionRoutes } from './resolutions.ts';
import { timelineRoutes } from './timelines.ts';
import { sampleRoutes } from './samples.ts';
import { recordRoutes } from './records.ts';
import { replayRoutes } from './replays.ts';
import { closingRoutes } from './closings.ts';
import type { Measures } from '../lib/measures.ts';
import type { Scraper } from '../lib/metrics/metrics.ts';
import type { Planners } from '../lib/operations/replay-plan.ts';
import { metricsRoutes } from './metrics.ts';
import { mountRoutes, routesOf } from './routing.ts';
import { webhookRoutes, type WebhookSource } from './webhooks.ts';
import { beginRequest, type ApiLog } from './requests.ts';

export type ApiDeps = {
  store: CustomerStore;
  /** Wakes the relay after rows were written. */
  nudge: () => void;
  db: Db;
  /** What a customer is. */
  entity: Entity;
  config: {
    /** How long a handler may wait for the database before the API answers 503; default 8 s. */
    deadlineMs?: number;
    /** How long facts are kept; default 30 days. */
    retentionDays?: number;
    /** What their names begin with, and whether other teams have one. */
    topics?: NonNullable<DocumentParts['topics']>;
    /** How long an import may wait for its client, and take in all. */
    importTimes?: ImportTimes;
    /** How long a request waits for the comparison that it asks for; default 8 s. */
    compareWaitMs?: number;
    /** Bounds of the streams of changes, where a test needs others. */
    streams?: Partial<StreamLimits>;
  };
  log: ApiLog;
  tracing?: Tracing;
  clock: Clock;
  /** The keys that a client may send. */
  keys: ApiKeys;
  keyOperations: Pick<KeyOperations, 'list' | 'revoke'>;
  /** Milliseconds that only go on; for tests. */
  elapsed?: () => number;
  readiness: Readiness;
  /** The systems that send us webhooks; without any, the process has no webhook route. */
  webhooks?: WebhookSource[];
  conflicts: PreviewedConflicts;
  links: LinkOperations;
  resolutions: ResolveOperations;
  lanes: LaneOperations;
  /** What the settings of each system that is kept in step allow. */
  laneSettings: readonly LaneSettings[];
  /** By the system: each that is kept in step has some. */
  choices: ReadonlyMap<string, ChoiceOperations>;
  /** What is asked what a step would do; no system is called. */
  planners: Planners;
  /** Left out: there is none. */
  console?: ConsoleOptions | undefined;
  /** Counts requests; without it nothing is counted. */
  measures?: Measures | undefined;
  /** What /metrics answers; without it there is no such path. */
  scrape?: Scraper | undefined;
};

const basePath = '/api/v1';

/** A client that asks /ready asks every few seconds. */
const READY_MS = 3_000;

const sinceStart = (): number => performance.now();

/**
 * The whole API. server.ts makes it listen; `routesOf` (routing.ts) has the table of its routes with the scope
 * of each.
 */
export function createApi(deps: ApiDeps): RequestListener {
  const { store, nudge, db, entity, config, log, clock, readiness, webhooks = [], conflicts } = deps;
  const { links, choices, resolutions, keys, keyOperations, planners, elapsed = sinceStart } = deps;
  const { deadlineMs = 8_000, retentionDays = 30, topics, importTimes, streams = {} } = config;
  const systems = [...choices.keys()];
  const app = createBareApp();
  const { tracing, measures } = deps;
  const begin = beginRequest({ clock, log, measures, ...(tracing && { tracing }) });
  const answerFault = answerFaults(log);
  app.use(begin);
  const login = createLogin({ keys, log, deadlineMs, elapsed });
  const { stillAllowed } = login;
  if (deps.console) app.use(consoleRoutes({ ...deps.console, keys, login, clock, log, deadlineMs }));
  // First, since most requests are for them: each router that stands before is asked for every path.
  app.use(`${basePath}/customers`, login.requireKey);
  mountRoutes(
    app,
    basePath,
    customerRoutes({
      ...{ store, nudge, db, entity, clock, log, systems, basePath, deadlineMs, stillAllowed },
      ...(importTimes && { times: importTimes }),
    }),
  );
  const health = healthRoutes({ ...readiness, keys: login.part }, Math.min(deadlineMs, READY_MS));
  mountRoutes(app, '/', health);
  mountRoutes(app, basePath, health);
  mountRoutes(app, '/', pageRoutes());
  // A webhook needs its raw body, and most are proved by a signature instead of a key.
  mountRoutes(app, basePath, webhookRoutes(webhooks, { clock, deadlineMs, requireKey: login.requireKey }));
  app.use(login.requireKey);
  if (deps.scrape) mountRoutes(app, '/', metricsRoutes(deps.scrape));
  const documents = documentRoutes({ entity, systems, ...(topics && { topics }) });
  mountRoutes(app, '/', documents);
  mountRoutes(app, basePath, documents);
  const { lanes: operations, laneSettings: settings } = deps;
  const overview = overviewRoutes({ db, clock, entity, settings, deadlineMs, elapsed });
  app.use(overview.forgetAfterActs);
  mountRoutes(app, basePath, choiceRoutes({ operations: choices, clock, deadlineMs }));
  mountRoutes(app, basePath, mappingRoutes({ db, clock, operations: links, basePath, deadlineMs }));
  mountRoutes(app, basePath, resolutionRoutes({ operations: resolutions, clock, deadlineMs }));
  mountRoutes(app, basePath, meRoutes());
  mountRoutes(app, basePath, keyRoutes({ operations: keyOperations, clock, deadlineMs }));
  const ofLists = { db, clock, systems, basePath, deadlineMs };
  for (const routes of [eventRoutes, recordRoutes, linkRoutes]) mountRoutes(app, basePath, routes(ofLists));
  mountRoutes(app, basePath, changeRoutes({ db, log, deadlineMs, stillAllowed, limits: streams }));
  mountRoutes(app, basePath, conflictRoutes({ ...ofLists, entity, operations: conflicts }));
  mountRoutes(app, basePath, groupRoutes({ ...ofLists, entity }));
  mountRoutes(app, basePath, auditRoutes({ ...ofLists, entity }));
  mountRoutes(app, basePath, laneRoutes({ db, clock, operations, settings, deadlineMs }));
  mountRoutes(app, basePath, overview.router);
  mountRoutes(app, basePath, findRoutes({ db, entity, basePath, deadlineMs }));
  mountRoutes(app, basePath, sampleRoutes({ db, clock, deadlineMs }));
  mountRoutes(app, basePath, replayRoutes({ ...ofLists, entity, planners }));
  mountRoutes(app, basePath, closingRoutes({ ...ofLists, entity }));
  mountRoutes(app, basePath, explainRoutes({ planners, entities: [entity], deadlineMs }));
  mountRoutes(app, basePath, comparisonRoutes({ ...ofLists, entity, waitMs: config.compareWaitMs }));
  mountRoutes(app, basePath, timelineRoutes({ ...ofLists, entities: [entity], retentionDays }));
  app.use(answerUnknownPath);
  app.use(answerFault);
  const port = deps.console?.port ?? null;
  return answerDirectly(app, busiestOf(app, begin, login.requireKey), { answerFault, port });
}

/** Most requests are new customers and webhooks. */
function busiestOf(app: Express, begin: RequestHandler, requireKey: RequestHandler): DirectRoute[] {
  return routesOf(app).flatMap((route) => {
    if (route.scope === 'signed') return [{ ...route, before: [begin] }];
    const isCreate = route.method === 'post' && route.path === `${basePath}/customers`;
    return isCreate ? [{ ...route, before: [begin, requireKey] }] : [];
  });
}

function createBareApp(): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  // input.ts reads the query, and refuses what Express would interpret by guessing.
  app.set('query parser', false);
  return app;
}
