// Who sends a request: for the context of an event, and for the keys of idempotent writes.
import type { Request, Response } from 'express';
import type { Origin } from '../lib/customers/customers.ts';
import { actorOf } from './callers.ts';
import { bulkOf } from './input.ts';
import { traceOf } from './requests.ts';
import { requestIdOf } from './responses.ts';

/** Who sent the request, for the context of the event. */
export function originOf(req: Request, res: Response): Origin {
  const [actor, trace, bulk] = [actorOf(req), traceOf(req), bulkOf(req)];
  return {
    context: {
      request_id: requestIdOf(res),
      ...(actor && { actor }),
      ...(trace && { trace }),
      ...(bulk && { bulk }),
    },
  };
}

/** To whom the Idempotency-Keys of this request belong. An open API has one holder. */
export function holderOf(req: Request): string {
  return actorOf(req) ?? 'open';
}
