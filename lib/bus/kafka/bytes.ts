// A buffer that grows, into which a request is written once, from its first byte to its last. kafkajs makes a
// buffer of 512 zeros for every record and every header, and copies each into the next.
//
// Numbers are big-endian and varints are zigzag, as in https://kafka.apache.org/protocol#protocol_types.

/** A longer text is written by Node's own function: its call costs as much as 40 turns of a loop. */
const SHORT = 40;

/** The most that a varint of 32 bits takes. */
const VARINT = 5;

export type Bytes = ReturnType<typeof createBytes>;

export function createBytes(capacity = 65_536) {
  let buffer = Buffer.allocUnsafeSlow(capacity);
  let at = 0;

  function ensure(more: number): void {
    if (at + more <= buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, at + more));
    buffer.copy(larger, 0, 0, at);
    buffer = larger;
  }

  function varint(value: number): void {
    ensure(VARINT);
    let rest = zigzag(value);
    while (rest > 0x7f) {
      buffer[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[at++] = rest;
  }

  /**
   * Puts the length of what was written since `start` before it. So many bytes were left `free` for the length
   * there; if it needs another number of them, what follows is moved.
   */
  function putLength(start: number, free: number): void {
    const length = at - start - free;
    const size = sizeOfVarint(length);
    if (size !== free) {
      ensure(VARINT);
      buffer.copyWithin(start + size, start + free, at);
    }
    at = start;
    varint(length);
    at = start + size + length;
  }

  /** Writes the text if it is of ASCII only; otherwise nothing. */
  function ascii(value: string): boolean {
    const { length } = value;
    for (let index = 0; index < length; index += 1) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) return false;
      buffer[at + index] = code;
    }
    at += length;
    return true;
  }

  return {
    clear: () => void (at = 0),
    length: () => at,
    capacity: () => buffer.length,
    /** The bytes from `from` to `to`, without a copy: they are valid until the next write. */
    slice: (from: number, to: number): Buffer => buffer.subarray(from, to),
    int8(value: number): void {
      ensure(1);
      buffer[at++] = value;
    },
    int16(value: number): void {
      ensure(2);
      at = buffer.writeInt16BE(value, at);
    },
    int32(value: number): void {
      ensure(4);
      at = buffer.writeInt32BE(value, at);
    },
    int64(value: number): void {
      ensure(8);
      at = buffer.writeBigInt64BE(BigInt(value), at);
    },
    varint,
    /** A text behind its length in 16 bits. */
    string(value: string): void {
      ensure(2 + value.length * 3);
      const written = buffer.write(value, at + 2, 'utf8');
      at = buffer.writeInt16BE(written, at) + written;
    },
    /** A text behind its length as a varint. */
    text(value: string): void {
      const { length } = value;
      // A character of JavaScript takes three bytes at most.
      ensure(VARINT + length * 3);
      const start = at;
      const free = sizeOfVarint(length);
      at += free;
      if (length > SHORT || !ascii(value)) at += buffer.write(value, at, 'utf8');
      putLength(start, free);
    },
    /** What `write` writes, behind its length as a varint. `expected`: about how long that is. */
    measured(expected: number, write: () => void): void {
      ensure(VARINT);
      const start = at;
      const free = sizeOfVarint(expected);
      at += free;
      write();
      putLength(start, free);
    },
    /** Skips four bytes, whose value is known later. Returns their place. */
    skip32(): number {
      ensure(4);
      at += 4;
      return at - 4;
    },
    put32: (value: number, place: number): void => void buffer.writeUInt32BE(value >>> 0, place),
  };
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
