// Idempotency-Key: a write that is sent with a key is made once, and each repeat of the request gets the
// answer of the first. db/idempotent-writes.ts says what holds after a crash.
import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import { AnsweredBefore, KeyInUse, claimKey, keepAnswer } from '../db/idempotent-writes.ts';
import type { KeptAnswer, Once } from '../db/idempotent-writes.ts';
import type { Clock } from '../lib/clock.ts';
import type { Once as OnceAct } from '../lib/operations/once.ts';
import { newEventId, uuidLowerBound } from '../lib/uuid.ts';
import { bytesOf } from './body.ts';
import { invalid } from './input.ts';
import { holderOf } from './origin.ts';
import { Problem } from './problems.ts';
import { sendJson, sendText, setHeader } from './responses.ts';

/** For how long a repeat gets the first answer. Afterwards a request with the same key is a new one. */
export const KEPT_MS = 24 * 3_600_000;

/** Visible ASCII, so no blank: two headers, which HTTP joins with a comma and a blank, are refused. */
export const keyPattern = '^[\\x21-\\x7e]{1,255}$';
const IS_KEY = new RegExp(keyPattern);

/**
 * The key of this request, undefined without the header; throws a Problem if the header is not a key.
 * `answer`: what a repeat needs for its answer besides the row.
 */
export function onceOf(req: Request, clock: Clock, answer: Record<string, unknown>): Once | undefined {
  const key = req.get('Idempotency-Key');
  if (key === undefined) return undefined;
  if (!IS_KEY.test(key)) {
    const detail =
      'must be 1 to 255 visible ASCII characters without blanks, given once: a random UUID for each new change';
    throw invalid([{ in: 'header', pointer: '/Idempotency-Key', code: 'idempotency_key', detail }]);
  }
  return {
    scope: digest([holderOf(req), `${req.method} ${routeOf(req)}`, key]),
    request: digest([req.method, req.originalUrl, bytesOf(req)]),
    since: uuidLowerBound(clock.now().getTime() - KEPT_MS),
    answer,
  };
}

/**
 * Writes, or finds the answer of the request that wrote before, for which `again` gives the same result.
 * Throws the Problem of a key that is in use, or that was used for another request.
 */
export async function writeOnce<T>(
  res: Response,
  once: Once | undefined,
  { write, again }: { write: () => Promise<T>; again: (kept: KeptAnswer) => T },
): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof KeyInUse) throw keyInUse();
    if (!(error instanceof AnsweredBefore) || !once) throw error;
    if (error.kept.request !== once.request.toString('hex')) throw keyReused();
    setHeader(res, 'Idempotent-Replayed', 'true');
    return again(error.kept);
  }
}

export function keyInUse(): Problem {
  return new Problem(
    'idempotency_key_in_use',
    'A request with this Idempotency-Key is being worked on. Send the same request again in a moment: it gets the same answer.',
    { headers: { 'Retry-After': '1' } },
  );
}

export function keyReused(): Problem {
  return new Problem(
    'idempotency_key_reused',
    'This Idempotency-Key was used for a request with another path or body. Nothing was changed. Take a new key for a new change; a repeat has to be the same, byte for byte.',
  );
}

/** What an operation answers. */
export type Sent = { status: number; body: Record<string, unknown> };

/**
 * Answers with what an operation has done, once for each key. `render` gives the answer to a result, or
 * the problem for which nothing is kept.
 */
export async function answerOnce<T>(
  [req, res]: [Request, Response],
  clock: Clock,
  render: (result: T) => Sent | Problem,
  perform: (once: OnceAct<T> | undefined) => Promise<T>,
): Promise<void> {
  const once = onceOf(req, clock, {});
  const act = keeping<T>(once, clock, (result) => {
    const sent = render(result);
    return sent instanceof Problem ? null : { status: sent.status, text: JSON.stringify(sent.body) };
  });
  await writeOnce<unknown>(res, once, {
    write: async () => {
      const sent = render(await perform(act));
      if (sent instanceof Problem) throw sent;
      sendJson(res, sent.status, sent.body);
    },
    again: ({ answer }) => sendText(res, Number(answer['status']), String(answer['text'])),
  });
}

/**
 * Stores a question once for each key, and gives what it is asked as, or throws the problem for which nothing
 * was asked. A repeat of the request gets the same, and waits for the same answer.
 */
export async function askedOnce<T>(
  [req, res]: [Request, Response],
  clock: Clock,
  askedAs: (result: T) => string | Problem,
  ask: (once: OnceAct<T> | undefined) => Promise<T>,
): Promise<string> {
  const once = onceOf(req, clock, {});
  const act = keeping<T>(once, clock, (result) => {
    const asked = askedAs(result);
    return asked instanceof Problem ? null : { asked };
  });
  return writeOnce(res, once, {
    write: async () => {
      const asked = askedAs(await ask(act));
      if (asked instanceof Problem) throw asked;
      return asked;
    },
    again: ({ answer }) => String(answer['asked']),
  });
}

/** For the transaction of an operation: it has the key, and keeps what a repeat needs; of a refusal nothing. */
function keeping<T>(
  once: Once | undefined,
  clock: Clock,
  answerOf: (result: T) => Record<string, unknown> | null,
): OnceAct<T> | undefined {
  return (
    once && {
      begin: (tx) => claimKey(tx, once),
      end: async (tx, result) => {
        const answer = answerOf(result);
        if (answer === null) return;
        await keepAnswer(tx, { ...once, answer }, { id: newEventId(clock.now()), written: null });
      },
    }
  );
}

/** The pattern of the route: a key that is used for another row was not meant for it. */
function routeOf(req: Request): string {
  const route = req.route as { path: string };
  return req.baseUrl + route.path;
}

/** Each part with its length, so that no two lists of parts are one text. */
function digest(parts: readonly (string | Uint8Array)[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) {
    const bytes = Buffer.from(part);
    hash.update(`${bytes.length}:`).update(bytes);
  }
  return hash.digest();
}
