// Toy's double as the contract's tests use it.
import type { Capabilities, Integration } from '../../../../lib/integrations/integration.ts';
import type { ContractHarness, Fault } from '../../../lib/integrations/contract-harness.ts';
import { capabilities } from '../system/capabilities.ts';
import { createToyIntegration } from '../system/toy.ts';
import type { Values } from './people.ts';
import { SECRET, signHeaders } from './sender.ts';
import { startToy, TOKEN, type ToyServer } from './server.ts';

const HOUR = 3_600_000;

/** `changes`: the double, and the integration with it, promise something else. */
export async function openHarness(changes: Partial<Capabilities> = {}): Promise<ContractHarness> {
  const promised = { ...capabilities, ...changes };
  const toy = await startToy({ promised });
  const elsewhere = await startToy();
  await elsewhere.close();
  const connect = (url: string, token = TOKEN): Integration =>
    createToyIntegration({ url, token, instanceId: 'contract' }, promised);
  return {
    integration: connect(toy.url),
    refused: connect(toy.url, 'revoked'),
    unreachable: connect(elsewhere.url),
    createThere: (fields) => Promise.resolve(toy.add(fields as Values).id),
    updateThere: (id, fields) => Promise.resolve(void toy.edit(id, fields as Values)),
    deleteThere: (id) => Promise.resolve(toy.remove(id)),
    ...(promised.merges && {
      mergeThere: (id: string, into: string) => Promise.resolve(void toy.merge(id, into)),
    }),
    takeEachIdentityOnce: () => toy.takeEachMailOnce(),
    limitTo: (quota) => toy.limitTo(quota),
    effects: () => toy.calls.effects(),
    calls: () => toy.calls.count(),
    advance: (ms) => toy.advance(ms),
    now: () => new Date(toy.time()),
    failNext: (fault) => failNext(toy, fault),
    url: toy.url,
    at: (url) => connect(url),
    unknownId: 'toy_unknown',
    refusedBody: { fields: { full_name: 'Ada', mail: 'ada at example' }, field: 'mail' },
    webhooks: {
      secrets: [SECRET],
      events: () => toy.events(),
      bodies: (events) => [{ events }],
      sign(body, at) {
        const sent = { method: 'POST', path: '/api/v1/webhooks/toy', body: JSON.stringify(body) };
        return { ...sent, headers: signHeaders({ ...sent, at }) };
      },
    },
    close: () => toy.close(),
  };
}

const RULES = {
  answer_lost: { kind: 'drop_answer' },
  throttled: { kind: 'rate_limit' },
  failed_unstored: { kind: 'error_before_effect', stored: false },
  failed_stored: { kind: 'error_before_effect', stored: true },
} as const;

function failNext(toy: ToyServer, fault: Fault): void {
  if (fault === 'quota_used_up') toy.useUpQuota(new Date(toy.time() + HOUR));
  else toy.faults.add(RULES[fault]);
}
