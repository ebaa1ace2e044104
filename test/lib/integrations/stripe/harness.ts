import type { Integration } from '../../../../lib/integrations/integration.ts';
import { createStripeIntegration, type StripeSettings } from '../../../../lib/integrations/stripe/stripe.ts';
import type { Edit } from '../../../../simulator/control/dashboard.ts';
import { createSimulator, type Simulator, type SimulatorOptions } from '../../../../simulator/simulator.ts';
import { signatureHeader } from '../../../../simulator/webhooks/signature.ts';
import type { ContractHarness, Delivery } from '../contract-harness.ts';

export const TAG_KEY = 'twinbox_testtest';
export const SECRET_KEY = 'sk_test_twinbox_fake';
const WEBHOOK_SECRET = 'whsec_contract';

export interface StripeHarness {
  simulator: Simulator;
  connect: (settings?: Partial<StripeSettings>) => Integration;
  close: () => Promise<void>;
}

/** A simulator in memory without rate limits, and integrations that speak to it. */
export async function openSimulator(options: SimulatorOptions = {}): Promise<StripeHarness> {
  const simulator = createSimulator({
    rateLimits: { globalPerSecond: null, endpointPerSecond: null },
    ...options,
  });
  const { url } = await simulator.listen();
  return {
    simulator,
    connect: (settings) =>
      createStripeIntegration({ secretKey: SECRET_KEY, apiBase: url, tagKey: TAG_KEY, ...settings }),
    close: () => simulator.close(),
  };
}

const FAULTS = {
  answer_lost: { kind: 'drop_answer' },
  throttled: { kind: 'rate_limit', reason: 'endpoint-rate' },
  failed_unstored: { kind: 'error_before_effect', stored: false, shouldRetry: null },
  failed_stored: { kind: 'error_before_effect', stored: true },
} as const;

export async function openContractHarness(): Promise<ContractHarness> {
  const { simulator, connect, close } = await openSimulator();
  simulator.keys.revokeKey('sk_test_twinbox_revoked');
  const elsewhere = createSimulator();
  const { url: unusedUrl } = await elsewhere.listen();
  await elsewhere.close();
  return {
    integration: connect(),
    refused: connect({ secretKey: 'sk_test_twinbox_revoked' }),
    unreachable: connect({ apiBase: unusedUrl }),
    createThere: (fields) => Promise.resolve(simulator.dashboard.createCustomer(fields as Edit).id),
    updateThere: (id, fields) => Promise.resolve(void simulator.dashboard.updateCustomer(id, fields as Edit)),
    deleteThere: (id) => Promise.resolve(simulator.dashboard.deleteCustomer(id)),
    effects: () => simulator.ledger.entries({ source: 'api', effect: true }).length,
    calls: () => simulator.ledger.entries({ source: 'api' }).length,
    advance: (ms) => simulator.clock.advance(ms),
    now: () => new Date(simulator.clock.now()),
    url: simulator.url,
    at: (apiBase) => connect({ apiBase }),
    webhooks: {
      secrets: [WEBHOOK_SECRET],
      events: () => simulator.events(),
      bodies: (events) => [...events],
      sign,
    },
    failNext(fault) {
      if (fault === 'quota_used_up') throw new Error('Stripe has no quota');
      simulator.faults.add({ ...FAULTS[fault], method: 'POST' });
    },
    unknownId: 'cus_NoSuchCustomer',
    refusedBody: { fields: { name: 'Ada', email: 'ada at example' }, field: 'email' },
    close,
  };
}

function sign(content: unknown, at: Date): Delivery {
  const body = JSON.stringify(content);
  const signature = signatureHeader(body, Math.floor(at.getTime() / 1_000), [WEBHOOK_SECRET]);
  const headers = { 'stripe-signature': signature };
  return { method: 'POST', path: '/api/v1/webhooks/stripe', body, headers };
}
