// Decodes the bytes of a file to text. The encoding is read from the file if it is certain (by a
// BOM, or by the zero bytes of UTF-16), or a person names it. Every other file is read as UTF-8; no
// encoding is guessed.
import { TextDecoder } from 'node:util';
import { findOtherKind, isPlainLine, KIND_BYTES } from './file-kind.ts';
import { UnreadableFile } from './unreadable.ts';

/** The character that the decoder writes in place of bytes that are invalid in the encoding. */
export const UNREADABLE = '\ufffd';

/**
 * Decodes a stream. `encoding` is a name that TextDecoder knows. Throws UnreadableFile for a
 * file that is certainly not CSV.
 */
export async function* decodeText(
  input: AsyncIterable<string | Buffer>,
  encoding: string | undefined,
  onEncoding: (encoding: string) => void,
): AsyncGenerator<string> {
  let head: Buffer | null = Buffer.alloc(0);
  let decoder: TextDecoder | undefined;
  const begin = (bytes: Buffer): TextDecoder => {
    const other = findOtherKind(bytes);
    if (other !== null) throw new UnreadableFile(other);
    const begun = new TextDecoder(encoding ?? findEncoding(bytes));
    onEncoding(begun.encoding);
    return begun;
  };
  for await (const chunk of input) {
    const bytes: Buffer = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    if (head === null) {
      yield decoder?.decode(bytes, { stream: true }) ?? '';
      continue;
    }
    head = Buffer.concat([head, bytes]);
    if (head.length < KIND_BYTES && !isPlainLine(head)) continue;
    decoder = begin(head);
    yield decoder.decode(head, { stream: true });
    head = null;
  }
  decoder ??= begin(head ?? Buffer.alloc(0));
  yield head === null ? decoder.decode() : decoder.decode(head);
}

/**
 * The number of bytes of a text in a file of this encoding; an estimate, good enough for a progress
 * bar, if characters vary in length.
 */
export function byteLength(text: string, encoding: string): number {
  if (encoding === 'utf-8') return Buffer.byteLength(text);
  return encoding.startsWith('utf-16') ? text.length * 2 : text.length;
}

export function isEncoding(name: string): boolean {
  try {
    return new TextDecoder(name).encoding !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/**
 * How many bytes at the beginning are searched for zero bytes: mostly those of the header, whose
 * names are in Latin letters.
 */
const SAMPLE_BYTES = 512;

function findEncoding(head: Buffer): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  const sample = head.subarray(0, SAMPLE_BYTES);
  const zeros = [0, 0];
  for (const [at, byte] of sample.entries()) if (byte === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros;
  // UTF-8 text has no zero bytes. UTF-16 has them also in other scripts, in separators and line
  // ends.
  if ((even + odd) * 10 < sample.length) return 'utf-8';
  if (odd >= 4 * even) return 'utf-16le';
  if (even >= 4 * odd) return 'utf-16be';
  throw new UnreadableFile('The file is not text: it has many zero bytes. Give a CSV file in UTF-8.');
}
