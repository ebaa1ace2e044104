// Reads rows from NDJSON: each line is an object with the fields of a new customer. A fault affects only the
// line on which it is.
import type { RowFields } from '../../../db/entities/rows.ts';
import { pointerOf } from '../../catalogue/check.ts';
import { isShallow, LIMITS } from '../../catalogue/json.ts';
import { findRepeatedKey } from '../../catalogue/repeated-key.ts';
import type { Row } from './rows.ts';

/** The longest line, in bytes: as long as the body of one write of the API. */
export const MAX_LINE = 100_000;

const LINE_FEED = 0x0a;

/** Keeps no more than a line in memory, however long the line is. Lines without any value are no rows. */
export async function* readNdjson(chunks: AsyncIterable<string | Buffer>): AsyncGenerator<Row> {
  let line = 1;
  let parts: Buffer[] = [];
  let length = 0;

  function take(part: Buffer): void {
    length += part.length;
    if (length <= MAX_LINE) parts.push(part);
    else parts = [];
  }
  function end(): Row | null {
    const row = length > MAX_LINE ? tooLong() : toRow(Buffer.concat(parts), line === 1);
    const read = row && { line, bytes: length + 1, ...row };
    [parts, length, line] = [[], 0, line + 1];
    return read;
  }

  for await (const given of chunks) {
    const chunk: Buffer = typeof given === 'string' ? Buffer.from(given) : given;
    let at = 0;
    for (let next = chunk.indexOf(LINE_FEED); next !== -1; next = chunk.indexOf(LINE_FEED, at)) {
      take(chunk.subarray(at, next));
      at = next + 1;
      const row = end();
      if (row !== null) yield row;
    }
    if (at < chunk.length) take(chunk.subarray(at));
  }
  if (length === 0) return;
  const last = end();
  if (last !== null) yield last;
}

type Content = { values: RowFields } | { problem: string };

const tooLong = (): Content => ({
  problem: `is longer than ${MAX_LINE.toLocaleString('en-US')} bytes`,
});

function toRow(bytes: Buffer, isFirst: boolean): Content | null {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: !isFirst }).decode(bytes);
  } catch {
    return { problem: 'is not UTF-8' };
  }
  if (text.trim() === '') return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The message of the parser shows a part of the text, and so values.
    return { problem: 'is not JSON: write one object on each line' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { problem: 'must be a JSON object with the fields of one customer' };
  const repeated = findRepeatedKey(text);
  if (repeated) return { problem: `has ${pointerOf(repeated)} more than once` };
  const values = value as RowFields;
  // Deeper values are read, but no function that calls itself can go through them.
  const deep = Object.entries(values).find(([, given]) => !isShallow(given));
  if (deep) return { problem: `has ${pointerOf([deep[0]])}, which must be ${LIMITS.depth}` };
  return { values };
}
