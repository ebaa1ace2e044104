import type { RequestHandler, Response } from 'express';
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
      const hasKey = req.get('Idempotency-Key') !== undefined;
      sendProblem(
        res,
        databaseAway(
          `The database did not answer within ${ms / 1000} s.` +
            (!wrote
              ? ''
              : hasKey
                ? ' The change may or may not have been made: send the same request again, with the same Idempotency-Key.'
                : ' The change may or may not have been made: read the customer before you send the request again.'),
        ),
      );
    }, ms);
    (res as Timed)[TIMER] = timer;
    res.on('close', () => clearTimeout(timer));
    next();
  };
}

// On the response itself: V8 keeps what a WeakMap has alive for some collections if its value leads back to its key,
// and a timer leads to the request. So each request became an old object, and they were collected by long pauses.
const TIMER = Symbol('deadline');
type Timed = Response & { [TIMER]?: NodeJS.Timeout };

/** For a handler that has its answer and waits for something else: it has a time of its own. */
export function endDeadline(res: Response): void {
  clearTimeout((res as Timed)[TIMER]);
}
