import { onlyCustomers } from './only-target.ts';
import { findUndelivered } from '../../db/deliveries.ts';
import { readSweep } from '../../db/sweep.ts';
import { receiveOutbound } from '../../lib/intake/receive.ts';
import { sweep } from '../../lib/intake/sweep.ts';
import type { FaultRule } from '../../simulator/control/faults.ts';
import type { StoredEvent } from '../../simulator/objects/objects.ts';
import type { Scene } from './history-scene.ts';

/**
 * The network between the two sides: the bus, webhooks that come late, twice or never, the sweep,
 * failing calls.
 */
export interface Network {
  receiveOutbound(): Promise<void>;
  receiveInbound(): Promise<void>;
  webhook(): Promise<void>;
  loseWebhook(): void;
  sweep(): Promise<void>;
  misfortune(): void;
  /**
   * From here on every call arrives and is answered; values that Stripe refuses are still refused.
   */
  calm(): void;
  /** Stripe does not refuse any value any more. */
  relent(): void;
  /**
   * Reads the list of events to its end, as a worker does every minute: afterwards the inbox has
   * every event that no webhook brought.
   */
  catchUp(): Promise<void>;
}

const MINUTE = 60_000;
const RETENTION_DAYS = 35;

const RECORD = '/v1/customers/:id';
const LIST = '/v1/customers';
/** Names that Stripe refuses, whenever they come. */
const REFUSED = 'name_invalid';
const REFUSAL: FaultRule = {
  kind: 'error_before_effect',
  method: 'POST',
  status: 400,
  code: REFUSED,
  stored: false,
  times: null,
};
const NOT_THERE = {
  kind: 'error_before_effect',
  status: 404,
  code: 'resource_missing',
  stored: false,
} as const;

// An error after the effect that Stripe does not keep is impossible at Stripe: the same key would
// then have two effects.
const MISFORTUNES: readonly FaultRule[] = [
  { kind: 'drop_answer', method: 'POST', times: 2 },
  { kind: 'reset', method: 'POST', times: 2 },
  { kind: 'rate_limit', times: 1 },
  { kind: 'error_before_effect', method: 'POST', stored: false, times: 1 },
  { kind: 'error_after_effect', method: 'POST', times: 1 },
  { kind: 'error_after_effect', method: 'POST', path: LIST, times: 1 },
  { kind: 'error_before_effect', method: 'POST', times: 1 },
  { kind: 'drop_answer', method: 'DELETE', times: 2 },
  { kind: 'hang', method: 'POST', path: LIST },
  { kind: 'hang', method: 'POST', path: RECORD },
  { kind: 'hang', method: 'POST', path: RECORD },
  { kind: 'hang', method: 'GET', path: RECORD, at: 'after' },
  { kind: 'hang', method: 'DELETE', path: RECORD },
  { kind: 'reset', method: 'GET', times: 2 },
  { kind: 'error_before_effect', method: 'GET', stored: false, times: 1 },
  { kind: 'error_before_effect', method: 'GET', path: '/v1/events', stored: false, times: 1 },
  // A key that may not read the record, and one that may not see it when it writes.
  { ...NOT_THERE, method: 'GET', path: RECORD },
  { ...NOT_THERE, method: 'POST', path: RECORD },
];

function nameOf({ kind, method, path, at, code, stored }: FaultRule): string {
  const what =
    code ?? `${kind}${kind.startsWith('error') ? (stored === false ? ', not kept' : ', kept') : ''}`;
  const where = `${method === 'POST' || method === undefined ? '' : ` of ${method}`}${path === '/v1/events' ? ' of events' : ''}`;
  return `${what}${where}${at === undefined ? '' : `, ${at}`}`;
}

