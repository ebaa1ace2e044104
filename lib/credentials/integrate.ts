// The integration of a system, with its credential where that is minted or rotates. A system with a
// static one from its settings is given as it is.
import type { WhichCredential } from '../../db/credentials.ts';
import type { Db } from '../../db/server/connection.ts';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { Authorize } from '../integrations/auth.ts';
import type { SystemAccess } from '../integrations/definition.ts';
import type { Integration } from '../integrations/integration.ts';
import type { Measures, SentRequest } from '../measures.ts';
import { withoutSecrets } from '../redact.ts';
import { createKeeper } from './keeper.ts';
import { CredentialError, MAKE_A_KEY, noCredential } from './refusals.ts';
import type { CredentialLog } from './renewal.ts';

export interface CredentialParts {
  db: Db;
  clock: Clock;
  log: CredentialLog;
  /** Of TWINBOX_SECRET_KEY. */
  keys: readonly string[];
  which?: WhichCredential;
  measures?: Measures | undefined;
}

/** Throws `config_invalid` without a key, if the system needs one. */
export async function integrateWith(
  access: SystemAccess,
  instanceId: string,
  parts: CredentialParts,
): Promise<Integration> {
  const { auth, system } = access;
  const { measures } = parts;
  const sent = measures && ((request: SentRequest) => measures.requested(system.name, request));
  if (!auth) return access.integrate(instanceId, undefined, sent);
  return authorized(await access.integrate(instanceId, authorizeBy(access, parts), sent));
}

/** Nothing is called: no credential is read, and no key is needed. */
export function integrateOffline(access: SystemAccess, instanceId: string): Promise<Integration> {
  return access.integrate(instanceId, () => Promise.reject(noCredential(access.system.name)));
}

/** Undefined for a system whose credential is static. */
export function authorizeBy(access: SystemAccess, parts: CredentialParts): Authorize | undefined {
  const { auth, system } = access;
  if (!auth) return undefined;
  const { which = 'bound', ...deps } = parts;
  const missing = missingKey(access, parts.keys);
  if (missing !== null)
    throw new AppError('config_invalid', { detail: `${system.label} cannot be called without ${missing}.` });
  return createKeeper({ ...deps, which, system: system.name, auth }).authorize;
}

/** The setting that the credential of a system needs, for people; null if nothing is missing. */
export function missingKey({ auth }: SystemAccess, keys: readonly string[]): string | null {
  return auth && keys.length === 0 ? MAKE_A_KEY : null;
}

/** What is stored and logged of a failure contains no secret, whatever the system repeats in its answer. */
export function authorized(integration: Integration): Integration {
  return {
    ...integration,
    classify(error) {
      if (error instanceof CredentialError) return error.failure;
      const failure = integration.classify(error);
      return { ...failure, code: withoutSecrets(failure.code), message: withoutSecrets(failure.message) };
    },
  };
}
