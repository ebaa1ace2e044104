import { randomFillSync } from 'node:crypto';

/**
 * UUID version 7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then 74 bits that tell ids of one
 * millisecond apart. Ids sort by time, so tables can be partitioned by them.
 */

const LARGEST_TIME = 2 ** 48 - 1;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A fresh id for something that happens now. */
export function newEventId(now: Date): string {
  return uuidFromTime(now.getTime(), freshBytes());
}

/** Drawn ahead: asking for ten bytes takes longer than making the whole id. No byte is given twice. */
const drawn = { bytes: new Uint8Array(4_000), given: 4_000 };

function freshBytes(): Uint8Array {
  if (drawn.given === drawn.bytes.length) {
    randomFillSync(drawn.bytes);
    drawn.given = 0;
  }
  return drawn.bytes.subarray(drawn.given, (drawn.given += 10));
}

/** Of the id that is being made: making bytes for each one takes longer than all else. */
const scratch = Buffer.alloc(16);

/**
 * The id of something known by another name, such as a Stripe event: the same time and hash always
 * give the same id. `hashBytes` needs at least 10 bytes; 74 of their bits are used.
 */
export function uuidFromTime(ms: number, hashBytes: Uint8Array): string {
  if (hashBytes.length < 10) throw new RangeError(`a uuid needs 10 bytes, got ${hashBytes.length}`);
  const bytes = scratch;
  bytes.writeUIntBE(checkedTime(ms), 0, 6);
  for (let at = 0; at < 10; at += 1) bytes[6 + at] = hashBytes[at] ?? 0;
  bytes[6] = 0x70 | (bytes.readUInt8(6) & 0x0f);
  bytes[8] = 0x80 | (bytes.readUInt8(8) & 0x3f);
  return format(bytes);
}

/** Whether something is a uuid as PostgreSQL prints it: in lower case. */
export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && UUID.test(text) && text === text.toLowerCase();
}

/** The milliseconds in an id. Throws a RangeError for what is no uuid of version 7. */
export function uuidTime(uuid: string): number {
  if (!UUID.test(uuid) || uuid[14] !== '7') throw new RangeError(`not a uuid of version 7: ${uuid}`);
  return Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16);
}

/**
 * The smallest value that sorts at or below every id of that millisecond: a bound for partitions and
 * range scans, not an id itself (its version bits are zero).
 */
export function uuidLowerBound(ms: number): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(checkedTime(ms), 0, 6);
  return format(bytes);
}

function checkedTime(ms: number): number {
  if (!Number.isInteger(ms) || ms < 0 || ms > LARGEST_TIME) {
    throw new RangeError(`not a time in whole milliseconds since 1970: ${ms}`);
  }
  return ms;
}

function format(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
