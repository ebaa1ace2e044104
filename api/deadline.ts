import type { RequestHandler } from 'express';
import { databaseAway } from './problems.ts';
import { sendProblem } from './responses.ts';

/**
 * Answers in the handler's place if it has not within `ms`. All a handler waits for is the
 * database, so that is what the answer says; a write may still be made after it.
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
              ? ' Whether the change was made is not known: read the customer before you send it again.'
              : ''),
        ),
      );
    }, ms);
    res.once('close', () => clearTimeout(timer));
    next();
  };
}
