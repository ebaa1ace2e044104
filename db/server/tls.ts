// What the address of the database says about encryption, in the terms of libpq, so that an address
// means the same here as in psql.
//
// The package pg reads these terms in its own way: it takes `require` for `verify-full`, and
// ignores a misspelt parameter and parameters that it does not know (`sslcrl`,
// `channel_binding=require`). So this file reads them, and pg gets the result. Nothing falls back
// to an unencrypted connection: `prefer` and `allow`, whose meaning that is, are refused, as is
// everything that cannot be done.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type ConnectionOptions } from 'node:tls';
import { DbError } from './errors.ts';

export type Encryption = {
  /**
   * The address without the parameters that were read here: pg would read them again in its own
   * way.
   */
  connectionString: string;
  /** Absent if the address says nothing about encryption. */
  ssl?: false | ConnectionOptions;
  sslnegotiation?: Negotiation;
};

type Negotiation = 'postgres' | 'direct';

const READ = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'sslpassword', 'sslnegotiation'] as const;

/** Parameters that may be ignored, because no connection becomes weaker without them. */
const PASSED_OVER = new Set([
  ...['sslcompression=0', 'sslsni=1', 'sslcertmode=allow', 'sslcertmode=disable'],
  ...['channel_binding=prefer', 'channel_binding=disable', 'gssencmode=prefer', 'gssencmode=disable'],
  ...[
    'ssl_min_protocol_version=TLSv1',
    'ssl_min_protocol_version=TLSv1.1',
    'ssl_min_protocol_version=TLSv1.2',
  ],
]);
const ABOUT_SAFETY = /ssl|tls|^channel_binding$|^gssencmode$|^require/i;

/** Throws `address_invalid`, with the parameter to fix, for a value that cannot be read or done. */
export function readEncryption(url: string): Encryption {
  const address = parseAddress(url);
  const parameters = address.searchParams;
  for (const [name, value] of [...parameters]) {
    if ((READ as readonly string[]).includes(name) || !ABOUT_SAFETY.test(name)) continue;
    if (!PASSED_OVER.has(`${name}=${value}`)) throw invalid(...whyRefused(name, value));
    parameters.delete(name);
  }
  // As in libpq, the last value counts.
  const given = Object.fromEntries(READ.map((name) => [name, parameters.getAll(name).at(-1)]));
  const { sslmode, sslnegotiation } = given;
  for (const name of READ) parameters.delete(name);
  if (sslmode === undefined) {
    const alone = READ.find((name) => given[name] !== undefined);
    if (alone) throw invalid(alone, 'has no meaning without sslmode. Add sslmode=verify-full');
    return { connectionString: url };
  }
  return {
    connectionString: address.href,
    ssl: sslOf(sslmode, given),
    ...(sslnegotiation === undefined ? {} : { sslnegotiation: negotiationOf(sslnegotiation, sslmode) }),
  };
}

function parseAddress(url: string): URL {
  const address = URL.parse(url);
  if (address) return address;
  throw new DbError(
    'address_invalid',
    'DATABASE_URL cannot be read: it must be postgresql://user:password@host:port/database with one host, and special characters in the ' +
      'password written as %40 for @, %2F for / and so on',
  );
}

type Given = Record<string, string | undefined>;

function sslOf(mode: string, given: Given): false | ConnectionOptions {
  const { sslrootcert } = given;
  switch (mode) {
    case 'disable':
      return false;
    case 'no-verify':
      return { ...clientOf(given), rejectUnauthorized: false };
    case 'require':
      // By libpq's rule, a file of authorities makes it verify-ca.
      if (sslrootcert === undefined) return { ...clientOf(given), rejectUnauthorized: false };
      return {
        ...clientOf(given),
        ...authoritiesOf(mode, sslrootcert),
        checkServerIdentity: () => undefined,
      };
    case 'verify-ca':
      return {
        ...clientOf(given),
        ...authoritiesOf(mode, sslrootcert),
        checkServerIdentity: () => undefined,
      };
    case 'verify-full':
      return { ...clientOf(given), ...authoritiesOf(mode, sslrootcert) };
    case 'prefer':
    case 'allow':
      throw invalid(
        `sslmode=${mode}`,
        `would fall back to an unencrypted connection without notice. ${MODES}`,
      );
    default:
      throw invalid(`sslmode=${mode}`, `is not known. ${MODES}`);
  }
}

const MODES =
  'Write sslmode=verify-full (encrypted and checked), verify-ca (the host name is not compared), require (encrypted, not checked) or disable';

/**
 * Without a file, or with `system`, the authorities that Node.js knows; then the host name must be
 * compared, since these authorities sign certificates for the owner of any name.
 */
function authoritiesOf(mode: string, path: string | undefined): ConnectionOptions {
  if (path === undefined || path === 'system') {
    if (mode === 'verify-full') return {};
    throw invalid(
      `sslmode=${mode}`,
      'without a file in sslrootcert would trust anyone who has a certificate for any name. Add sslrootcert=<file>, or write sslmode=verify-full',
    );
  }
  const ca = read('sslrootcert', path);
  attempt('sslrootcert', path, 'contains no certificate in PEM form', () => new X509Certificate(ca));
  return { ca };
}

function clientOf({ sslcert, sslkey, sslpassword }: Given): ConnectionOptions {
  if (sslcert === undefined && sslkey === undefined) return {};
  if (sslcert === undefined) throw invalid('sslkey', 'needs its certificate. Add sslcert=<file>');
  if (sslkey === undefined) throw invalid('sslcert', 'needs its key. Add sslkey=<file>');
  const client = {
    cert: read('sslcert', sslcert),
    key: read('sslkey', sslkey),
    ...(sslpassword === undefined ? {} : { passphrase: sslpassword }),
  };
  // Checked now and not at the first connection, where it would look like a fault of the server.
  attempt('sslcert and sslkey', `${sslcert}, ${sslkey}`, 'do not go together', () =>
    createSecureContext(client),
  );
  return client;
}

function negotiationOf(way: string, mode: string): Negotiation {
  if (way === 'postgres' || (way === 'direct' && mode !== 'disable')) return way;
  throw invalid(`sslnegotiation=${way}`, 'must be postgres, or direct with an sslmode that encrypts');
}

function read(name: string, path: string): string {
  return attempt(name, path, 'cannot be read', () => readFileSync(path, 'utf8'));
}

function attempt<T>(name: string, path: string, what: string, fn: () => T): T {
  try {
    return fn();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw invalid(name, `${what}${code}: ${path}`, cause);
  }
}

function whyRefused(name: string, value: string): [string, string] {
  if (name === 'ssl') return ['ssl', `is not a parameter of PostgreSQL. ${MODES}`];
  return [
    `${name}=${value}`,
    'demands something that Twinbox cannot do. Remove it; sslmode=verify-full protects the connection',
  ];
}

function invalid(parameter: string, why: string, cause?: unknown): DbError {
  const message = `${parameter} in DATABASE_URL ${why}`;
  return new DbError('address_invalid', message, cause === undefined ? undefined : { cause });
}
