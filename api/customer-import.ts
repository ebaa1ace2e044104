// POST /customers/import: reads rows as they come, writes them in batches, and answers while it reads. The
// rules are in lib/customers/import/.
//
// A crash or a stop leaves whole batches; the answer then lacks its summary. The same body again skips the
// rows that are there, and with the same Idempotency-Key goes on behind the last batch.
import type { Request, RequestHandler, Response } from 'express';
import type { Db } from '../db/server/connection.ts';
import { compileCheck } from '../lib/catalogue/check.ts';
import type { Entity } from '../lib/catalogue/entity.ts';
import type { Clock } from '../lib/clock.ts';
import { adviceOfApi } from '../lib/customers/import/advice.ts';
import { moreFieldsOf } from '../lib/customers/import/columns.ts';
import { DryRunTooLong, importRows, type ImportResult } from '../lib/customers/import/import-rows.ts';
import {
  beginKeyedImport,
  ImportInUse,
  OtherRows,
  type KeyedImport,
} from '../lib/customers/import/keyed-import.ts';
import { readNdjson } from '../lib/customers/import/ndjson.ts';
import { readRows, type ReadOptions, type Row } from '../lib/customers/import/rows.ts';
import { NO_ROWS, type Counts } from '../lib/customers/import/outcome.ts';
import { UnreadableFile } from '../lib/customers/import/unreadable.ts';
import { faultFields, toProblem } from './faults.ts';
import { KEPT_MS, keyInUse, keyReused, onceOf } from './idempotency.ts';
import { createImportAnswer } from './import-answer.ts';
import { importBodyOf, type ImportBody } from './import-body.ts';
import { COLUMN, columnFieldsOf, importQuerySchemaOf, type ImportQuery } from './import-schemas.ts';
import { AGAIN, createImportStop, describeStop, importTimes, type ImportTimes } from './import-stop.ts';
import { demand, queryOf } from './input.ts';
import { originOf } from './origin.ts';
import { Problem } from './problems.ts';
import type { ApiLog } from './requests.ts';
import { requestIdOf, setHeader } from './responses.ts';
import { allowLongBody } from './server.ts';

export type ImportRouteDeps = {
  db: Db;
  entity: Entity;
  clock: Clock;
  log: ApiLog;
  /** Wakes the relay after a batch. */
  nudge: () => void;
  /** Whether the key of the request may still be used; asks anew if the answer is older than `ms`. */
  stillAllowed(req: Request, ms: number): Promise<boolean>;
  times?: ImportTimes;
};

/** Imports that one process runs at a time: each has one connection of the pool nearly all the time. */
export const MOST_IMPORTS = 3;
const RETRY_S = 5;

export function importCustomers(deps: ImportRouteDeps): RequestHandler {
  const { entity } = deps;
  const schema = importQuerySchemaOf(entity);
  const checkQuery = compileCheck<ImportQuery>(schema);
  let running = 0;
  return async (req, res) => {
    const query = demand('query', checkQuery(queryOf(req, schema)));
    const body = importBodyOf(req);
    const once = onceOf(req, deps.clock, {});
    if (running >= MOST_IMPORTS) throw tooMany();
    running += 1;
    try {
      await runImport([req, res], deps, { query, body, once });
    } finally {
      running -= 1;
    }
  };
}

function tooMany(): Problem {
  return new Problem(
    'too_many_imports',
    `This process runs ${MOST_IMPORTS} imports already. Nothing of this one was read. Send it again after ${RETRY_S} s.`,
    { headers: { 'Retry-After': String(RETRY_S) } },
  );
}

type Asked = { query: ImportQuery; body: ImportBody; once: ReturnType<typeof onceOf> };

/** What a request is about, from its headers. */
type Import = Asked & { dryRun: boolean; onExisting: NonNullable<ImportQuery['on_existing']> };

