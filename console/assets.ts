// The stylesheet and the script: read when they are first asked for. An address with the hash never has other
// bytes, so a browser keeps it.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const FILES = {
  'console.css': 'text/css; charset=utf-8',
  'live.js': 'text/javascript; charset=utf-8',
  'keys.js': 'text/javascript; charset=utf-8',
} as const;

type Name = keyof typeof FILES;
type Asset = { type: string; hash: string; bytes: Buffer<ArrayBuffer>; packed: Buffer<ArrayBuffer> };

const pack = promisify(gzip);

export function createAssets() {
  const known = new Map<Name, Promise<Asset>>();

  function read(name: Name): Promise<Asset> {
    const reading = known.get(name) ?? load(name);
    known.set(name, reading);
    reading.catch(() => known.delete(name));
    return reading;
  }

  return {
    async addresses(): Promise<{ css: string; js: string[] }> {
      const address = async (name: Name) => `/console/${name}?v=${(await read(name)).hash}`;
      const [css, ...js] = await Promise.all([
        address('console.css'),
        address('live.js'),
        address('keys.js'),
      ]);
      return { css, js };
    },
    /** Null if there is no such file. */
    async answer(request: Request, name: string): Promise<Response | null> {
      if (!Object.hasOwn(FILES, name)) return null;
      const { type, hash, bytes, packed } = await read(name as Name);
      const isExact = new URL(request.url).searchParams.get('v') === hash;
      const isPacked = /\bgzip\b/.test(request.headers.get('Accept-Encoding') ?? '');
      const headers = {
        'Content-Type': type,
        'Cache-Control': isExact ? 'public, max-age=31536000, immutable' : 'no-cache',
        Vary: 'Accept-Encoding',
        ...(isPacked && { 'Content-Encoding': 'gzip' }),
      };
      return new Response(isPacked ? packed : bytes, { headers });
    },
  };
}

async function load(name: Name): Promise<Asset> {
  const bytes = await readFile(new URL(name, import.meta.url));
  const packed = await pack(bytes);
  return {
    type: FILES[name],
    hash: createHash('sha256').update(bytes).digest('hex').slice(0, 16),
    bytes,
    packed: Buffer.from(packed),
  };
}
