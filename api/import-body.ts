// The body of an import: its type, its compression, and its bytes as they come. It is never whole in memory.
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Readable, Transform } from 'node:stream';
import type { Request } from 'express';
import { isEncoding } from '../lib/customers/import/encoding.ts';
import { Problem } from './problems.ts';

export type ImportBody = {
  format: 'csv' | 'ndjson';
  /** A name that TextDecoder knows; undefined if it is found in the file. */
  encoding: string | undefined;
  /** Read once. */
  chunks(): AsyncGenerator<Buffer>;
  /**
   * Breaks off `chunks`, and what is being decompressed for it. Throws away what still comes, so that the answer
   * arrives, and then cuts the connection.
   */
  discard(): void;
};

export const importTypes = ['text/csv', 'application/x-ndjson'] as const;

const FORMATS: Readonly<Record<string, ImportBody['format']>> = {
  'text/csv': 'csv',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
};

const DECODERS: Readonly<Record<string, (() => Transform) | null>> = {
  identity: null,
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** How long a client that still sends may go on, so that it has the time to read the answer. */
const DISCARD_MS = 1_000;

/** Throws the Problem of a body that is none, or whose type is not taken. */
export function importBodyOf(req: Request): ImportBody {
  const { format, encoding } = demandType(req);
  const create = demandCoding(req);
  if (req.headers['transfer-encoding'] === undefined && Number(req.headers['content-length'] ?? 0) === 0)
    throw new Problem('malformed_body', 'The body is empty. Send the rows of the customers in it.');
  const reading: Reading = { stopped: false, decoder: undefined };
  return {
    ...{ format, encoding },
    chunks() {
      reading.decoder = create?.();
      return chunksOf(req, reading);
    },
    discard() {
      reading.stopped = true;
      req.unpipe();
      // A small body may hold gigabytes: without its end they would still be decompressed.
      reading.decoder?.destroy();
      if (req.complete) return;
      req.on('readable', () => {
        while (req.read() !== null);
      });
      const cut = setTimeout(() => req.socket.destroy(), DISCARD_MS);
      req.once('end', () => clearTimeout(cut)).once('close', () => clearTimeout(cut));
    },
  };
}

function demandType(req: Request): Pick<ImportBody, 'format' | 'encoding'> {
  const [type = '', ...parameters] = (req.get('Content-Type') ?? '').toLowerCase().split(';');
  const format = FORMATS[type.trim()];
  const [, encoding] = /(?:^|;)\s*charset\s*=\s*"?([^";\s]+)"?/.exec(parameters.join(';')) ?? [];
  const isKnown = encoding === undefined || (isEncoding(encoding) && (format === 'csv' || isUtf8(encoding)));
  if (format !== undefined && isKnown) return { format, encoding: format === 'csv' ? encoding : undefined };
  const detail =
    format === undefined
      ? `Send the rows as ${importTypes.join(' or ')}.`
      : format === 'csv'
        ? 'The charset is not known. Send UTF-8, or name an encoding such as windows-1252.'
        : 'NDJSON is always UTF-8.';
  throw new Problem('unsupported_media_type', detail, { headers: { 'Accept-Post': importTypes.join(', ') } });
}

const isUtf8 = (encoding: string): boolean => new TextDecoder(encoding).encoding === 'utf-8';

function demandCoding(req: Request): (() => Transform) | null {
  const coding = (req.get('Content-Encoding') ?? 'identity').trim().toLowerCase();
  const decoder = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined;
  if (decoder !== undefined) return decoder;
  throw new Problem('unsupported_media_type', 'Send the body uncompressed, or with gzip, deflate or br.');
}

/** How far the reading of a body is. */
type Reading = { stopped: boolean; decoder: Transform | undefined };

/** Does not end the request when its reader leaves, which would end the connection before the answer. */
async function* chunksOf(req: Request, reading: Reading): AsyncGenerator<Buffer> {
  const { decoder } = reading;
  const stream = decoder === undefined ? req : decoded(req, decoder);
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
      for (const piece of piecesOf(chunk as Buffer)) {
        if (reading.stopped) break;
        yield piece;
        await new Promise((resolve) => void setImmediate(resolve));
      }
      if (reading.stopped) break;
    }
    // Not an end: what is read of a body whose end is missing is no file.
    if (reading.stopped) throw new Error('this body was thrown away');
  } catch (cause) {
    if (reading.stopped || !isOfCompression(cause)) throw cause;
    throw new Problem('malformed_body', 'The compressed body is damaged, or its end is missing.', { cause });
  }
}

/**
 * So many bytes are read in one turn of the event loop: a chunk of 64 KiB may be 64,000 lines without a row, and
 * no other request would be answered while they are read.
 */
const PIECE = 8_192;

function* piecesOf(chunk: Buffer): Generator<Buffer> {
  for (let at = 0; at < chunk.length; at += PIECE) yield chunk.subarray(at, at + PIECE);
}

function decoded(req: Request, decoder: Transform): Readable {
  req.once('error', (error) => decoder.destroy(error));
  return req.pipe(decoder);
}

function isOfCompression(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(Z_|ERR__?BROTLI|ERR_)/.test(String(error.code));
}
