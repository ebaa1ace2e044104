/**
 * Delivers events to webhook endpoints (docs.stripe.com/webhooks): each attempt is signed anew, any
 * answer but a 2xx is tried again with exponential back-off until the event is three days old, and
 * neither the order nor the number of deliveries is promised. Both can be forced, so that a test
 * can produce every order and every repeat.
 *
 * Deliveries are committed with the event, so none is lost by a kill -9; after a start all open
 * ones are due at once. Back-off runs in real time, the three days by the simulator's clock.
 */
import type { Clock } from '../clock.ts';
import { renderEvent } from '../objects/events.ts';
import { createRandom } from '../random.ts';
import { newSeed } from '../objects/ids.ts';
import type { Endpoint, StoredEvent } from '../objects/objects.ts';
import { createSignal } from '../signal.ts';
import { livingSecrets, signatureHeader } from './signature.ts';
import { deliveryId, type Delivery, type Op, type Store } from '../store/store.ts';
import { thinEvent } from './thin-events.ts';
import { createSender, isDelivered, type Sent } from './sender.ts';

export type WebhookOptions = {
  /** First back-off, ms; doubles up to `retryMaxMs`. */
  retryBaseMs: number;
  retryMaxMs: number;
  /** How long an endpoint may take to answer. */
  timeoutMs: number;
  /** How old an event may get before its delivery is given up, ms of the simulator's clock. */
  giveUpAfterMs: number;
  /** How many deliveries to one endpoint run at once. */
  concurrency: number;
  /** How many more copies of each delivery are sent, all at the same moment. */
  duplicate: number;
  /** Wait before each first attempt. */
  delayMs: number;
  /**
   * Wait a random part of this before each first attempt, so that deliveries change their order.
   */
  shuffleWindowMs: number;
  /** This share of all deliveries is never made. */
  dropRate: number;
  /** Keep deliveries back until they are released. */
  hold: boolean;
  /** Added to the time in the signature, ms: for signatures from the past or the future. */
  signatureOffsetMs: number;
};

export type Attempt = Sent & {
  event: string;
  type: string;
  endpoint: string;
  attempt: number;
  delivered: boolean;
  /** Whether this delivery is now closed, by success or by being given up. */
  closed: boolean;
};

export type HeldDelivery = { event: string; type: string; endpoint: string };

export const WEBHOOK_DEFAULTS: WebhookOptions = {
  retryBaseMs: 500,
  retryMaxMs: 30_000,
  timeoutMs: 10_000,
  giveUpAfterMs: 3 * 24 * 3600 * 1000,
  concurrency: 16,
  duplicate: 0,
  delayMs: 0,
  shuffleWindowMs: 0,
  dropRate: 0,
  hold: false,
  signatureOffsetMs: 0,
};

type Plan = { delivery: Delivery; attempts: number; timer: NodeJS.Timeout | null };

export type Webhooks = ReturnType<typeof createWebhooks>;

const KEPT_ATTEMPTS = 1000;

