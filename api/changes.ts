// /changes: what changed in the rows of every entity, in the order of the commits. A program that asks
// from time to time gets a list (`?after=`), and one that accepts text/event-stream gets a stream.
import { Router, type Request } from 'express';
import type { RowChange } from '../db/events/customer-changes.ts';
import type { Db } from '../db/server/connection.ts';
import { compileCheck } from '../lib/catalogue/check.ts';
import { decodePosition, encodePosition, type Position } from '../lib/customers/change-position.ts';
import { presentPosition, readChanges } from '../lib/customers/changes.ts';
import { createLiveChanges } from '../lib/customers/live-changes.ts';
import { without } from '../lib/without.ts';
import { actorOf } from './callers.ts';
import { CHANGES_DEFAULT, changesQuerySchema, type ChangesQuery } from './change-schemas.ts';
import { createChangeStreams, streamLimits, type StreamLimits } from './change-streams.ts';
import { demandPosition, expired } from './customer-changes.ts';
import { answerWithin } from './deadline.ts';
import { demand, invalid, queryOf } from './input.ts';
import type { ApiLog } from './requests.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

const checkQuery = compileCheck<ChangesQuery>(changesQuerySchema);

export type ChangeRoutesDeps = {
  db: Db;
  log: ApiLog;
  deadlineMs: number;
  stillAllowed(req: Request, ms: number): Promise<boolean>;
  /** For tests. */
  limits?: Partial<StreamLimits>;
};

export function changeRoutes({ db, log, deadlineMs, stillAllowed, limits }: ChangeRoutesDeps): Router {
  const router = Router({ caseSensitive: true });
  const stream = createChangeStreams({
    live: createLiveChanges({ db, log }),
    stillAllowed,
    holderOf: (req) => actorOf(req) ?? req.socket.remoteAddress ?? '',
    limits: { ...streamLimits, ...limits },
  });

  declareRoute(router, '/changes', {
    get: [
      'viewer',
      answerWithin(deadlineMs),
      async (req, res) => {
        const query = demand('query', checkQuery(queryOf(req, changesQuerySchema)));
        if (wantsStream(req)) return stream(req, res, beginOf(req, query));
        sendJson(res, 200, await readFeed(db, query));
      },
    ],
  });
  return router;
}

/** HEAD has no body, so it is answered as for the list. */
function wantsStream(req: Request): boolean {
  return req.method === 'GET' && /\btext\/event-stream\b/i.test(req.get('Accept') ?? '');
}

/** Where a stream begins: after the last event that the client had, or now. */
function beginOf(req: Request, { after }: ChangesQuery): Position | null {
  const had = req.get('Last-Event-ID')?.trim() ?? '';
  if (had !== '') {
    const position = decodePosition(had);
    if (position) return position;
    const detail = 'must be the whole id of an event of this stream; leave it out to begin now';
    throw invalid([{ in: 'header', pointer: '/Last-Event-ID', code: 'position', detail }]);
  }
  return after === undefined || after === 'now' ? null : demandPosition(after);
}

async function readFeed(db: Db, { after, limit = CHANGES_DEFAULT }: ChangesQuery): Promise<object> {
  if (after === 'now')
    return { changes: [], position: encodePosition(await presentPosition(db)), more: false };
  const found = await readChanges(db, after === undefined ? null : demandPosition(after), limit);
  if (found.outcome === 'expired') throw expired(found.reason);
  const { changes, position, more } = found;
  return { changes: changes.map(changeJson), position: encodePosition(position), more };
}

function changeJson({
  position,
  eventUuid,
  entity,
  type,
  rowId,
  version,
  fields,
  source,
  changedAt,
}: RowChange & { position: Position }): object {
  return {
    ...{ position: encodePosition(position), event_id: eventUuid, entity, type, id: rowId, version },
    values: type === 'deleted' ? null : without(fields, 'id'),
    ...{ source, changed_at: changedAt.toISOString() },
  };
}
