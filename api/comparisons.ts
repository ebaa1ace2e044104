// /customers/{id}/compare and /comparisons/{id}: how one customer and its records stand now. The rules are in
// lib/operations/asked-comparison.ts. A worker asks the systems; this process waits for the answers, and
// asks the database ten times a second while it does.

import { Router, type RequestHandler } from 'express';
import type { Db } from '../db/server/connection.ts';
import { compileCheck } from '../lib/catalogue/check.ts';
import type { Entity } from '../lib/catalogue/entity.ts';
import type { Clock } from '../lib/clock.ts';
import { sleep } from '../lib/loop.ts';
import {
  askToCompare,
  readComparison,
  type AskedComparison,
  type AskOutcome,
} from '../lib/operations/asked-comparison.ts';
import { comparisonJson } from '../lib/operations/comparison-json.ts';
import { readJsonIfAny } from './body.ts';
import { operatorOf } from './callers.ts';
import { comparisonBodySchemaOf, comparisonPathSchema, type ComparisonBody } from './comparison-schemas.ts';
import { customerPathSchema } from './customer-schemas.ts';
import { answerWithin, endDeadline } from './deadline.ts';
import { askedOnce } from './idempotency.ts';
import { demand, paramsOf } from './input.ts';
import { Problem } from './problems.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

const checkCustomer = compileCheck<{ id: number }>(customerPathSchema);
const checkPath = compileCheck<{ id: string }>(comparisonPathSchema);

/** A person waits at a form of the console, which waits for an answer of the API for 10 s. */
const WAIT_MS = 8_000;
const LOOK_EVERY_MS = 100;

export type ComparisonRoutesDeps = {
  db: Db;
  clock: Clock;
  entity: Pick<Entity, 'name'>;
  systems: readonly string[];
  basePath: string;
  deadlineMs: number;
  /** Default 8 s. */
  waitMs?: number | undefined;
};

export function comparisonRoutes(deps: ComparisonRoutesDeps): Router {
  const { db, clock, deadlineMs } = deps;
  const router = Router({ caseSensitive: true });
  const soon = answerWithin(deadlineMs);
  declareRoute(router, '/customers/:id/compare', {
    post: ['operator', ...readJsonIfAny(), soon, compareNow(deps)],
  });
  declareRoute(router, '/comparisons/:id', {
    get: [
      'viewer',
      soon,
      async (req, res) => {
        const { id } = demand('path', checkPath(paramsOf(req, comparisonPathSchema)));
        const found = await readComparison({ db, clock }, id);
        if (!found)
          throw new Problem('comparison_not_found', 'No comparison has this id. They are kept for a day.');
        sendJson(res, 200, comparisonJson(found));
      },
    ],
  });
  return router;
}

function compareNow(deps: ComparisonRoutesDeps): RequestHandler {
  const { db, clock, entity, systems, waitMs = WAIT_MS } = deps;
  const checkBody = compileCheck<ComparisonBody>(comparisonBodySchemaOf(systems));
  return async (req, res) => {
    const { id } = demand('path', checkCustomer(paramsOf(req, customerPathSchema)));
    const { system } = demand('body', checkBody((req.body as unknown) ?? {}));
    const ask = {
      ...{ entityType: entity.name, rowId: id, actor: operatorOf(req) },
      systems: system === undefined ? systems : [system],
    };
    // A repeat of the request waits for the same comparison.
    const comparison = await askedOnce<AskOutcome>([req, res], clock, idOf, (once) =>
      askToCompare({ db, clock }, ask, once),
    );
    endDeadline(res);
    const found = await waitForAnswers(deps, comparison, AbortSignal.timeout(waitMs));
    const silent = found.systems.filter(({ state }) => state !== 'answered').map((each) => each.system);
    if (silent.length > 0) throw systemSilent(found, silent, deps);
    sendJson(res, 200, comparisonJson(found));
  };
}

function idOf(result: AskOutcome): string | Problem {
  if (result.outcome === 'not_found') return new Problem('customer_not_found', 'No customer has this id.');
  return result.comparison;
}

async function waitForAnswers(
  { db, clock }: ComparisonRoutesDeps,
  id: string,
  over: AbortSignal,
): Promise<AskedComparison> {
  for (;;) {
    const found = await readComparison({ db, clock }, id);
    if (!found) throw new Problem('comparison_not_found', 'This comparison is older than a day.');
    if (over.aborted || found.systems.every(({ state }) => state !== 'open')) return found;
    await sleep(LOOK_EVERY_MS, over);
  }
}

function systemSilent(
  found: AskedComparison,
  silent: readonly string[],
  { basePath }: ComparisonRoutesDeps,
): Problem {
  const at = `${basePath}/comparisons/${found.id}`;
  const why = found.systems.some(({ state }) => state === 'open')
    ? `If an answer still comes, it is at ${at}.`
    : 'No answer will come to this request: send a new one.';
  return new Problem(
    'system_silent',
    `No answer about ${silent.join(' and ')} came in time: the system is slow, too much was asked at once, or no worker that may ask it runs. Nothing was changed. ${why}`,
    { members: { comparison: comparisonJson(found) } },
  );
}
