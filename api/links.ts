// /link-plans: the first link of both sides, asked for, looked at and consented to. The rules are in
// lib/operations/asked-link.ts; a worker reads the systems.

import { Router, type Request, type RequestHandler } from 'express';
import type { Db } from '../db/server/connection.ts';
import { compileCheck } from '../lib/catalogue/check.ts';
import type { Clock } from '../lib/clock.ts';
import {
  askForLinkPlan,
  askToLink,
  seeLinkPlan,
  standingOfLinks,
  type LinkRunOutcome,
} from '../lib/operations/asked-link.ts';
import { differenceJson, linkPlanJson, linkStandingJson } from '../lib/operations/link-json.ts';
import { readJson } from './body.ts';
import { actorOf } from './callers.ts';
import { answerWithin } from './deadline.ts';
import { askedOnce } from './idempotency.ts';
import { demand, paramsOf } from './input.ts';
import {
  linkPlanBodySchemaOf,
  linkPlanPathSchema,
  linkRunBodySchema,
  type LinkPlanBody,
  type LinkRunBody,
} from './link-schemas.ts';
import { Problem } from './problems.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

const checkPath = compileCheck<{ id: string }>(linkPlanPathSchema);
const checkRun = compileCheck<LinkRunBody>(linkRunBodySchema);

export type LinkRoutesDeps = {
  db: Db;
  clock: Clock;
  systems: readonly string[];
  deadlineMs: number;
};

export function linkRoutes(deps: LinkRoutesDeps): Router {
  const { db, deadlineMs, systems } = deps;
  const router = Router({ caseSensitive: true });
  const soon = answerWithin(deadlineMs);
  declareRoute(router, '/link-plans', {
    get: [
      'viewer',
      soon,
      async (_, res) => {
        sendJson(res, 200, (await standingOfLinks(db, systems)).map(linkStandingJson));
      },
    ],
    post: ['operator', ...readJson(), soon, askForPlan(deps)],
  });
  declareRoute(router, '/link-plans/:id', {
    get: ['viewer', soon, async (req, res) => sendJson(res, 200, await planJson(db, idOf(req)))],
  });
  declareRoute(router, '/link-plans/:id/run', {
    post: ['operator', ...readJson(), soon, run(deps)],
  });
  return router;
}

function askForPlan({ db, clock, systems }: LinkRoutesDeps): RequestHandler {
  const checkBody = compileCheck<LinkPlanBody>(linkPlanBodySchemaOf(systems));
  return async (req, res) => {
    const { system } = demand('body', checkBody(req.body));
    const ask = { system, actor: actorOf(req) ?? 'unknown' };
    const id = await askedOnce<string>(
      [req, res],
      clock,
      (asked) => asked,
      (once) => askForLinkPlan({ db, clock }, ask, once),
    );
    sendJson(res, 202, await planJson(db, id));
  };
}

function run({ db, clock }: LinkRoutesDeps): RequestHandler {
  return async (req, res) => {
    const id = idOf(req);
    const { reason, records = 'wait' } = demand('body', checkRun(req.body));
    const ask = { id, reason, records, actor: actorOf(req) ?? 'unknown' };
    const render = (result: LinkRunOutcome): string | Problem =>
      result.outcome === 'asked' ? id : refusalOf(result);
    await askedOnce<LinkRunOutcome>([req, res], clock, render, (once) => askToLink({ db, clock }, ask, once));
    sendJson(res, 202, await planJson(db, id));
  };
}

function refusalOf(result: Exclude<LinkRunOutcome, { outcome: 'asked' }>): Problem {
  switch (result.outcome) {
    case 'not_found':
      return noPlan();
    case 'not_ready':
      return new Problem(
        'link_plan_not_ready',
        `This plan is ${result.state}, and only a plan that is ready takes a consent. Nothing was changed.`,
        { members: { state: result.state } },
      );
    case 'stale':
      return new Problem(
        'plan_stale',
        'What the plan would do has changed since it was made: see `changed`. Nothing was done. Ask for a new plan, and look at it.',
        { members: { changed: differenceJson(result.changed) } },
      );
  }
}

async function planJson(db: Db, id: string) {
  const plan = await seeLinkPlan(db, id);
  if (!plan) throw noPlan();
  return linkPlanJson(plan);
}

function idOf(req: Request): string {
  return demand('path', checkPath(paramsOf(req, linkPlanPathSchema))).id;
}

function noPlan(): Problem {
  return new Problem('link_plan_not_found', 'No link plan has this id. They are kept for a day.');
}
