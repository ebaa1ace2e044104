// What the engine is given, whether it runs in `up` or answers a question of `verify` or `replay`.
import { readInstanceId, readConnection } from '../db/connections.ts';
import type { Db } from '../db/connection.ts';
import { systemClock } from '../lib/clock.ts';
import type { Config } from '../lib/config.ts';
import type { Integration } from '../lib/integrations/integration.ts';
import { createStripeIntegration } from '../lib/integrations/stripe/stripe.ts';
import type { Logger } from '../lib/log.ts';
import type { SyncDeps } from '../lib/sync/step.ts';
import type { StripeAccess } from './stripe.ts';

export async function createSyncDeps(
  config: Config,
  parts: { db: Db; stripe: StripeAccess; log: Logger; nudge: () => void },
): Promise<SyncDeps> {
  const { db, stripe, log, nudge } = parts;
  const instanceId = await readInstanceId(db);
  const { secretKey, apiBase } = stripe;
  const integration = createStripeIntegration({ secretKey, apiBase, markKey: `twinbox_${instanceId}` });
  return {
    db,
    clock: systemClock,
    integration,
    log,
    nudge,
    policy: {
      environment: config.env,
      instanceId,
      writes: config.stripe.writes,
      pulls: config.stripe.pulls,
      deletes: config.stripe.deletePolicy,
      linkByEmail: config.stripe.linkByEmail,
      imports: config.stripe.imports,
      parkAfterMs: config.parkAfterHours * 3_600_000,
      backoff: { baseMs: 500, capMs: 300_000 },
    },
  };
}

export type Account =
  | { ok: true; account: string; livemode: boolean }
  | { ok: false; why: 'silent' | 'foreign'; message: string };

/** Whose key this is, and whether this database belongs to that account. Reads only: the workers bind. */
export async function readAccount(db: Db, integration: Integration): Promise<Account> {
  const { system } = integration;
  try {
    const { account, livemode } = await integration.identify();
    const bound = await readConnection(db, system);
    if (
      bound === null ||
      bound.account === null ||
      (bound.account === account && bound.livemode === livemode)
    )
      return { ok: true, account, livemode };
    return {
      ok: false,
      why: 'foreign',
      message:
        `this database belongs to ${system} account ${bound.account}, but the key is of account ${account}: nothing is sent. ` +
        'Use the right key, or another database for the other account.',
    };
  } catch (error) {
    const { code, message } = integration.classify(error);
    return { ok: false, why: 'silent', message: `${system} does not answer (${code}): ${message}` };
  }
}