async function runImport(
  [req, res]: [Request, Response],
  deps: ImportRouteDeps,
  asked: Asked,
): Promise<void> {
  const { log, times = importTimes } = deps;
  const onExisting = asked.query.on_existing ?? 'report';
  const whole: Import = { ...asked, onExisting, dryRun: asked.query.dry_run === 'true' };
  const answer = createImportAnswer(res, { dryRun: whole.dryRun, reports: onExisting !== 'skip' });
  const keyed = await beginKeyed(deps, whole, [req, res]);
  const stop = createImportStop(res, times, () => deps.stillAllowed(req, times.keyMs));
  let counts = keyed?.counts ?? NO_ROWS;
  // Before the answer ends, since whoever has the answer may repeat at once.
  const release = async (): Promise<void> => {
    await keyed?.release().catch((error: unknown) => {
      // The lease runs out by itself.
      log.warn('import not released', { request_id: requestIdOf(res), ...faultFields(error) });
    });
  };
  try {
    allowLongBody(req);
    if (keyed && keyed.doneBefore > 0 && !keyed.endedBefore) answer.noteResumed(counts);
    const result = await bringRows(
      [req, res],
      deps,
      { ...whole, keyed, answer, stop },
      (now) => (counts = now),
    );
    counts = result.counts;
    if (result.whole && keyed?.endedBefore === false) await keyed.end();
    await release();
    if (result.whole) answer.end('summary', { dry_run: whole.dryRun, ...counts });
    else if (!res.closed) {
      const code = stop.reason();
      answer.end('stopped', { code, message: describeStop(code, times), ...counts });
    }
  } catch (error) {
    await release();
    const problem = problemOf(error);
    // The client has gone: no answer can reach it.
    if (res.closed || (req.destroyed && !req.complete)) return;
    if (!res.headersSent) throw problem;
    if (problem.code === 'internal_error')
      log.error('import failed', { request_id: requestIdOf(res), ...faultFields(error) });
    const code = error instanceof DryRunTooLong ? 'dry_run_too_long' : problem.code;
    answer.end('stopped', { code, message: problem.message, ...counts });
  } finally {
    stop.dispose();
    asked.body.discard();
  }
}

/** Null without a key, and for a dry run, which a key has no use for. */
async function beginKeyed(
  { db, clock, log }: ImportRouteDeps,
  { once, dryRun }: Import,
  [, res]: [Request, Response],
): Promise<KeyedImport | null> {
  if (!once || dryRun) return null;
  const { scope, request } = once;
  const keyed = await beginKeyedImport({
    ...{ db, clock, scope, request, keptMs: KEPT_MS },
    onError: (error) =>
      log.warn('import not renewed', { request_id: requestIdOf(res), ...faultFields(error) }),
  }).catch((error: unknown) => {
    throw problemOf(error);
  });
  if (keyed.endedBefore) setHeader(res, 'Idempotent-Replayed', 'true');
  return keyed;
}

type Parts = Import & {
  keyed: KeyedImport | null;
  answer: ReturnType<typeof createImportAnswer>;
  stop: ReturnType<typeof createImportStop>;
};

async function bringRows(
  [req, res]: [Request, Response],
  { db, entity, clock, nudge }: ImportRouteDeps,
  { query, body, dryRun, onExisting, keyed, answer, stop }: Parts,
  note: (counts: Counts) => void,
): Promise<ImportResult> {
  const rows = read(body, optionsOf(entity, query, body), answer.noteLayout);
  return await importRows(stop.watchRows(rows), {
    ...{ db, entity, clock, origin: originOf(req, res) },
    ...{ onExisting, dryRun, advice: adviceOfApi, nudge, signal: stop.signal },
    ...(keyed && { progress: keyed }),
    async onBatch(outcomes, counts) {
      note(counts);
      await stop.watchAnswer(answer.putBatch(outcomes, counts, stop.signal));
    },
  });
}

function read(
  body: ImportBody,
  options: ReadOptions,
  onLayout: NonNullable<ReadOptions['onLayout']>,
): AsyncIterable<Row> {
  return body.format === 'csv'
    ? readRows(body.chunks(), { ...options, onLayout })
    : readNdjson(body.chunks());
}

function optionsOf(entity: Entity, query: ImportQuery, { encoding }: ImportBody): ReadOptions {
  const { delimiter } = query;
  return {
    ...{ encoding, fields: moreFieldsOf(entity), advice: adviceOfApi },
    delimiter: delimiter === 'tab' ? '\t' : delimiter,
    namesFromEmail: query.names_from_email === 'true',
    map: columnFieldsOf(entity).flatMap((target) => {
      const column = query[COLUMN + target];
      return column === undefined ? [] : [{ column, target }];
    }),
  };
}

function problemOf(error: unknown): Problem {
  if (error instanceof UnreadableFile) return new Problem('malformed_body', error.message);
  if (error instanceof ImportInUse) return keyInUse();
  if (error instanceof OtherRows) return keyReused();
  if (error instanceof DryRunTooLong)
    return new Problem('malformed_body', `${error.message}. Send the body in parts.`);
  const problem = toProblem(error);
  return problem.code === 'database_unavailable'
    ? new Problem(problem.code, `The database cannot be reached. ${AGAIN}`, {
        headers: problem.headers,
        cause: error,
      })
    : problem;
}
