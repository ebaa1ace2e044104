// A write of a customer from its headers to its answer: the key with which it is made once, the time
// for which the caller waits for the systems, and the customer as the write left it.
//
// A repeat of a request with a key is answered from the row that the first one kept, by the same lines.
// So it is the same answer byte for byte, unless it asks to wait: then `external_mappings` and `sync` are
// of now, in the first answer as in a repeat.
import type { Request, Response } from 'express';
import { rowOfKept } from '../db/entities/row-forms.ts';
import { readRow, type MappedRow } from '../db/entities/rows.ts';
import type { Db } from '../db/server/connection.ts';
import type { Entity } from '../lib/catalogue/entity.ts';
import type { Clock } from '../lib/clock.ts';
import type { Origin } from '../lib/customers/customers.ts';
import { sleep } from '../lib/loop.ts';
import { customerJson, entityTag } from './customer-json.ts';
import { endDeadline } from './deadline.ts';
import { onceOf, writeOnce } from './idempotency.ts';
import { originOf } from './origin.ts';
import { waitOf } from './prefer.ts';
import type { ApiLog } from './requests.ts';
import { sendJson, sendNothing, setHeader } from './responses.ts';
import { CLOSING, isClosing } from './server.ts';
import { createSyncWaits } from './sync-waits.ts';

export type CustomerWritesDeps = {
  db: Db;
  entity: Entity;
  clock: Clock;
  log: ApiLog;
  systems: readonly string[];
  basePath: string;
};

/** What the API needs besides the row to answer; kept with the row. */
type Frame = { status: Status; systems: readonly string[] };
/** 201 for a new customer, 204 for a deletion. */
type Status = 200 | 201 | 204;

/** How long the last look at the pairs may take, after a wait. */
const LOOK_MS = 1_000;

export function createCustomerWrites({ db, entity, clock, log, systems, basePath }: CustomerWritesDeps) {
  const waits = createSyncWaits({ db, log, systems });

  /** `write` returns the customer as it is after the write, or throws the Problem that refuses it. */
  async function answerWrite(
    [req, res]: [Request, Response],
    status: Status,
    write: (origin: Origin) => Promise<MappedRow>,
  ): Promise<void> {
    const frame: Frame = { status, systems };
    const once = onceOf(req, clock, frame);
    const origin = { ...originOf(req, res), ...(once && { once }) };
    const written = await writeOnce(res, once, {
      write: async () => ({ frame, customer: await write(origin) }),
      again: (kept) => ({ frame: kept.answer as Frame, customer: rowOfKept(kept.written) }),
    });
    const seconds = waitOf(req);
    if (seconds === undefined) return send(res, written.frame, written.customer);
    await sendAfter(res, written.frame, written.customer, seconds);
  }

  async function sendAfter(res: Response, frame: Frame, customer: MappedRow, seconds: number): Promise<void> {
    // The client has gone, or the deadline of the database has answered: no client waits.
    if (isOver(res)) return;
    // From here on nothing depends on the database: when the time is up there is an answer in any case.
    endDeadline(res);
    const left = new AbortController();
    const leave = (): void => left.abort();
    res.once('close', leave).once(CLOSING, leave);
    if (isClosing(res)) leave();
    const isSettled = await waits.wait(customer, { ms: seconds * 1_000, signal: left.signal });
    if (isOver(res)) return;
    if (isSettled === null) return send(res, frame, customer);
    setHeader(res, 'Preference-Applied', `wait=${seconds}`);
    const mappings = (await readSoon(customer.id))?.mappings ?? customer.mappings;
    send(res, frame, { ...customer, mappings }, isSettled ? frame.status : 202);
  }

  /** Null if the database does not answer soon, and for a tombstone that is gone. */
  async function readSoon(id: number): Promise<MappedRow | null> {
    const read = readRow(db, entity, id).catch((error: unknown) => {
      log.debug('wait.failed', { error: error instanceof Error ? error.name : typeof error });
      return null;
    });
    return await Promise.race([read, sleep(LOOK_MS).then(() => null)]);
  }

  function send(res: Response, frame: Frame, customer: MappedRow, status: Status | 202 = frame.status): void {
    if (status === 204) return sendNothing(res);
    if (frame.status === 201) setHeader(res, 'Location', `${basePath}/customers/${customer.id}`);
    setHeader(res, 'ETag', entityTag(customer));
    sendJson(res, status, customerJson(customer, frame.systems));
  }

  return { answerWrite };
}

/** The client has its answer, or has gone. */
function isOver(res: Response): boolean {
  return res.headersSent || res.closed;
}
