// CRC-32C (Castagnoli), the checksum of Kafka's record batches, eight bytes at a time: slicing-by-8 (Kounavis and
// Berry, "A systematic approach to building high performance software-based CRC generators", 2005). Three times as
// fast as byte by byte, with no native package that an image could lack.

/** The polynomial, its bits reversed. */
const POLYNOMIAL = 0x82f63b78;

/** TABLES[k][b]: the checksum of the byte b, followed by k bytes of zero. */
const TABLES: readonly Int32Array[] = makeTables();

function makeTables(): Int32Array[] {
  const tables = Array.from({ length: 8 }, () => new Int32Array(256));
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    at(tables, 0)[byte] = crc;
  }
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = at(tables, 0)[byte] ?? 0;
    for (let zeros = 1; zeros < 8; zeros += 1) {
      crc = (crc >>> 8) ^ (at(tables, 0)[crc & 0xff] ?? 0);
      at(tables, zeros)[byte] = crc;
    }
  }
  return tables;
}

function at(tables: readonly Int32Array[], index: number): Int32Array {
  const table = tables[index];
  if (table === undefined) throw new Error(`crc32c has no table ${index}`);
  return table;
}

const [T0, T1, T2, T3] = [at(TABLES, 0), at(TABLES, 1), at(TABLES, 2), at(TABLES, 3)] as const;
const [T4, T5, T6, T7] = [at(TABLES, 4), at(TABLES, 5), at(TABLES, 6), at(TABLES, 7)] as const;

/** Whether the bytes of a number of a typed array stand in memory with the lowest first. */
const LOWEST_FIRST = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** The checksum of the bytes, as an unsigned number of 32 bits. */
export function crc32c(bytes: Uint8Array): number {
  const { length, buffer, byteOffset } = bytes;
  let crc = -1;
  let index = 0;
  // Four bytes at a time can be read only where their place in memory is a multiple of four.
  for (; index < length && (byteOffset + index) % 4 !== 0; index += 1)
    crc = withByte(crc, value(bytes, index));
  const whole = (length - index) >> 2;
  const words = new Int32Array(buffer, whole === 0 ? 0 : byteOffset + index, whole);
  const pairs = words.length & ~1;
  for (let at = 0; at < pairs; at += 2) {
    crc ^= word(words, at);
    const next = word(words, at + 1);
    crc =
      value(T7, crc & 0xff) ^
      value(T6, (crc >>> 8) & 0xff) ^
      value(T5, (crc >>> 16) & 0xff) ^
      value(T4, crc >>> 24) ^
      value(T3, next & 0xff) ^
      value(T2, (next >>> 8) & 0xff) ^
      value(T1, (next >>> 16) & 0xff) ^
      value(T0, next >>> 24);
  }
  for (index += pairs * 4; index < length; index += 1) crc = withByte(crc, value(bytes, index));
  return ~crc >>> 0;
}

function withByte(crc: number, byte: number): number {
  return value(T0, (crc ^ byte) & 0xff) ^ (crc >>> 8);
}

/** Four bytes, the first in the lowest place. */
function word(words: Int32Array, at: number): number {
  const found = value(words, at);
  if (LOWEST_FIRST) return found;
  return (found >>> 24) | ((found >>> 8) & 0xff00) | ((found << 8) & 0xff0000) | (found << 24);
}

function value(list: Int32Array | Uint8Array, index: number): number {
  return list[index] ?? 0;
}