export function createWebhooks(deps: {
  store: Store;
  clock: Clock;
  options: Partial<WebhookOptions>;
  seed?: number;
}) {
  const { store, clock } = deps;
  const options: WebhookOptions = { ...WEBHOOK_DEFAULTS, ...deps.options };
  const random = createRandom(deps.seed ?? newSeed());
  const sender = createSender();
  const plans = new Map<string, Plan>();
  const held = new Map<string, Plan>();
  const ready = new Map<string, Plan[]>();
  const running = new Map<string, number>();
  const recent: Attempt[] = [];
  const listeners = new Set<(attempt: Attempt) => void>();
  const signal = createSignal();
  let closed = false;

  /**
   * Plans the deliveries among the operations just committed, and drops those of deleted endpoints.
   */
  function notice(ops: readonly Op[]): void {
    for (const op of ops) {
      if (op.op === 'delivery') plan(op.value);
      if (op.op === 'endpoint' && op.value === null) forgetEndpoint(op.id);
    }
  }

  function plan(delivery: Delivery): void {
    const id = deliveryId(delivery);
    if (plans.has(id)) return;
    const planned: Plan = { delivery, attempts: 0, timer: null };
    plans.set(id, planned);
    if (options.dropRate > 0 && random() < options.dropRate) return close(planned, false);
    const wait = options.delayMs + random() * options.shuffleWindowMs;
    if (wait > 0) schedule(planned, wait);
    else makeReady(planned);
  }

  function schedule(planned: Plan, ms: number): void {
    planned.timer = setTimeout(() => {
      planned.timer = null;
      makeReady(planned);
    }, ms);
    planned.timer.unref();
  }

  function makeReady(planned: Plan): void {
    if (options.hold) {
      held.set(deliveryId(planned.delivery), planned);
      return signal.announce();
    }
    const { endpoint } = planned.delivery;
    const queue = ready.get(endpoint) ?? [];
    ready.set(endpoint, queue);
    queue.push(planned);
    // Usually, but not always, later than the answer to the call that made the event.
    setImmediate(() => void drain(endpoint));
  }

  async function drain(endpoint: string): Promise<void> {
    const hasRoom = () => !closed && (running.get(endpoint) ?? 0) < options.concurrency;
    while (hasRoom()) {
      const planned = ready.get(endpoint)?.shift();
      if (!planned) return;
      running.set(endpoint, (running.get(endpoint) ?? 0) + 1);
      await attempt(planned);
      running.set(endpoint, (running.get(endpoint) ?? 1) - 1);
    }
  }

  async function attempt(planned: Plan): Promise<Attempt | null> {
    const { delivery } = planned;
    const account = store.account(delivery.account);
    const event = account.events.get(delivery.event)?.value;
    const endpoint = account.endpoints.get(delivery.endpoint)?.value;
    if (!plans.has(deliveryId(delivery))) return null;
    if (!event || !endpoint || endpoint.status !== 'enabled') {
      close(planned, false);
      return null;
    }
    planned.attempts += 1;
    const copies = Array.from({ length: 1 + options.duplicate }, () =>
      send(endpoint, renderBody(delivery, event, endpoint)),
    );
    const results = await Promise.all(copies);
    if (closed) return null;
    const sent = results.find(isDelivered) ?? results[0] ?? { status: null, error: 'not sent' };
    const delivered = isDelivered(sent);
    const tooOld = clock.now() - delivery.eventMs > options.giveUpAfterMs;
    const { attempts } = planned;
    const report = { event: event.id, type: event.type, endpoint: endpoint.id, attempt: attempts, ...sent };
    const made: Attempt = { ...report, delivered, closed: delivered || tooOld };
    recent.push(made);
    if (recent.length > KEPT_ATTEMPTS) recent.shift();
    if (made.closed) close(planned, delivered);
    else
      schedule(planned, Math.min(options.retryMaxMs, options.retryBaseMs * 2 ** Math.min(30, attempts - 1)));
    for (const listener of [...listeners]) listener(made);
    return made;
  }

  function renderBody(delivery: Delivery, event: StoredEvent, endpoint: Endpoint): string {
    if (endpoint.thin) return JSON.stringify(thinEvent(event), null, 2);
    const shown = renderEvent(store.account(delivery.account), event);
    // Indented as Stripe sends it, so that a receiver that verifies a re-serialised body fails.
    return JSON.stringify({ ...shown, api_version: endpoint.api_version ?? event.api_version }, null, 2);
  }

  function send(endpoint: Endpoint, body: string): Promise<Sent> {
    const now = clock.now();
    const second = Math.floor((now + options.signatureOffsetMs) / 1000);
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'stripe-signature': signatureHeader(body, second, livingSecrets(endpoint, now)),
      'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
    };
    return sender.post(endpoint.url, body, headers, options.timeoutMs);
  }

  function close(planned: Plan, ok: boolean): void {
    const id = deliveryId(planned.delivery);
    if (planned.timer) clearTimeout(planned.timer);
    plans.delete(id);
    held.delete(id);
    store.commit([{ op: 'delivered', id, ok }]);
    signal.announce();
  }

  function forgetEndpoint(endpoint: string): void {
    for (const planned of [...plans.values()]) {
      if (planned.delivery.endpoint === endpoint) close(planned, true); // a deleted endpoint gets no deliveries
    }
  }

  /**
   * Delivers held deliveries one after the other, each when the one before was answered; all of
   * them without `events`.
   */
  async function release(events?: readonly string[]): Promise<Attempt[]> {
    const all = [...held.values()];
    const chosen = events?.flatMap((event) => all.filter(({ delivery }) => delivery.event === event)) ?? all;
    const made: Attempt[] = [];
    for (const planned of chosen) {
      held.delete(deliveryId(planned.delivery));
      const result = await attempt(planned);
      if (result) made.push(result);
    }
    return made;
  }

  function set(changes: Partial<WebhookOptions>): void {
    Object.assign(options, changes);
    if (changes.hold !== false) return;
    const freed = [...held.values()];
    held.clear();
    for (const planned of freed) makeReady(planned);
  }

  return {
    notice,
    /** Plans the deliveries that an earlier run left open. */
    start(): void {
      for (const delivery of store.state.deliveries.values()) plan(delivery);
    },
    get: (): WebhookOptions => ({ ...options }),
    set,
    release,
    held: (): HeldDelivery[] =>
      [...held.values()].map(({ delivery }) => ({
        event: delivery.event,
        type: store.account(delivery.account).events.get(delivery.event)?.value?.type ?? 'unknown',
        endpoint: delivery.endpoint,
      })),
    waitForHeld: (count: number) => signal.until(() => (held.size >= count ? true : null)),
    /** Resolves when no delivery is open any more, except those that are held. */
    idle: () => signal.until(() => (plans.size === held.size ? true : null)),
    /** Open deliveries, held ones included. */
    pending: () => plans.size,
    attempts: (): Attempt[] => [...recent],
    /** Called after every attempt; the function that it returns removes the listener. */
    onAttempt(listener: (attempt: Attempt) => void): () => void {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    /**
     * Delivers an event once more, as from the dashboard; to every endpoint of its account unless
     * one is named.
     */
    resend(accountId: string, event: string, endpoint?: string): number {
      const account = store.account(accountId);
      const eventMs = account.events.get(event)?.versions[0]?.at;
      if (eventMs === undefined) return 0;
      const targets = account.endpoints.living.filter(({ id }) => endpoint === undefined || id === endpoint);
      const ops = targets.map(({ id }): Op => ({
        op: 'delivery',
        value: { account: account.id, event, endpoint: id, eventMs },
      }));
      store.commit(ops);
      notice(ops);
      return ops.length;
    },
    /** Signs any body and posts it to an endpoint once, outside all deliveries. */
    sendRaw(accountId: string, endpointId: string, body: string): Promise<Sent> {
      const endpoint = store.account(accountId).endpoints.get(endpointId)?.value;
      return endpoint ? send(endpoint, body) : Promise.resolve({ status: null, error: 'no such endpoint' });
    },
    /** Drops all plans, after the state that they came from was reset. */
    clear(): void {
      for (const { timer } of plans.values()) if (timer) clearTimeout(timer);
      for (const map of [plans, held, ready]) map.clear();
      signal.announce();
    },
    close(): void {
      closed = true;
      for (const { timer } of plans.values()) if (timer) clearTimeout(timer);
      sender.close();
    },
  };
}
