// Why no credential could be had, as failures of the call that needed it, and in sentences for people.
import type { CredentialRow } from '../../db/credentials.ts';
import { settingPrefix } from '../config/systems.ts';
import { AppError } from '../errors.ts';
import type { Failure } from '../integrations/integration.ts';
import { ownFailure, RECONNECT } from '../integrations/own-failure.ts';

/** A call that was not made, or not again, for want of a credential. */
export class CredentialError extends AppError {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super('system_unreachable', { detail: failure.message, retryable: true });
    this.failure = failure;
  }
}

const SETTING = 'TWINBOX_SECRET_KEY';

export const MAKE_A_KEY = `${SETTING}: the key that encrypts the credentials of systems that change them; openssl rand -base64 32 makes one. Keep it: without it every account has to be connected again`;

/** For good, until a person does something: it opens the breaker, and no pair is to blame. */
function lasting(message: string): CredentialError {
  return new CredentialError({
    ...ownFailure({ kind: 'auth', code: RECONNECT, message, nothingHappened: true }),
    scope: 'account',
  });
}

export const reconnectBy = (system: string): string =>
  `connect the account again: npx twinbox credentials set ${system}`;

/** The system does not take what the settings say about us: a client's secret, say. */
export function settingsRefused(system: string, code: string): CredentialError {
  return lasting(
    `${system} refuses to give a credential for what its settings say (${code}): look at the settings that begin with ${settingPrefix(system)}`,
  );
}

export function noCredential(system: string): CredentialError {
  return lasting(`${system} has no credential yet: npx twinbox credentials set ${system}`);
}

export function refusedForGood(row: CredentialRow): CredentialError {
  return lasting(sayRefused(row));
}

export function sayRefused({ system, refusedAt, refusedWhy, cutOffAt }: CredentialRow): string {
  const since = refusedAt === null ? '' : ` since ${refusedAt.toISOString()}`;
  const cut =
    cutOffAt === null
      ? ''
      : ` (a renewal was cut off about ${cutOffAt.toISOString()}, before its answer was stored; ${system} no longer takes what it replaced)`;
  return `${system} has refused to renew our credential${since} (${refusedWhy ?? 'unknown'})${cut}: ${reconnectBy(system)}`;
}

export function cannotOpen(system: string, why: 'no_key' | 'not_authentic', key: string): CredentialError {
  return lasting(
    why === 'no_key'
      ? `the credential of ${system} is encrypted with the key ${key}, which is not in ${SETTING}: add that key after a comma and restart, or ${reconnectBy(system)}`
      : `the stored credential of ${system} is of another address, or was changed by hand, and is not used: ${reconnectBy(system)}`,
  );
}

/** For now: the call is tried again like any other that did not reach the system. */
export function notRenewed(
  system: string,
  { code, retryAfterMs, nothingHappened = true }: { code: string } & Partial<Failure>,
): CredentialError {
  const failure = ownFailure({
    kind: 'retry',
    code: 'credential_not_renewed',
    message: `the credential of ${system} could not be renewed now (${code}); it is tried again`,
    nothingHappened,
  });
  return new CredentialError({ ...failure, scope: 'system', retryAfterMs: retryAfterMs ?? null });
}
