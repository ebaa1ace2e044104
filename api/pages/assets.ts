// Files that a page consists of, from our folder and from the npm packages of the readers. A file is read
// when it is first asked for, and kept: also packed, since the readers have a megabyte and more.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

export type Asset = {
  type: string;
  /** Hexadecimal; the same for the same bytes. */
  hash: string;
  bytes: Buffer;
  packed: Buffer;
};

export type Assets = {
  /** The names of all files. */
  names: ReadonlySet<string>;
  /** Rejects if the file cannot be read, and tries again with the next request. */
  read(name: string): Promise<Asset>;
};

const TYPES: Record<string, string> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
};

const pack = promisify(gzip);
const packages = createRequire(import.meta.url);

/**
 * By its name, a file of browser/ (`./page.css`) or of a package (`redoc/bundles/…`). `instead` puts one text
 * of the file in the place of another.
 */
export type Files = Readonly<Record<string, string | { from: string; instead: [text: string, by: string] }>>;

export function createAssets(files: Files): Assets {
  const known = new Map<string, Promise<Asset>>();
  return {
    names: new Set(Object.keys(files)),
    read(name) {
      const reading = known.get(name) ?? readAsset(files[name] ?? '');
      known.set(name, reading);
      reading.catch(() => known.delete(name));
      return reading;
    },
  };
}

async function readAsset(file: Files[string]): Promise<Asset> {
  const { from, instead } = typeof file === 'string' ? { from: file, instead: null } : file;
  const path = from.startsWith('./')
    ? fileURLToPath(new URL(`./browser/${from}`, import.meta.url))
    : packages.resolve(from);
  const whole = await readFile(path);
  const bytes = instead === null ? whole : Buffer.from(whole.toString('utf8').replaceAll(...instead));
  const packed = await pack(bytes);
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  return { type: TYPES[path.split('.').at(-1) ?? ''] ?? 'application/octet-stream', hash, bytes, packed };
}
