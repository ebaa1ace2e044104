// A row of a page, from the bytes of PostgreSQL's text format, or from the values that pg has made of it. The payload
// stays as it came: the relay copies it into the record, and nothing on its way reads it.
import { DbError } from '../server/errors.ts';

/** A row of sync_events, in the form that lib/events/envelope.ts needs. */
export type PageRow = {
  id: number;
  eventId: string;
  eventType: string;
  entityKey: string;
  version: number | null;
  source: string;
  /** The text of a JSON object, in UTF-8. */
  payload: Buffer;
  createdAt: number;
  trace: string | null;
};

/** The columns of RawRow, for a row of sync_events with the alias `event`. */
export const pageColumns = (event: string): string => `
  ${event}.id, ${event}.event_id, ${event}.event_type, ${event}.entity_key, ${event}.version, ${event}.source, ${event}.payload::text,
  floor(extract(epoch from ${event}.created_at) * 1000)::bigint, ${event}.context ->> 'trace'`;

/** The payload is a text where pg has read the row. */
export type RawRow = [
  id: number,
  eventId: string,
  eventType: string,
  entityKey: string,
  version: number | null,
  source: string,
  payload: string | Buffer,
  createdAt: number,
  trace: string | null,
];

/** The greatest time of JavaScript, before and after 1970. */
const FURTHEST_MS = 8.64e15;
const BRACE = '{'.charCodeAt(0);

/** Throws for values that lib/events/envelope.ts cannot write: an impossible time, a payload of another type. */
export function toPageRow(row: RawRow): PageRow {
  // By index: taking an array apart makes an object for each of its places, until the function is compiled.
  const text = row[6];
  const payload = typeof text === 'string' ? Buffer.from(text) : text;
  if (Math.abs(row[7]) > FURTHEST_MS)
    throw new DbError('unreadable_row', `sync_events ${row[0]} has no time`);
  if (payload[0] !== BRACE)
    throw new DbError('unreadable_row', `the payload of sync_events ${row[0]} is not an object`);
  return {
    id: row[0],
    eventId: row[1],
    eventType: row[2],
    entityKey: row[3],
    version: row[4],
    source: row[5],
    payload,
    createdAt: row[7],
    trace: row[8],
  };
}

/** Where the next field of a row begins. */
type Fields = { readonly bytes: Buffer; at: number };

const COUNT = 2;
const MINUS = '-'.charCodeAt(0);
const ZERO = '0'.charCodeAt(0);

const readType = rarelyOther();
const readSource = rarelyOther();

/** The row that stands at `at` (db/server/raw-rows.ts), with the columns of pageColumns. */
export function readRow(bytes: Buffer, at: number): RawRow {
  const fields = { bytes, at: at + COUNT };
  return [
    readNumber(fields),
    readText(fields),
    readType(fields),
    readText(fields),
    readNumber(fields),
    readSource(fields),
    readBytes(fields),
    readNumber(fields),
    readText(fields),
  ] as RawRow;
}

/** The length of the field; null for a field that is null. */
function readLength(fields: Fields): number | null {
  const length = fields.bytes.readInt32BE(fields.at);
  fields.at += 4;
  return length < 0 ? null : length;
}

function readBytes(fields: Fields): Buffer | null {
  const length = readLength(fields);
  return length === null ? null : fields.bytes.subarray(fields.at, (fields.at += length));
}

function readText(fields: Fields): string | null {
  const length = readLength(fields);
  return length === null ? null : fields.bytes.toString('utf8', fields.at, (fields.at += length));
}

/** For a column that mostly has the same value as in the row before: that text is used again. */
function rarelyOther(): (fields: Fields) => string | null {
  let last = '';
  return (fields) => {
    const { bytes, at } = fields;
    const length = bytes.readInt32BE(at);
    if (length !== last.length || !isAscii(bytes, at + 4, last)) return (last = readText(fields) ?? '');
    fields.at += 4 + length;
    return last;
  };
}

/** Whether the text is these bytes; false for one that is not of ASCII, whose characters are not its bytes. */
function isAscii(bytes: Buffer, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 0x7f || bytes[at + index] !== code) return false;
  }
  return true;
}

/** As db/server/connection.ts reads a bigint. */
function readNumber(fields: Fields): number | null {
  const length = readLength(fields);
  if (length === null) return null;
  const { bytes, at } = fields;
  fields.at += length;
  let value = 0;
  const isNegative = bytes[at] === MINUS;
  for (let index = isNegative ? 1 : 0; index < length; index += 1)
    value = value * 10 + (bytes[at + index] ?? 0) - ZERO;
  if (!Number.isSafeInteger(value)) {
    const text = bytes.toString('latin1', at, at + length);
    throw new DbError('unsafe_integer', `the bigint ${text} cannot be held exactly by a JavaScript number`);
  }
  return isNegative ? -value : value;
}
