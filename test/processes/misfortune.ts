// The faults between the workers and Stripe in the proof with two teams: random failures, and
// webhooks that never come.
import { call } from '../cli/twinbox.ts';
import type { Member } from './fleet.ts';

type Rule = {
  kind: string;
  method?: string;
  path?: string;
  key?: string;
  probability: number;
  nth?: number;
  times?: number;
  reason?: string;
  stored?: boolean;
};

const CUSTOMER = '/v1/customers/:id';
const LOST_WEBHOOKS = 0.05;

// One call in ten. A 500 that Stripe keeps under the key costs five minutes, so they are few, and come early.
const RULES: readonly Rule[] = [
  ...faultsOf({ method: 'POST', key: 'tb1:*' }),
  ...faultsOf({ method: 'GET', path: CUSTOMER }),
  { kind: 'rate_limit', reason: 'global-rate', path: CUSTOMER, probability: 0.01, times: 2 },
  { kind: 'rate_limit', reason: 'endpoint-rate', path: CUSTOMER, probability: 0.01, times: 2 },
  ...keptOf({ path: '/v1/customers', probability: 0.1, times: 3 }),
  ...keptOf({ path: CUSTOMER, probability: 0.3, times: 10, nth: 200 }),
];

function faultsOf(calls: Pick<Rule, 'method' | 'path' | 'key'>): Rule[] {
  return [
    { ...calls, kind: 'reset', probability: 0.025 },
    { ...calls, kind: 'hang', probability: 0.005 },
    { ...calls, kind: 'rate_limit', reason: 'resource-specific', probability: 0.015 },
    { ...calls, kind: 'rate_limit', reason: 'lock_timeout', probability: 0.015 },
    { ...calls, kind: 'error_before_effect', stored: false, probability: 0.02 },
    { ...calls, kind: 'drop_answer', probability: 0.03 },
  ];
}

function keptOf(calls: Pick<Rule, 'path' | 'probability' | 'times' | 'nth'>): Rule[] {
  const kinds = ['error_before_effect', 'error_after_effect'];
  return kinds.map((kind) => ({ ...calls, kind, method: 'POST', key: 'tb1:*' }));
}

export type Misfortune = {
  begin(): Promise<void>;
  /** Requests that hang are carried out now, though their senders may be dead. */
  releaseHung(): Promise<void>;
  /**
   * Ends the faults, and says how often each kind happened, and in how many calls it was possible.
   */
  end(): Promise<{ calls: number; hits: Record<string, number> }>;
};

type Entry = { path: string };

export function createMisfortune({ url }: Pick<Member, 'url'>): Misfortune {
  const faults = `${url}/_sim/faults`;
  return {
    async begin() {
      await call('PUT', `${url}/_sim/webhooks`, { drop_rate: LOST_WEBHOOKS });
      for (const [seed, rule] of RULES.entries()) await call('POST', faults, { ...rule, seed: seed + 1 });
    },
    async releaseHung() {
      await call('POST', `${url}/_sim/held/release`, {});
    },
    async end() {
      const hits: Record<string, number> = {};
      for (const rule of await call<(Rule & { hits: number })[]>('GET', faults)) {
        const kind = [
          rule.kind,
          rule.reason,
          rule.kind.startsWith('error') && rule.stored !== false ? 'kept' : '',
        ]
          .filter(Boolean)
          .join(' ');
        hits[kind] = (hits[kind] ?? 0) + rule.hits;
      }
      await call('PUT', `${url}/_sim/webhooks`, { drop_rate: 0 });
      await call('DELETE', faults);
      const entries = await call<Entry[]>('GET', `${url}/_sim/ledger?source=api`);
      return { calls: entries.filter(({ path }) => path.startsWith('/v1/customers')).length, hits };
    },
  };
}
