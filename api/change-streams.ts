// /changes as server-sent events (html.spec.whatwg.org, 9.2): which rows changed, as it happens. The
// connections are bounded, a client that does not read is cut off, and each stream asks again and again
// whether its key is still good.
//
// A stream has nothing that a crash could lose: the client has the position, and sends it back as
// Last-Event-ID.
import type { Request, Response } from 'express';
import type { Position } from '../lib/customers/change-position.ts';
import type { Batch, LiveChanges } from '../lib/customers/live-changes.ts';
import { endDeadline } from './deadline.ts';
import { expired } from './customer-changes.ts';
import { Problem, type ProblemCode } from './problems.ts';
import { CLOSING, isClosing } from './server.ts';

export type StreamLimits = {
  /** Streams in this process. */
  all: number;
  /** Streams of one key; of one address while the API is open. */
  ofOne: number;
  /** Bytes that a client may leave unread. */
  unreadBytes: number;
  /** How long a client may take to read what is there already. */
  unreadMs: number;
  heartbeatMs: number;
  /** A key that was revoked or has expired ends a stream within 5 s. */
  keyMs: number;
};

export const streamLimits: StreamLimits = {
  all: 200,
  ofOne: 10,
  unreadBytes: 256 * 1024,
  unreadMs: 30_000,
  heartbeatMs: 15_000,
  keyMs: 2_000,
};

export type StreamDeps = {
  live: LiveChanges;
  /** Whether the key of the request may still be used; asks anew if the answer is older than `ms`. */
  stillAllowed(req: Request, ms: number): Promise<boolean>;
  /** Names whose stream it is. */
  holderOf(req: Request): string;
  limits: StreamLimits;
};

type Why = 'closing' | 'key_ended' | 'position_expired';

/** Returns the handler; it resolves when the stream has ended. */
export function createChangeStreams({ live, stillAllowed, holderOf, limits }: StreamDeps) {
  const open = new Map<string, number>();
  let all = 0;

  function enter(holder: string): () => void {
    const mine = open.get(holder) ?? 0;
    if (all >= limits.all)
      throw tooMany(`This process has ${limits.all} streams already, as many as it may have.`);
    if (mine >= limits.ofOne)
      throw tooMany(`This key has ${limits.ofOne} streams in this process already, as many as it may have.`);
    open.set(holder, mine + 1);
    all += 1;
    return () => {
      all -= 1;
      const left = (open.get(holder) ?? 1) - 1;
      if (left > 0) open.set(holder, left);
      else open.delete(holder);
    };
  }

  return async (req: Request, res: Response, after: Position | null): Promise<void> => {
    const leave = enter(holderOf(req));
    const stop = new AbortController();
    let why: Why | 'gone' = 'gone';
    const end = (because: Why): void => {
      why = because;
      stop.abort();
    };
    res.once('close', () => stop.abort()).once(CLOSING, () => end('closing'));
    if (isClosing(res)) end('closing');
    const sink = createSink(res, limits, () => stop.abort());
    const check = setInterval(() => {
      stillAllowed(req, limits.keyMs).then(
        (allowed) => allowed || end('key_ended'),
        // A key that cannot be checked counts for no longer than one that was revoked; the client comes
        // back, and is then told what is wrong.
        () => end('closing'),
      );
    }, limits.keyMs);
    const beat = setInterval(sink.beat, limits.heartbeatMs);
    try {
      const ended = await live.follow(after, sink.take, stop.signal);
      if (ended.outcome === 'expired') {
        // Before the first byte it is an answer like any other.
        if (!res.headersSent) throw expired(ended.reason);
        why = 'position_expired';
      }
      if (why !== 'gone') sink.end(why);
    } catch (error) {
      if (!res.headersSent) throw error;
      // The client comes back with its last position, and is then told what is wrong.
      res.destroy();
    } finally {
      clearInterval(check);
      clearInterval(beat);
      leave();
    }
  };
}

function createSink(res: Response, { unreadBytes, unreadMs }: StreamLimits, cut: () => void) {
  let position = '';
  let draining: Promise<void> | undefined;

  function begin(): void {
    endDeadline(res);
    res.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      // nginx would keep events back until its buffer is full.
      'X-Accel-Buffering': 'no',
    });
    res.write('retry: 2000\n');
  }

  function write(text: string): Promise<void> | undefined {
    if (res.destroyed || res.writableEnded) return undefined;
    if (res.writableLength > unreadBytes) {
      // The client gets the rest from its last position; to keep it here could take any amount of memory.
      res.destroy();
      cut();
      return undefined;
    }
    if (res.write(text)) return undefined;
    draining ??= drained(res, unreadMs, cut).finally(() => (draining = undefined));
    return draining;
  }

  return {
    /** Resolves when the client has read so much that it may be sent more. */
    take(batch: Batch): Promise<void> | undefined {
      if (!res.headersSent) begin();
      ({ position } = batch);
      return write(textOf(batch));
    },
    beat(): void {
      if (res.headersSent) void write(`: alive\nid: ${position}\n\n`);
    },
    end(why: Why): void {
      if (!res.headersSent) begin();
      void write(`event: end\ndata: ${JSON.stringify({ reason: why })}\n\n`);
      // A stream of chunks leaves its connection open for another request, which would hold up a stop.
      const { socket } = res;
      res.end(() => socket?.end());
    },
  };
}

function drained(res: Response, ms: number, cut: () => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const go = (): void => resolve(undefined);
  const late = setTimeout(() => {
    res.destroy();
    cut();
  }, ms);
  res.once('drain', go).once('close', go);
  return promise.finally(() => {
    clearTimeout(late);
    res.off('drain', go).off('close', go);
  });
}

/**
 * Only the last event of a batch has the id: a client that loses the connection in the middle of a batch
 * gets the whole batch again.
 */
function textOf({ rows, position }: Batch): string {
  if (rows.length === 0) return `id: ${position}\n\n`;
  return rows
    .map(
      (row, at) =>
        `${at === rows.length - 1 ? `id: ${position}\n` : ''}event: change\ndata: ${JSON.stringify(row)}\n\n`,
    )
    .join('');
}

function tooMany(detail: string): Problem {
  const code: ProblemCode = 'too_many_streams';
  return new Problem(code, `${detail} Close one, or ask with ?after= from time to time.`, {
    headers: { 'Retry-After': '10' },
  });
}
