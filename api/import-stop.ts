// What ends an import before its body: the client leaves, the process stops, no row comes, the answer is not
// taken, the time is up, or the key is not good any more.
import type { Response } from 'express';
import { CLOSING, isClosing } from './server.ts';

export type StopReason =
  | 'client_left'
  | 'server_stopping'
  | 'body_idle'
  | 'answer_idle'
  | 'time_limit'
  | 'key_ended';

export type ImportTimes = {
  /** How long a client may send no whole row, or take nothing of the answer. */
  idleMs: number;
  /** How long an import may take. */
  wholeMs: number;
  /** How often it is asked whether the key is still good. */
  keyMs: number;
};

export const importTimes: ImportTimes = { idleMs: 30_000, wholeMs: 3_600_000, keyMs: 2_000 };

/** `stillAllowed`: whether the key may still be used; rejects if that cannot be found out now. */
export function createImportStop(
  res: Response,
  { idleMs, wholeMs, keyMs }: ImportTimes,
  stillAllowed: () => Promise<boolean>,
) {
  const controller = new AbortController();
  const waiting = new Map<'body_idle' | 'answer_idle', number>();
  const stop = (reason: StopReason): void => controller.abort(reason);
  const onClose = (): void => stop('client_left');
  const onClosing = (): void => stop('server_stopping');
  res.once('close', onClose).once(CLOSING, onClosing);
  if (isClosing(res)) onClosing();
  if (res.closed) onClose();
  const whole = setTimeout(() => stop('time_limit'), wholeMs);
  const look = setInterval(
    () => {
      for (const [reason, since] of waiting) if (performance.now() - since >= idleMs) stop(reason);
    },
    Math.max(5, Math.min(1_000, idleMs / 4)),
  );
  const check = setInterval(() => {
    stillAllowed().then(
      (allowed) => allowed || stop('key_ended'),
      // The database is away, which says nothing about the key: the next batch ends the import by it.
      () => undefined,
    );
  }, keyMs);

  return {
    signal: controller.signal,
    reason: (): StopReason => controller.signal.reason as StopReason,
    /** The rows, watched: each has to come in time. */
    async *watchRows<T>(rows: AsyncIterable<T>): AsyncGenerator<T> {
      waiting.set('body_idle', performance.now());
      for await (const row of rows) {
        waiting.delete('body_idle');
        yield row;
        waiting.set('body_idle', performance.now());
      }
      waiting.delete('body_idle');
    },
    async watchAnswer(taken: Promise<void>): Promise<void> {
      waiting.set('answer_idle', performance.now());
      await taken.finally(() => waiting.delete('answer_idle'));
    },
    dispose(): void {
      clearTimeout(whole);
      clearInterval(look);
      clearInterval(check);
      res.removeListener('close', onClose).removeListener(CLOSING, onClosing);
    },
  };
}

/** What the last line of the answer says. A client that left reads none. */
export function describeStop(reason: StopReason, { idleMs, wholeMs }: ImportTimes): string {
  switch (reason) {
    case 'client_left':
      return 'The client has closed the connection.';
    case 'server_stopping':
      return `The API is being stopped. ${AGAIN}`;
    case 'body_idle':
      return `No whole row came within ${idleMs / 1_000} s. ${AGAIN}`;
    case 'answer_idle':
      return `The answer was not read for ${idleMs / 1_000} s: read it while you send. ${AGAIN}`;
    case 'time_limit':
      return `An import may take ${wholeMs / 60_000} minutes. ${AGAIN}`;
    case 'key_ended':
      return `The key of this request was revoked, or has expired. With another key: ${AGAIN}`;
  }
}

export const AGAIN = 'Send the same body again: rows that are in the database are skipped.';