export function createNetwork({ world, inbound, chances, say, count }: Scene): Network {
  const { simulator, db, clock, deps } = world;
  const { random, chance, pick, shuffle } = chances;
  const { system, document } = deps.integration;
  const lost = new Set<string>();
  let twins = 0;

  /** Brings events, and counts the unusual ones. */
  async function bring(event: StoredEvent): Promise<void> {
    const thin = chance(0.15);
    const twice = chance(0.2);
    const { object } = event.data;
    say(`webhook ${event.type} of ${object.id} ${event.request.idempotency_key === null ? '' : 'echo'}`);
    const waiting = inbound.undelivered();
    const older = waiting.filter(({ data }) => data.object.id === object.id).indexOf(event) > 0;
    const taken = await inbound.deliver(twice ? [event, event] : [event], { thin });
    if (older) count('webhook before an older one');
    if (taken.includes('known')) count('webhook twice');
    if (thin) count('thin webhook');
  }

  /**
   * The same change in an event with another id, as two endpoints or an error at Stripe make it.
   */
  async function bringTwin(): Promise<void> {
    const event = pick(simulator.events());
    if (!event || lost.has(event.id)) return;
    twins += 1;
    say(`webhook ${event.type} of ${event.data.object.id} by a second event`);
    await inbound.deliver([{ ...event, id: `${event.id}twin${twins}` }], { thin: chance(0.3) });
    count('two events for one change');
  }

  async function sweepOnce(): Promise<boolean> {
    const { signal } = new AbortController();
    const { stored, more } = await sweep(deps, { retentionDays: RETENTION_DAYS, signal });
    if (stored > 0) {
      say(`sweep ${stored}`);
      count('event found by the sweep', stored);
    }
    return more;
  }

  /** The sweep failed, and the next one may succeed: each fault meets a call or two. */
  async function hasFailed(): Promise<boolean> {
    const last = await readSweep(db, system);
    return last !== null && last.problem !== null && !last.paused;
  }

  /**
   * A call that hangs already stays held; values that Stripe refuses are refused until the end, or
   * the later of two sends would be accepted.
   */
  function endFaults({ refusals = false } = {}): void {
    for (const fault of simulator.faults.list()) {
      if (fault.code === REFUSED && !refusals) continue;
      if (fault.hits > 0) count(nameOf(fault), fault.hits);
      simulator.faults.remove(fault.id);
    }
  }

  return {
    async receiveOutbound() {
      const all = await findUndelivered(db, { system, after: 0, upTo: 2 ** 52, limit: 1_000 });
      const some = shuffle(all).slice(0, 1 + Math.floor(random() * 3));
      const target = { system, externalType: document.externalType };
      await receiveOutbound({ db, clock, wake: () => undefined }, onlyCustomers(target), [...some, ...some]);
    },
    async receiveInbound() {
      await inbound.receiveInbound((all) => shuffle(all).slice(0, 2));
    },
    async webhook() {
      if (chance(0.08)) return bringTwin();
      const event = chance(0.7) ? pick(inbound.undelivered()) : pick(simulator.events());
      if (event && !lost.has(event.id)) await bring(event);
    },
    loseWebhook() {
      const event = pick(inbound.undelivered());
      if (!event) return;
      say(`lost: webhook ${event.type} of ${event.data.object.id}`);
      count('webhook lost');
      lost.add(event.id);
      inbound.lose(event);
    },
    async sweep() {
      await sweepOnce();
    },
    misfortune() {
      const rule = chance(0.12)
        ? { ...REFUSAL, contains: `name=O${1 + Math.floor(random() * 9)}` }
        : pick(MISFORTUNES);
      if (!rule) return;
      say(`fault ${nameOf(rule)}`);
      // One at a time, or one call would be held twice.
      for (const { id, kind, hits } of simulator.faults.list())
        if (kind === 'hang' && rule.kind === 'hang' && hits === 0) simulator.faults.remove(id);
      simulator.faults.add(rule);
    },
    calm: endFaults,
    relent: () => endFaults({ refusals: true }),
    async catchUp() {
      // The list is complete up to a minute ago, and a sweep that was just tried is not due at
      // once.
      do {
        world.advance(2 * MINUTE);
        while (await sweepOnce()) continue;
        // The list still has after two minutes what a failed sweep did not read, and after a month not.
      } while (await hasFailed());
    },
  };
}
