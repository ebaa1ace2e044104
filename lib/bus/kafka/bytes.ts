// A buffer that grows, into which a request is written once, from its first byte to its last. kafkajs makes a
// buffer of 512 zeros for every record and every header, and copies each into the next.
//
// Numbers are big-endian and varints are zigzag, as in https://kafka.apache.org/protocol#protocol_types.

/** `at`: where the next byte goes. */
export type Bytes = { buffer: Buffer; at: number };

/** A longer text is written by Node's own function: its call costs as much as 40 turns of a loop. */
const SHORT = 40;

/** The most that a varint of 32 bits takes. */
const VARINT = 5;

export function createBytes(capacity = 65_536): Bytes {
  return { buffer: Buffer.allocUnsafeSlow(capacity), at: 0 };
}

function ensure(bytes: Bytes, more: number): void {
  const { buffer, at } = bytes;
  if (at + more <= buffer.length) return;
  const larger = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, at + more));
  buffer.copy(larger, 0, 0, at);
  bytes.buffer = larger;
}

export function int8(bytes: Bytes, value: number): void {
  ensure(bytes, 1);
  bytes.buffer[bytes.at++] = value;
}

export function int16(bytes: Bytes, value: number): void {
  ensure(bytes, 2);
  bytes.at = bytes.buffer.writeInt16BE(value, bytes.at);
}

export function int32(bytes: Bytes, value: number): void {
  ensure(bytes, 4);
  bytes.at = bytes.buffer.writeInt32BE(value, bytes.at);
}

export function int64(bytes: Bytes, value: number): void {
  ensure(bytes, 8);
  bytes.at = bytes.buffer.writeBigInt64BE(BigInt(value), bytes.at);
}

/** Keeps four bytes free, whose value is known later (put32). Returns their place. */
export function skip32(bytes: Bytes): number {
  ensure(bytes, 4);
  bytes.at += 4;
  return bytes.at - 4;
}

export function put32(bytes: Bytes, value: number, place: number): void {
  bytes.buffer.writeUInt32BE(value, place);
}

export function varint(bytes: Bytes, value: number): void {
  ensure(bytes, VARINT);
  const { buffer } = bytes;
  let rest = zigzag(value);
  while (rest > 0x7f) {
    buffer[bytes.at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buffer[bytes.at++] = rest;
}

/** A text behind its length in 16 bits. */
export function string(bytes: Bytes, value: string): void {
  // A character of JavaScript takes three bytes at most.
  ensure(bytes, 2 + value.length * 3);
  const written = bytes.buffer.write(value, bytes.at + 2, 'utf8');
  bytes.at = bytes.buffer.writeInt16BE(written, bytes.at) + written;
}

const NOTHING = new Uint8Array();

/** A text, and the bytes that follow it, behind the length of both as a varint. */
export function text(bytes: Bytes, value: string, rest: Uint8Array = NOTHING): void {
  const { length } = value;
  ensure(bytes, VARINT + length * 3 + rest.length);
  const start = bytes.at;
  const free = sizeOfVarint(length + rest.length);
  bytes.at += free;
  if (length > SHORT || !ascii(bytes, value)) bytes.at += bytes.buffer.write(value, bytes.at, 'utf8');
  if (rest.length > 0) {
    bytes.buffer.set(rest, bytes.at);
    bytes.at += rest.length;
  }
  putLength(bytes, start, free);
}

/** Keeps free what the length of the next bytes takes as a varint, if there are about so many. Returns how much that is. */
export function skipLength(bytes: Bytes, expected: number): number {
  ensure(bytes, VARINT);
  const free = sizeOfVarint(expected);
  bytes.at += free;
  return free;
}

/**
 * Puts the length of what was written since `start` before it. So many bytes were left `free` for the length
 * there; if it needs another number of them, what follows is moved.
 */
export function putLength(bytes: Bytes, start: number, free: number): void {
  const length = bytes.at - start - free;
  const size = sizeOfVarint(length);
  if (size !== free) {
    ensure(bytes, VARINT);
    bytes.buffer.copyWithin(start + size, start + free, bytes.at);
  }
  bytes.at = start;
  varint(bytes, length);
  bytes.at = start + size + length;
}

/** Writes the text if it is of ASCII only; otherwise nothing. */
function ascii(bytes: Bytes, value: string): boolean {
  const { buffer, at } = bytes;
  const { length } = value;
  for (let index = 0; index < length; index += 1) {
    const code = value.charCodeAt(index);
    if (code > 0x7f) return false;
    buffer[at + index] = code;
  }
  bytes.at += length;
  return true;
}

function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}

function sizeOfVarint(value: number): number {
  const rest = zigzag(value);
  if (rest < 0x80) return 1;
  if (rest < 0x4000) return 2;
  if (rest < 0x20_0000) return 3;
  return rest < 0x1000_0000 ? 4 : VARINT;
}
