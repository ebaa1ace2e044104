// The bytes of a file as text. What its encoding is, is read from the file where that is certain (a
// byte order mark, the zero bytes of UTF-16) or said by a person; anything else is UTF-8, and what
// is no UTF-8 is never guessed at.
import { TextDecoder } from 'node:util';
import { CliError, exit } from '../exit.ts';
import { findOtherKind, KIND_BYTES } from './file-kind.ts';

/** What stands in the text for bytes that are none in its encoding. */
export const UNREADABLE = '\ufffd';

/**
 * Texts as they come. `encoding` is a name that TextDecoder knows. Throws a CliError for a file
 * that is surely no CSV.
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
    if (other !== null) throw new CliError(exit.failed, other);
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
    if (head.length < KIND_BYTES) continue;
    decoder = begin(head);
    yield decoder.decode(head, { stream: true });
    head = null;
  }
  decoder ??= begin(head ?? Buffer.alloc(0));
  yield head === null ? decoder.decode() : decoder.decode(head);
}

/**
 * Bytes that a text takes in a file of this encoding; near enough for a progress bar where letters
 * vary in length.
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
 * How much of the beginning is looked at for zero bytes: mostly the header, whose names are Latin
 * letters.
 */
const SAMPLE_BYTES = 512;

function findEncoding(head: Buffer): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  const sample = head.subarray(0, SAMPLE_BYTES);
  const zeros = [0, 0];
  for (const [at, byte] of sample.entries()) if (byte === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros;
  // A text in UTF-8 has none at all; one of letters beyond Latin still has its separators and line ends.
  if ((even + odd) * 10 < sample.length) return 'utf-8';
  if (odd >= 4 * even) return 'utf-16le';
  if (even >= 4 * odd) return 'utf-16be';
  throw new CliError(
    exit.failed,
    'The file is no text: it is full of zero bytes. A CSV file is wanted, in UTF-8.',
  );
}
