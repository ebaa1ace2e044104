import type { RequestHandler } from 'express';
import { databaseAway } from './problems.ts';
import { sendProblem } from './responses.ts';

/**
 * Answers 503 if the handler has not answered within `ms`. A handler waits for nothing but the
 * database, so the answer names the database; the handler may still write after this answer.
 */
export function answerWithin(ms: number): RequestHandler {
  return (req, res, next) => {
    const timer = setTimeout(() => {
      const wrote = !['GET', 'HEAD'].includes(req.method);
      sendProblem(
        res,
        databaseAway(
          `The database did not answer within ${ms / 1000} s.` +
            (wrote
              ? ' The change may or may not have been made: read the customer before you send the request again.'
              : ''),
        ),
      );
    }, ms);
    res.once('close', () => clearTimeout(timer));
    next();
  };
}
