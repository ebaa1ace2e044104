import { findUndelivered } from '../../db/deliveries.ts';
import { receiveOutbound } from '../../lib/sync/receive.ts';
import { sweep } from '../../lib/sync/sweep.ts';
import type { FaultRule } from '../../simulator/faults.ts';
import type { StoredEvent } from '../../simulator/objects.ts';
import type { Scene } from './history.ts';

/** What lies between the two sides: the bus, webhooks that come late, twice, never, the sweep, faults of calls. */
export interface Network {
  receiveSome(): Promise<void>;
  hearSome(): Promise<void>;
  webhook(): Promise<void>;
  loseWebhook(): void;
  sweep(): Promise<void>;
  misfortune(): void;
  /** From here on every call arrives and is answered. */
  calm(): void;
  /** Reads the list of events to its end, as a worker does every minute: whatever no webhook brought is in the inbox after it. */
  catchUp(): Promise<void>;
}

const MINUTE = 60_000;
const RETENTION_DAYS = 35;

export function createNetwork({ world, inward, chances, say, count }: Scene): Network {
  const { simulator, db, clock, deps } = world;
  const { random, chance, pick, shuffle } = chances;
  const { system, document } = deps.integration;
  const lost = new Set<string>();

  /** Brings events, and counts what was awkward about it. */
  async function bring(event: StoredEvent): Promise<void> {
    const thin = chance(0.15);
    const twice = chance(0.2);
    const { object } = event.data;
    say(`webhook ${event.type} of ${object.id} ${event.request.idempotency_key === null ? '' : 'echo'}`);
    const waiting = inward.undelivered();
    const older = waiting.filter(({ data }) => data.object.id === object.id).indexOf(event) > 0;
    const taken = await inward.deliver(twice ? [event, event] : [event], { thin });
    if (older) count('webhook before an older one');
    if (taken.includes('known')) count('webhook twice');
    if (thin) count('thin webhook');
  }

  async function sweepOnce(): Promise<boolean> {
    const { stored, more } = await sweep(deps, {
      retentionDays: RETENTION_DAYS,
      signal: new AbortController().signal,
    });
    if (stored > 0) {
      say(`sweep ${stored}`);
      count('event found by the sweep', stored);
    }
    return more;
  }

  function countFaults(): void {
    for (const { kind, method, stored, hits } of simulator.faults.list()) {
      const kept = kind.startsWith('error') ? (stored === false ? ', not kept' : ', kept') : '';
      if (hits > 0) count(`${kind}${kept}${method === 'DELETE' ? ' of a delete' : ''}`, hits);
    }
    simulator.faults.clear();
  }

  return {
    async receiveSome() {
      const all = await findUndelivered(db, { system, after: 0, upTo: 2 ** 52, limit: 1_000 });
      const some = shuffle(all).slice(0, 1 + Math.floor(random() * 3));
      const target = { system, externalType: document.externalType };
      await receiveOutbound({ db, clock, wake: () => undefined }, target, [...some, ...some]);
    },
    async hearSome() {
      await inward.hear((all) => shuffle(all).slice(0, 2));
    },
    async webhook() {
      const event = chance(0.7) ? pick(inward.undelivered()) : pick(simulator.events());
      if (event && !lost.has(event.id)) await bring(event);
    },
    loseWebhook() {
      const event = pick(inward.undelivered());
      if (!event) return;
      say(`lost: webhook ${event.type} of ${event.data.object.id}`);
      count('webhook lost');
      lost.add(event.id);
      inward.lose(event);
    },
    async sweep() {
      await sweepOnce();
    },
    misfortune() {
      // An error after the effect that Stripe would not keep is none of Stripe's: the same key would then have two effects.
      const rule = pick<FaultRule>([
        { kind: 'drop_answer', method: 'POST', times: 2 },
        { kind: 'reset', method: 'POST', times: 2 },
        { kind: 'rate_limit', times: 1 },
        { kind: 'error_before_effect', method: 'POST', stored: false, times: 1 },
        { kind: 'error_after_effect', method: 'POST', times: 1 },
        { kind: 'error_after_effect', method: 'POST', path: '/v1/customers', times: 1 },
        { kind: 'error_before_effect', method: 'POST', times: 1 },
        { kind: 'drop_answer', method: 'DELETE', times: 2 },
      ]);
      if (!rule) return;
      say(`fault ${rule.kind} ${rule.method ?? ''}`);
      countFaults();
      simulator.faults.add(rule);
    },
    calm: countFaults,
    async catchUp() {
      // The list is complete up to a minute ago, and a sweep that was tried just now is not due again at once.
      world.advance(2 * MINUTE);
      while (await sweepOnce()) continue;
    },
  };
}
