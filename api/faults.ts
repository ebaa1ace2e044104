// Makes an answer of any error that a handler threw. The answer says what the caller can fix; for a
// fault of Twinbox it gives only the request id.

import type { ErrorRequestHandler, RequestHandler } from 'express';
import { isDatabaseAway } from '../db/health/readiness.ts';
import { DbError } from '../db/server/errors.ts';
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
    // the client does not take the response for a complete one.
    if (res.headersSent && !res.writableEnded) next(error);
    else sendProblem(res, problem);
  };
}

const OF_THE_TABLE: ReadonlySet<ProblemCode> = new Set(rowProblems);

/**
 * Faults that end by themselves or with a setting: a database that cannot be reached, an account or
 * a secret that is not known yet, too many writers.
 */
const EXPECTED: ReadonlySet<ProblemCode> = new Set([
  ...(['database_unavailable', 'account_unbound', 'webhooks_not_configured', 'contended'] as const),
]);

const LOGGED_AGAIN_MS = 10_000;

/**
 * Logs no source line and no stack, since the program has no fault. External systems repeat their
 * requests thousands of times, so the warning is logged only now and then.
 */
function notePutOff(log: ApiLog): (problem: Problem, requestId: string, errorCode: unknown) => void {
  const last = new Map<ProblemCode, { loggedAt: number; since: number }>();
  return ({ code }, requestId, errorCode) => {
    const now = performance.now();
    const { loggedAt, since } = last.get(code) ?? { loggedAt: -Infinity, since: 0 };
    const quiet = now - loggedAt < LOGGED_AGAIN_MS;
    last.set(code, quiet ? { loggedAt, since: since + 1 } : { loggedAt: now, since: 0 });
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
          'The database cannot be reached. Send the request again in a moment. If the request was a change, the change may have ' +
            'been made before the connection broke: read the customer first.',
          error,
        );
      }
      if (error instanceof DbError && error.code === 'catalogue_changed') {
        return databaseAway(
          'The database was migrated to another catalogue, and this process, which was started with the one of before, ends. ' +
            'Nothing was changed. Send the request again in a moment.',
          error,
        );
      }
      return new Problem('internal_error', 'You cannot fix this: look for the request_id in the log.', {
        cause: error,
      });
    case 413:
      return new Problem(
        'body_too_large',
        `The body of this request may have at most ${limitOf(error)} bytes.`,
        {
          cause: error,
        },
      );
    case 415:
      return new Problem(
        'unsupported_media_type',
        'Send the body uncompressed, or with gzip, deflate or br.',
        {
          cause: error,
        },
      );
    default:
      return new Problem('malformed_request', 'The path, or the encoding of the body, cannot be read.', {
        cause: error,
      });
  }
}

/** The body reader gives the limit that was exceeded. */
function limitOf(error: unknown): number {
  const limit = error instanceof Error && 'limit' in error ? error.limit : undefined;
  return typeof limit === 'number' ? limit : BODY_LIMIT;
}

/** Express and its body reader give an error a status of the 400s if the caller caused it. */
function clientStatusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  return error.status >= 400 && error.status < 500 ? error.status : undefined;
}

// PostgreSQL puts values into its messages and details, and the values may be names of people: only
// the place in the code and the error code are logged.
export function faultFields(error: unknown): Record<string, unknown> {
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
 * PostgreSQL's code for the error, if it has one; the log shows it beside the code of our problem.
 */
function faultCode(error: unknown): unknown {
  const cause = causeOf(error);
  return cause instanceof Error && !(cause instanceof Problem) && 'code' in cause ? cause.code : undefined;
}
