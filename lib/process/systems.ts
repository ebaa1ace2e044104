// Builds what the engine is given, from the settings: the integrations, the policy, the clock, the
// log.
import type { Db } from '../../db/server/connection.ts';
import { readInstanceId } from '../../db/connections.ts';
import { systemClock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { createStripeIntake, type StripeIntake } from '../integrations/stripe/intake.ts';
import { tagKeyOf } from '../integrations/stripe/owner-tag.ts';
import { createStripeIntegration } from '../integrations/stripe/stripe.ts';
import type { Logger } from '../log.ts';
import type { SyncDeps } from '../sync/step.ts';

export type SyncParts = {
  db: Db;
  /** The key and the address of Stripe. */
  stripe: { secretKey: string; apiBase: string | undefined };
  log: Logger;
  nudge: () => void;
};

export async function createSyncDeps(config: Config, parts: SyncParts): Promise<SyncDeps> {
  const { db, stripe, log, nudge } = parts;
  const instanceId = await readInstanceId(db);
  const { secretKey, apiBase } = stripe;
  const integration = createStripeIntegration({ secretKey, apiBase, tagKey: tagKeyOf(instanceId) });
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
      looksBeforeCreate: config.stripe.looksBeforeCreate,
      imports: config.stripe.imports,
      parkAfterMs: config.parkAfterHours * 3_600_000,
      backoff: { baseMs: 500, capMs: 300_000 },
      rates: {
        account: config.stripe.rateLimit ?? integration.capabilities.rates.account,
        endpoint: config.stripe.endpointRateLimit ?? integration.capabilities.rates.endpoint,
      },
    },
  };
}

/** For a process that only receives events of Stripe, such as the API. */
export async function createIntake(db: Db): Promise<StripeIntake> {
  return createStripeIntake(tagKeyOf(await readInstanceId(db)));
}
