// Toy's double as the contract's tests use it.
import type { Auth } from '../../../../lib/integrations/auth.ts';
import type { Capabilities, Integration } from '../../../../lib/integrations/integration.ts';
import type {
  ContractHarness,
  CredentialHarness,
  Fault,
} from '../../../lib/integrations/contract-harness.ts';
import type { KitOptions } from '../../../lib/integrations/contract-kit.ts';
import { capabilities } from '../system/capabilities.ts';
import { createToyAuth } from '../system/auth.ts';
import { createToyIntegration } from '../system/toy.ts';
import type { Values } from './people.ts';
import { SECRET, signHeaders } from './sender.ts';
import { CLIENT_SECRET, startToy, TOKEN, type ToyServer } from './server.ts';

const HOUR = 3_600_000;

/** `changes`: the double, and the integration with it, promise something else. */
export async function openHarness(
  changes: Partial<Capabilities> = {},
  { feedBy, credential = 'static' }: Pick<KitOptions, 'feedBy' | 'credential'> = {},
): Promise<ContractHarness> {
  const promised = { ...capabilities, ...changes };
  const toy = await startToy({ promised });
  const elsewhere = await startToy();
  await elsewhere.close();
  const connect = (url: string, token = TOKEN): Integration =>
    createToyIntegration({ url, token, instanceId: 'contract' }, { capabilities: promised, feedBy });
  const credentials = credential === 'static' ? null : credentialOf(toy, credential, promised);
  return {
    ...(credentials && { credential: credentials }),
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

function credentialOf(toy: ToyServer, kind: Auth['kind'], promised: Capabilities): CredentialHarness {
  const { tokens, faults } = toy;
  return {
    auth: createToyAuth({ url: toy.url, clientSecret: CLIENT_SECRET }, kind),
    connect: () => tokens.connect(),
    integrate: (authorize, url = toy.url) =>
      createToyIntegration({ url, authorize, instanceId: 'contract' }, { capabilities: promised }),
    renewals: () => tokens.renewals(),
    revoke: (options) => tokens.revoke(options),
    loseNextRenewal: () => void faults.add({ kind: 'drop_answer', path: '/token' }),
    forgetReplaced: () => tokens.forgetReplaced(),
    given: () => tokens.given(),
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
