// How the first credential of a rotating system comes in, and how one comes in that takes the place of
// a dead one. What a person gives is stored before it is used, since its first renewal may replace it; it
// is used for nothing but the question whose it is, until that is known. So a credential of a wrong
// account never reaches a worker.
//
// What a death leaves behind: before the account is known, a row that only `finishCredential` uses;
// afterwards, the row of the account, complete.
import { readConnection } from '../../db/connections.ts';
import { dropNewCredential, nameCredential, setCredential } from '../../db/credentials.ts';
import { recordAction } from '../../db/operator-actions.ts';
import { withTransaction } from '../../db/server/connection.ts';
import { integrateWith, type CredentialParts } from '../credentials/integrate.ts';
import { aboutOf } from '../credentials/renewal.ts';
import { seal } from '../credentials/seal.ts';
import type { SystemAccess } from '../integrations/definition.ts';
import type { Failure } from '../integrations/integration.ts';
import { RECONNECT } from '../integrations/own-failure.ts';
import { rememberSecrets } from '../redact.ts';

export type SetResult =
  | {
      ok: true;
      account: string;
      /** The account that the database belongs to, if it is another one: workers go on with that. */
      boundTo: string | null;
    }
  | { ok: false; failure: Failure };

export interface SetDeps extends Omit<CredentialParts, 'which'> {
  access: SystemAccess;
  /** Who gives it. */
  actor?: string;
  instanceId: string;
}

/** False if it does not have the form of what the system gives; then nothing is stored. */
export async function storeGiven({ db, clock, keys, access }: SetDeps, text: string): Promise<boolean> {
  const { auth, system } = access;
  const secrets = auth?.first?.read(text.trim()) ?? null;
  if (!auth || secrets === null) return false;
  rememberSecrets(Object.values(secrets));
  const sealed = seal(secrets, aboutOf({ system: system.name, auth }), keys);
  await setCredential(db, { system: system.name, sealed, now: clock.now() });
  return true;
}

/** Renews what was given, asks whose it is, and makes it the credential of that account. */
export async function finishCredential({
  access,
  instanceId,
  actor = 'unknown',
  ...parts
}: SetDeps): Promise<SetResult> {
  const { db } = parts;
  const system = access.system.name;
  const integration = await integrateWith(access, instanceId, { ...parts, which: 'new' });
  try {
    const { account } = await integration.identify();
    await withTransaction(db, async (tx) => {
      const { replaced } = await nameCredential(tx, { system, account });
      await recordAction(tx, {
        ...{ action: 'set_credential', system, actor, reason: null, at: parts.clock.now() },
        ...{ detail: { account }, before: { account: replaced ? account : null }, after: { account } },
      });
    });
    const bound = (await readConnection(db, system))?.account ?? account;
    return { ok: true, account, boundTo: bound === account ? null : bound };
  } catch (error) {
    const failure = integration.classify(error);
    // The error is of the database, or a fault of Twinbox.
    if (failure.status === null && failure.scope === 'entity') throw error;
    if (failure.code === RECONNECT) await dropNewCredential(db, system);
    return { ok: false, failure };
  }
}
