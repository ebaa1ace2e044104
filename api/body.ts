// Reads a JSON body. Each route that takes JSON has its own parser, and the app as a whole has
// none, because a webhook needs the raw bytes.

import express, { type Request, type RequestHandler } from 'express';
import { pointerOf } from '../lib/catalogue/check.ts';
import { Problem } from './problems.ts';
import { findRepeatedKey } from '../lib/catalogue/repeated-key.ts';

export const BODY_LIMIT = 100_000;

/**
 * Sets req.body to the parsed JSON, of whatever type. Refuses a body that is not JSON in UTF-8, and
 * a key that an object has twice.
 */
export function readJson(types: readonly string[] = ['application/json']): RequestHandler[] {
  return [
    (req, _res, next) => {
      demandJson(req, types);
      next();
    },
    readBytes(BODY_LIMIT),
    (req, _res, next) => {
      if (Buffer.isBuffer(req.body)) bytes.set(req, req.body);
      req.body = parseJson(req.body);
      next();
    },
  ];
}

/**
 * Sets req.body to the bytes of the body, uncompressed, as express.raw does: it reads those that are compressed, whose
 * length is not known, or that are too long. The others are read without the checks that only they need.
 */
export function readBytes(limit: number): RequestHandler {
  const readAny = express.raw({ type: () => true, limit });
  return (req, res, next) => {
    const { 'content-length': length, 'content-encoding': encoding } = req.headers;
    if (length === undefined || Number(length) > limit || encoding !== undefined) {
      readAny(req, res, next);
      return;
    }
    const parts: Buffer[] = [];
    req.on('data', (part: Buffer) => parts.push(part));
    // A client that leaves before the end gets no answer: there is no end then.
    req.on('end', () => {
      const [only] = parts;
      req.body = only && parts.length === 1 ? only : Buffer.concat(parts);
      next();
    });
  };
}

/** As readJson, where a body may be left out: req.body is an empty object then. */
export function readJsonIfAny(): RequestHandler[] {
  return readJson().map((read): RequestHandler => {
    return (req, res, next) => {
      if (hasBody(req)) return read(req, res, next);
      req.body = {};
      next();
    };
  });
}

const bytes = new WeakMap<Request, Buffer>();

/** The bytes of the body that readJson has read, uncompressed; none if the route reads no body. */
export function bytesOf(req: Request): Buffer {
  return bytes.get(req) ?? Buffer.alloc(0);
}

function demandJson(req: Request, types: readonly string[]): void {
  if (!hasBody(req)) {
    throw new Problem('malformed_json', 'The body is empty; a JSON object is needed.');
  }
  const [type = '', ...parameters] = (req.get('Content-Type') ?? '').toLowerCase().split(';');
  const charset = parameters.map((each) => each.trim()).find((each) => each.startsWith('charset='));
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  if (types.includes(type.trim()) && isUtf8) return;
  const headers =
    req.method === 'PATCH' ? { 'Accept-Patch': types.join(', ') } : { 'Accept-Post': types.join(', ') };
  throw new Problem('unsupported_media_type', `Send the body as ${types.join(' or ')}, in UTF-8.`, {
    headers,
  });
}

function hasBody(req: Request): boolean {
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

// JSON.parse makes "__proto__" an own key like any other, and does not recurse, so depth is
// harmless.
function parseJson(bytes: unknown): unknown {
  if (!Buffer.isBuffer(bytes) || bytes.length === 0) {
    throw new Problem('malformed_json', 'The body is empty; a JSON object is needed.');
  }
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (cause) {
    throw new Problem('malformed_json', 'The body is not UTF-8.', { cause });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : '';
    throw new Problem('malformed_json', `The body cannot be read as JSON: ${reason}`, { cause });
  }
  const repeated = findRepeatedKey(text);
  if (repeated) throw givenTwice(pointerOf(repeated));
  return value;
}

function givenTwice(pointer: string): Problem {
  const detail = 'is given more than once; give it once';
  return new Problem('invalid_request', `body ${pointer} ${detail}.`, {
    errors: [{ in: 'body', pointer, code: 'duplicate', detail }],
  });
}
