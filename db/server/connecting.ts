// Explains why a connection could not be made, so that a person can fix it. Only this code knows
// that the error came from connecting: pg gives several of these errors no code, and Node's errors
// for certificates do not mention DATABASE_URL.
import { isPoolTimeout } from './drivers.ts';
import { DbError, sqlState } from './errors.ts';
import { describeNoTransactions } from './transactions.ts';

/** Errors of PostgreSQL or the network that are clear by themselves stay as they are. */
export function asConnectingError(error: unknown, url: string): unknown {
  if (!(error instanceof Error) || error instanceof DbError) return error;
  const state = sqlState(error);
  if (state !== undefined) return KNOWN.test(state) ? error : refused(error, state);
  const code = 'code' in error ? String(error.code) : null;
  if (code !== null) return OF_TLS.test(code) ? refusedTls(error, code, url) : error;
  // pg has no code for this error; test/db/server/tls.test.ts fails when its text changes.
  if (error.message === 'The server does not support SSL connections') return hasNoTls(error, url);
  return new DbError(
    'unreachable',
    `no connection to the database: ${error.message}. Check the host and port in DATABASE_URL, and the network between`,
    { cause: error },
  );
}

/**
 * By class and by state: the errors that db/health/readiness.ts does not count as faults. Any other
 * answer to a connection is a refusal as well.
 */
const KNOWN = /^(08|28|3D|53|57|58)...$|^(25006|55P03)$/;

/**
 * Such as a database that accepts no connections (55000), a missing right (42501), an option that
 * the server does not know (42704).
 */
function refused(cause: Error, state: string): DbError {
  const says = `the database refuses us: ${cause.message} (${state})`;
  return new DbError('refused', `${says}. Fix DATABASE_URL, or the cause that the server names`, { cause });
}

/**
 * Why the server cannot be reached, for an administrator: in the server's own text if it gave one.
 * `fix` says how to fix it, as a sentence.
 */
export function describeAway(error: unknown): { says: string; fix: string } {
  const untransacted = describeNoTransactions(error);
  if (untransacted !== null) return untransacted;
  const state = sqlState(error);
  if (error instanceof Error && state !== undefined) {
    // knex puts its statement before the server's text.
    const text = error.message.slice(error.message.lastIndexOf(' - ') + 1).replace(/^- /, '');
    return { says: `the database answers: ${text} (${state})`, fix: fixOf(state, text) };
  }
  if (error instanceof DbError) return { says: error.message, fix: '' };
  if (isPoolTimeout(error))
    return {
      says: 'no connection to the database became free in time',
      fix: 'Set DATABASE_POOL_SIZE higher, or look at what holds the locks that others wait for.',
    };
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  return { says: `the database does not answer${code}`, fix: 'Start it, or fix DATABASE_URL.' };
}

function fixOf(state: string, text: string): string {
  // The only error of a pooler that has no state of its own; test/db/pooler.test.ts fails when its
  // text changes.
  if (text.includes('startup parameter'))
    return 'Remove the parameter from DATABASE_URL, or name it in ignore_startup_parameters of the pooler (docs/pooler.md).';
  if (state.startsWith('08'))
    return 'Look at the log of the database, and at the log of a pooler before it (docs/pooler.md).';
  if (state === '53300')
    return 'Lower DATABASE_POOL_SIZE, which counts for each process, or raise max_connections.';
  if (state === '25006') return 'Set DATABASE_URL to a server that accepts writes.';
  return 'Wait for the database, or look at its log.';
}

/**
 * Node's codes for errors of X.509 and TLS (nodejs.org/api/tls.html, "X509 certificate error
 * codes").
 */
const OF_TLS =
  /CERT|_CRL|^INVALID_(CA|PURPOSE)$|^PATH_LENGTH_EXCEEDED$|^HOSTNAME_MISMATCH$|^ERR_(TLS|SSL|OSSL)_|^EPROTO$/;

function hasNoTls(cause: Error, url: string): DbError {
  const { host, mode } = partsOf(url);
  return new DbError(
    'tls_refused',
    `the PostgreSQL at ${host} does not offer TLS, and sslmode=${mode} in DATABASE_URL demands it: turn ssl on in its configuration. Only in a ` +
      'network without eavesdroppers: sslmode=disable',
    { cause },
  );
}

function refusedTls(cause: Error, code: string, url: string): DbError {
  const { host, mode, authorities } = partsOf(url);
  const why = `the PostgreSQL at ${host} is not trusted (${code})`;
  const refusal = (text: string) => new DbError('tls_refused', `${why}: ${text}`, { cause });
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code === 'HOSTNAME_MISMATCH')
    return refusal(
      'its certificate is for another name. Fix the host in DATABASE_URL, or give the server a certificate for it. ' +
        'sslmode=verify-ca does not compare the name',
    );
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return refusal('its certificate is not valid today. Renew it, and look at the clock of this machine');
  if (UNKNOWN_SIGNER.has(code))
    return refusal(
      `its certificate is not signed by ${authorities}. Set sslrootcert in DATABASE_URL to a file with the authority that signed it`,
    );
  return new DbError(
    'tls_refused',
    `no TLS connection with the PostgreSQL at ${host} (${code}): ${cause.message}. Look at sslmode=${mode} in DATABASE_URL and what goes ` +
      'with it (sslcert, sslkey), and at the log of the server',
    { cause },
  );
}

const UNKNOWN_SIGNER = new Set([
  ...['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'CERT_UNTRUSTED', 'CERT_SIGNATURE_FAILURE'],
  ...['UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
]);

function partsOf(url: string): { host: string; mode: string; authorities: string } {
  const { host, searchParams } = new URL(url);
  const file = searchParams.get('sslrootcert') ?? 'system';
  return {
    host: searchParams.get('host') ?? host,
    mode: searchParams.get('sslmode') ?? 'verify-full (by PGSSLMODE)',
    authorities: file === 'system' ? 'an authority that Node.js knows' : `an authority in ${file}`,
  };
}
