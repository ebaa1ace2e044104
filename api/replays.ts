// /replays: plans of replays, and the jobs that they become. The rules are in lib/operations/replay-plan.ts
// and replay-jobs.ts; the same code answers `twinbox replay` and `twinbox replays`.

import { Router, type Request, type RequestHandler } from 'express';
import { compileCheck } from '../lib/catalogue/check.ts';
import type { Entity } from '../lib/catalogue/entity.ts';
import type { Clock } from '../lib/clock.ts';
import { listJobs, readFailures, readJob } from '../db/replays/jobs.ts';
import { readPlan } from '../db/replays/plans.ts';
import type { Db, Tx } from '../db/server/connection.ts';
import {
  limitsOf,
  plan,
  readPlannedItems,
  type Planners,
  type StoredPlan,
} from '../lib/operations/replay-plan.ts';
import {
  actOnReplay,
  startReplay,
  type ActOutcome,
  type JobVerb,
  type StartOutcome,
} from '../lib/operations/replay-jobs.ts';
import { rates, STOP_SHARE } from '../lib/operations/replay-rates.ts';
import { operatorOf } from './callers.ts';
import { readJson } from './body.ts';
import { PAGE_DEFAULT } from './customer-schemas.ts';
import { answerWithin } from './deadline.ts';
import { answerOnce, type Sent } from './idempotency.ts';
import { demand, invalid, paramsOf, queryOf } from './input.ts';
import { linkNext, pageOf } from './paging.ts';
import { Problem } from './problems.ts';
import {
  differenceJson,
  failureJson,
  jobJson,
  planJson,
  plannedJson,
  selectionJson,
} from '../lib/operations/replay-json.ts';
import {
  actBodySchema,
  planBodySchema,
  planPathSchema,
  planQuerySchema,
  replayBodySchema,
  replayPathSchema,
  replayQuerySchema,
  type ActBody,
  type PlanBody,
  type ReplayBody,
} from './replay-schemas.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';
import { demandSelection } from './selections.ts';

const checkPlan = compileCheck<PlanBody>(planBodySchema);
const checkReplay = compileCheck<ReplayBody>(replayBodySchema);
const checkAct = compileCheck<ActBody>(actBodySchema);
const checkPlanPath = compileCheck<{ hash: string }>(planPathSchema);
const checkPlanQuery = compileCheck<{ limit?: number; after?: number; rate?: number }>(planQuerySchema);
const checkPath = compileCheck<{ id: number }>(replayPathSchema);
const checkQuery = compileCheck<{ limit?: number; after?: number }>(replayQuerySchema);

/** The pairs that failed, of one job. */
const FAILURES = 100;

export type ReplayRoutesDeps = {
  db: Db;
  clock: Clock;
  entity: Entity;
  systems: readonly string[];
  planners: Planners;
  basePath: string;
  deadlineMs: number;
};

export function replayRoutes(deps: ReplayRoutesDeps): Router {
  const { db, clock, deadlineMs } = deps;
  const router = Router({ caseSensitive: true });
  const soon = answerWithin(deadlineMs);

  // Before /replays/:id, which the word fits too.
  declareRoute(router, '/replay-plans', { post: ['operator', ...readJson(), soon, makePlan(deps)] });
  declareRoute(router, '/replay-plans/:hash', { get: ['viewer', soon, planPage(deps)] });
  declareRoute(router, '/replays', {
    get: ['viewer', soon, jobPage(deps)],
    post: ['operator', ...readJson(), soon, start(deps)],
  });
  declareRoute(router, '/replays/:id', {
    get: [
      'viewer',
      soon,
      async (req, res) => {
        const id = idOf(req);
        const job = await readJob(db, id);
        if (!job) throw noReplay();
        const failures = job.failed > 0 ? await readFailures(db, id, FAILURES) : [];
        sendJson(res, 200, { ...jobJson(job), failures: failures.map(failureJson) });
      },
    ],
  });
  for (const verb of ['pause', 'resume', 'cancel'] as const)
    declareRoute(router, `/replays/:id/${verb}`, {
      post: [
        'operator',
        ...readJson(),
        soon,
        async (req, res) => {
          const id = idOf(req);
          const { reason = null } = demand('body', checkAct((req.body as unknown) ?? {}));
          const asked = { id, verb, reason, actor: operatorOf(req) };
          await answerOnce<ActOutcome>([req, res], clock, actedJson(verb), (once) =>
            actOnReplay({ db, clock }, asked, once),
          );
        },
      ],
    });
  return router;
}

