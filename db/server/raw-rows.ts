// The rows of an answer as the bytes that the server sent. pg makes a text of each value, and where a large value
// only passes through, the texts are most of the work: they fill the heap, and are written as UTF-8 again.
//
// While a statement runs, each chunk of the connection is divided into messages
// (https://www.postgresql.org/docs/current/protocol-message-formats.html): rows are handed over, all others go on to
// pg, which sees an answer without rows. So errors, notices and the end of the statement are pg's work as always.
//
// Assumes: one statement at a time on the connection, and between two statements no message that has arrived in part.
// If that is ever wrong, the first byte names no message, and the connection is closed.
import type { Duplex } from 'node:stream';
import type pg from 'pg';

/** Gets a row: at `at` stands the number of its columns (16 bits). The bytes stay as they are for as long as they are kept. */
export type OnRow = (bytes: Buffer, at: number) => void;

/** The kind of a message, in one byte, and its length, which counts itself. */
const HEAD = 5;
const DATA_ROW = 'D'.charCodeAt(0);
/** What a server may send while a statement runs that copies nothing. */
const KINDS = new Set(Buffer.from('123ACDEINSTZnst'));

/** Runs the statement; its rows go to `onRow` instead of into its result. What `onRow` throws is thrown at the end. */
export async function withRawRows<T>(connection: pg.Client, onRow: OnRow, run: () => Promise<T>): Promise<T> {
  const { stream } = (connection as unknown as { connection: { stream: Duplex } }).connection;
  const [theirs, ...more] = stream.listeners('data') as ((chunk: Buffer) => void)[];
  // Someone else reads along: the rows stay in the result.
  if (theirs === undefined || more.length > 0) return await run();
  const failed: { error?: unknown } = {};
  const division = divide(
    (chunk) => theirs.call(stream, chunk),
    (bytes, at) => {
      try {
        if (!('error' in failed)) onRow(bytes, at);
      } catch (error) {
        failed.error = error;
      }
    },
  );
  const ours = (chunk: Buffer): void => {
    try {
      division.take(chunk);
    } catch (error) {
      stream.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  };
  stream.on('data', ours);
  stream.off('data', theirs);
  try {
    const result = await run();
    if ('error' in failed) throw failed.error;
    return result;
  } finally {
    stream.on('data', theirs);
    stream.off('data', ours);
    for (const part of division.rest()) theirs.call(stream, part);
  }
}

/** Hands rows to `onRow`, and everything else to `pass`, in their order. */
function divide(pass: (chunk: Buffer) => void, onRow: OnRow) {
  /** The beginning of a message that goes on in the next chunk, and how long that is and has to be. */
  let parts: Buffer[] = [];
  let have = 0;
  let need = HEAD;

  /** Completes the message that began earlier. Returns how many bytes of the chunk it took, or null if it needs more. */
  function complete(chunk: Buffer): number | null {
    let taken = 0;
    for (;;) {
      const some = chunk.subarray(taken, taken + need - have);
      parts.push(some);
      have += some.length;
      taken += some.length;
      if (have < need) return null;
      const begun = Buffer.concat(parts, have);
      parts = [begun];
      need = lengthAt(begun, 0);
      if (have < need) continue;
      have = 0;
      parts = [];
      walk(begun, 0);
      return taken;
    }
  }

  /** Returns where the first message begins that is not whole. */
  function walk(chunk: Buffer, from: number): number {
    let at = from;
    let passed = from;
    while (at + HEAD <= chunk.length) {
      const end = at + lengthAt(chunk, at);
      if (end > chunk.length) break;
      if (chunk[at] === DATA_ROW) {
        if (passed < at) pass(chunk.subarray(passed, at));
        onRow(chunk, at + HEAD);
        passed = end;
      }
      at = end;
    }
    if (passed < at) pass(chunk.subarray(passed, at));
    return at;
  }

  return {
    take(chunk: Buffer): void {
      const from = have > 0 ? complete(chunk) : 0;
      if (from === null) return;
      const at = walk(chunk, from);
      if (at === chunk.length) return;
      parts = [chunk.subarray(at)];
      have = chunk.length - at;
      need = have < HEAD ? HEAD : lengthAt(chunk, at);
    },
    rest: () => parts,
  };
}

/** Of a whole message. */
function lengthAt(bytes: Buffer, at: number): number {
  const length = bytes.readInt32BE(at + 1);
  if (!KINDS.has(bytes[at] ?? 0) || length < 4)
    throw new Error('the connection sent what is no message of PostgreSQL');
  return 1 + length;
}
