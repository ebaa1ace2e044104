// Turns whatever a handler threw into an answer. The answer says what the caller can fix; of our
// own faults it names only the request id.

import type { ErrorRequestHandler, RequestHandler } from 'express';
import { isDatabaseAway } from '../db/health/readiness.ts';
import { BODY_LIMIT } from './body.ts';
import { databaseAway, Problem, type ProblemCode } from './problems.ts';
import type { ApiLog } from './requests.ts';
import { requestIdOf, sendProblem } from './responses.ts';
import { rowProblems } from './row-refusal.ts';

export const answerUnknownPath: RequestHandler = (req) => {
  throw new Problem(
    'not_found',
    `Nothing answers ${req.method} at this path. The customers are at /api/v1/customers.`,
  );
};

export function answerFaults(log: ApiLog): ErrorRequestHandler {
  const putOff = notePutOff(log);
  return (error: unknown, _req, res, next) => {
    const problem = toProblem(error);
    if (EXPECTED.has(problem.code)) {
      putOff(problem, requestIdOf(res), faultCode(error));
    } else if (OF_THE_TABLE.has(problem.code)) {
      const { rule, kind, sqlstate } = problem.members;
      log.info('row refused by the table', { request_id: requestIdOf(res), rule, kind, sqlstate });
    } else if (problem.status >= 500) {
      log.error('request failed', {
        request_id: requestIdOf(res),
        code: problem.code,
        ...faultFields(error),
      });
    }
    // A response that has begun cannot be corrected: Express then breaks the connection, so that
    // the client does not take it for a whole one.
    if (res.headersSent && !res.writableEnded) next(error);
    else sendProblem(res, problem);
  };
}

const OF_THE_TABLE: ReadonlySet<ProblemCode> = new Set(rowProblems);

/**
 * What ends by itself or by a setting: a database that is away, an account or a secret that is not
 * known yet, a crowd.
 */
const EXPECTED: ReadonlySet<ProblemCode> = new Set([
  ...(['database_unavailable', 'account_unbound', 'webhooks_not_configured', 'contended'] as const),
]);

const LOGGED_AGAIN_MS = 10_000;

/**
 * Logs no source line and no stack: the program has no fault to fix. Senders repeat by the
 * thousand, so the warning is logged only now and then.
 */
function notePutOff(log: ApiLog): (problem: Problem, requestId: string, errorCode: unknown) => void {
  const last = new Map<ProblemCode, { told: number; since: number }>();
  return ({ code }, requestId, errorCode) => {
    const now = performance.now();
    const { told, since } = last.get(code) ?? { told: -Infinity, since: 0 };
    const quiet = now - told < LOGGED_AGAIN_MS;
    last.set(code, quiet ? { told, since: since + 1 } : { told: now, since: 0 });
    if (quiet) log.debug('request put off', { request_id: requestId, code });
    else
      log.warn('request put off', {
        request_id: requestId,
        code,
        error_code: errorCode,
        others_since: since,
      });
  };
}

export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  switch (clientStatusOf(error)) {
    case undefined:
      if (isDatabaseAway(error)) {
        return databaseAway(
          'The database cannot be reached. Send the request again in a moment. If it was a change, it may have been made before ' +
            'the connection broke: read the customer first.',
          error,
        );
      }
      return new Problem('internal_error', 'Nothing you can fix: look for the request_id in the log.', {
        cause: error,
      });
    case 413:
      return new Problem('body_too_large', `A body may have at most ${limitOf(error)} bytes here.`, {
        cause: error,
      });
    case 415:
      return new Problem('unsupported_media_type', 'Send the body plain, or with gzip, deflate or br.', {
        cause: error,
      });
    default:
      return new Problem('malformed_request', 'The path, or the body as it was encoded, cannot be read.', {
        cause: error,
      });
  }
}

/** The body reader says how much it would have taken. */
function limitOf(error: unknown): number {
  const told = error instanceof Error && 'limit' in error ? error.limit : undefined;
  return typeof told === 'number' ? told : BODY_LIMIT;
}

/** Express and its body reader mark what the caller did wrong with a status of the 400s. */
function clientStatusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  return error.status >= 400 && error.status < 500 ? error.status : undefined;
}

// Postgres puts values into its messages and details, and those may be people's names: only the
// place and the code are logged.
function faultFields(error: unknown): Record<string, unknown> {
  const cause = causeOf(error);
  if (!(cause instanceof Error)) return { error: typeof cause };
  const frames = (cause.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return {
    error: cause.name,
    error_code: 'code' in cause ? cause.code : undefined,
    stack: frames.join('\n'),
  };
}

function causeOf(error: unknown): unknown {
  return error instanceof Problem && error.cause !== undefined ? error.cause : error;
}

/**
 * The database's own code of what failed, if it has one; the log shows it beside the code of our
 * problem.
 */
function faultCode(error: unknown): unknown {
  const cause = causeOf(error);
  return cause instanceof Error && !(cause instanceof Problem) && 'code' in cause ? cause.code : undefined;
}