function makePlan({ db, clock, entity, systems, planners }: ReplayRoutesDeps): RequestHandler {
  const limits = limitsOf(planners);
  return async (req, res) => {
    const { rate = rates.default, ...words } = demand('body', checkPlan(req.body));
    const now = clock.now();
    const selection = (tx: Tx) => demandSelection(tx, words, { systems, entity: entity.name, now });
    const render = (stored: StoredPlan): Sent => ({ status: 200, body: planJson(stored, { rate, limits }) });
    await answerOnce<StoredPlan>([req, res], clock, render, (once) => plan(db, selection, now, once));
  };
}

function planPage({ db, planners, basePath, systems }: ReplayRoutesDeps): RequestHandler {
  const limits = limitsOf(planners);
  return async (req, res) => {
    const { hash } = demand('path', checkPlanPath(paramsOf(req, planPathSchema)));
    const query = demand('query', checkPlanQuery(queryOf(req, planQuerySchema)));
    const { limit = PAGE_DEFAULT, after = 0, rate = rates.default } = query;
    const stored = await readPlan(db, hash);
    if (!stored) throw noPlan();
    const found = await readPlannedItems(db, planners, { hash, after, limit, read: false });
    const more = stored.counts.places > after + limit;
    const path = `${basePath}/replay-plans/${hash}`;
    if (more) linkNext(res, path, { ...query, after: after + limit });
    sendJson(res, 200, {
      ...planJson(stored, { rate, limits }),
      selection: selectionJson(stored.selection, systems),
      items: found.map(plannedJson),
    });
  };
}

function jobPage({ db, basePath }: ReplayRoutesDeps): RequestHandler {
  return async (req, res) => {
    const query = demand('query', checkQuery(queryOf(req, replayQuerySchema)));
    const { limit = PAGE_DEFAULT, after = null } = query;
    const found = await listJobs(db, { before: after, limit: limit + 1 });
    const page = pageOf(res, found, { limit, path: `${basePath}/replays`, query });
    sendJson(res, 200, page.map(jobJson));
  };
}

/** The outcome, with what a step would do now where a plan is stale. */
type Begun =
  | Exclude<StartOutcome, { outcome: 'stale' }>
  | (Extract<StartOutcome, { outcome: 'stale' }> & { shown?: unknown });

function start({ db, clock, planners }: ReplayRoutesDeps): RequestHandler {
  return async (req, res) => {
    const body = demand('body', checkReplay(req.body));
    const {
      plan: hash,
      rate = rates.default,
      max = null,
      reason = null,
      stop_share: stopShare = STOP_SHARE,
    } = body;
    const ask = { plan: hash, rate, stopShare, max, reason, actor: operatorOf(req) };
    await answerOnce<Begun>([req, res], clock, begunJson, async (once) => {
      const begun: Begun = await startReplay({ db, clock }, ask, once);
      return begun.outcome === 'stale'
        ? { ...begun, shown: await differenceJson(planners, begun.difference) }
        : begun;
    });
  };
}

function begunJson(begun: Begun): Sent | Problem {
  switch (begun.outcome) {
    case 'started':
      return { status: 201, body: jobJson(begun.job) };
    case 'no_plan':
      return noPlan();
    case 'nothing':
      return new Problem(
        'nothing_selected',
        'The plan has no delivery and no pair, so there is nothing to replay.',
      );
    case 'reason_needed': {
      const detail = `is needed, since the replay is of ${begun.pairs} pairs`;
      return invalid([{ in: 'body', pointer: '/reason', code: 'required', detail }]);
    }
    case 'overlaps':
      return new Problem(
        'replay_overlaps',
        `Replay ${begun.jobs[0]?.jobId ?? ''} is not finished and has some of these pairs. Wait for it, or cancel it; then make a new plan.`,
        { members: { replays: begun.jobs.map(({ jobId, pairs }) => ({ id: jobId, pairs })) } },
      );
    case 'stale':
      return new Problem(
        'plan_stale',
        'What is selected has changed since the plan: see `difference`. Nothing was done. Make a new plan, look at it, and send its hash.',
        { members: { difference: begun.shown ?? null } },
      );
  }
}

function actedJson(verb: JobVerb): (acted: ActOutcome) => Sent | Problem {
  return (acted) => {
    if (acted.outcome === 'not_found') return noReplay();
    if (acted.outcome === 'ok') return { status: 200, body: jobJson(acted.job) };
    return new Problem('replay_ended', `This replay is ${acted.state}, so it cannot be told to ${verb}.`, {
      members: { state: acted.state },
    });
  };
}

function idOf(req: Request): number {
  return demand('path', checkPath(paramsOf(req, replayPathSchema))).id;
}

function noPlan(): Problem {
  return new Problem(
    'plan_not_found',
    'There is no plan with this hash. Plans are kept for a day: make a new one.',
  );
}

function noReplay(): Problem {
  return new Problem('replay_not_found', 'No replay has this id.');
}
