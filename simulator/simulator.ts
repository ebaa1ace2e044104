/**
 * A stateful double of the part of Stripe that Twinbox uses: customers with search, events, webhook
 * endpoints with deliveries, enough of subscriptions, idempotency keys, rate limits; with faults on
 * demand, a ledger of every call and a clock that can be moved. docs/simulator.md says in what it
 * is like Stripe and in what it is not.
 *
 *   const simulator = createSimulator({ rateLimits: { globalPerSecond: null, endpointPerSecond: null } });
 *   const { url, port } = await simulator.listen();
 *   const stripe = new Stripe('sk_test_twinbox_fake', { host: '127.0.0.1', port, protocol: 'http' });
 *   simulator.faults.add({ kind: 'drop_answer', method: 'POST', path: '/v1/customers', times: 2 });
 *   …
 *   await simulator.close();
 *
 * With `dataDir` the state is read from that folder and kept in it, also over a kill -9; without,
 * it is in memory.
 */
import type { Express } from 'express';
import { createApp } from './http/app.ts';
import type { Rules } from './http/call.ts';
import { createClock } from './clock.ts';
import { createDashboard } from './control/dashboard.ts';
import { createFaults } from './control/faults.ts';
import { createIdempotency } from './http/idempotency.ts';
import { openJournal } from './store/journal.ts';
import { createKeys } from './http/keys.ts';
import { createLedger } from './control/ledger.ts';
import { createListener, type Address } from './http/listener.ts';
import { loadJournal } from './store/persistence.ts';
import { createPipeline } from './http/pipeline.ts';
import { createRateLimiter, type RateLimits } from './http/rate-limits.ts';
import { createStore, type Op } from './store/store.ts';
import { createEndpointControl } from './control/endpoints.ts';
import type { ControlParts } from './control/parts.ts';
import { createWebhooks, type WebhookOptions } from './webhooks/webhooks.ts';

export type SimulatorOptions = {
  /**
   * The folder for the state; without it the state is lost with the process. A second simulator on
   * one folder is refused.
   */
  dataDir?: string;
  /** The address to listen on; default 127.0.0.1. */
  host?: string;
  /** The account that keys belong to unless they are mapped to another one. */
  accountId?: string;
  /**
   * Requests a second, null for no limit; 100 over all and 25 for each endpoint by default, as for
   * a live account.
   */
  rateLimits?: Partial<RateLimits>;
  /** Deliveries of webhooks: back-off, and what to force on them. */
  webhooks?: Partial<WebhookOptions>;
  /** What the double does if Stripe's own behaviour varies. */
  rules?: Partial<Rules>;
  /** Real time for tests that have a clock of their own; the movable offset is added to it. */
  now?: () => number;
  /** The seed for everything random in deliveries. */
  seed?: number;
  /**
   * How many calls the ledger keeps, oldest dropped first: 200,000 writes and 20,000 reads by
   * default.
   */
  ledgerLimits?: { writes?: number; reads?: number };
  /** Called with failures of the simulator itself. */
  onBug?: (error: unknown) => void;
};

export type Simulator = ControlParts & {
  app: Express;
  /** Port 0 takes a free one. */
  listen(port?: number): Promise<Address>;
  close(): Promise<void>;
  /** Such as `http://127.0.0.1:<port>`; throws before `listen`. */
  readonly url: string;
  readonly port: number;
  /** Whether an unfinished last line of the journal was dropped at the start. */
  readonly hadTornLine: boolean;
};

const DEFAULT_RULES: Rules = {
  apiVersion: '2026-10-28.endive',
  searchDelayMs: 60_000,
  eventsTipLagMs: 0,
  deletedCursors: true,
  replacesHashes: false,
  trimsText: false,
  remoteWebhooks: false,
};

export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const journal = options.dataDir === undefined ? null : openJournal(options.dataDir);
  const store = createStore(journal, {
    ledgerWrites: options.ledgerLimits?.writes ?? 200_000,
    ledgerReads: options.ledgerLimits?.reads ?? 20_000,
  });
  const hadTornLine = journal ? loadOrClose(store, journal) : false;
  let rules: Rules = { ...DEFAULT_RULES, ...options.rules };
  const clock = createClock(store, options.now ?? Date.now);
  const keys = createKeys(store, options.accountId);
  const faults = createFaults();
  const ledger = createLedger(store);
  const limiter = createRateLimiter({ globalPerSecond: 100, endpointPerSecond: 25, ...options.rateLimits });
  const webhooks = createWebhooks({
    store,
    clock,
    options: options.webhooks ?? {},
    ...(options.seed === undefined ? {} : { seed: options.seed }),
  });
  const committed = (ops: readonly Op[]) => {
    webhooks.notice(ops);
    ledger.announce();
  };
  const getRules = () => rules;
  const pipeline = createPipeline({
    store,
    clock,
    keys,
    faults,
    limiter,
    idempotency: createIdempotency(),
    rules: getRules,
    committed,
    reportBug: options.onBug ?? (() => undefined),
  });
  const account = (id?: string) => store.account(id ?? keys.defaultAccount());

  const parts = {
    clock,
    faults,
    ledger,
    rateLimits: { get: limiter.get, set: limiter.set },
    keys,
    dashboard: createDashboard({ store, clock, keys, rules: getRules, committed }),
    webhooks: { ...webhooks, ...createEndpointControl(store, clock, () => account()) },
    rules: {
      get: getRules,
      set(changes: Partial<Rules>) {
        rules = { ...rules, ...changes };
      },
    },
    customers: (id?: string) => account(id).customers.living.flatMap((row) => row.value ?? []),
    events: (id?: string) => account(id).events.living.flatMap((row) => row.value ?? []),
    endpoints: (id?: string) => account(id).endpoints.living.flatMap((row) => row.value ?? []),
    reset() {
      faults.abandon(); // a call that was held before the reset must not have an effect after it
      store.commit([{ op: 'reset' }]);
      faults.clear();
      webhooks.clear();
    },
  };
  const app = createApp({ pipeline, clock, parts });
  const listener = createListener(app, options.host ?? '127.0.0.1');
  let closed = false;

  return {
    ...parts,
    app,
    async listen(port = 0) {
      const address = await listener.listen(port);
      webhooks.start();
      return address;
    },
    async close() {
      if (closed) return;
      closed = true;
      webhooks.close();
      faults.abandon();
      await listener.close();
      journal?.close();
    },
    get url() {
      return listener.address().url;
    },
    get port() {
      return listener.address().port;
    },
    hadTornLine,
  };
}

function loadOrClose(
  store: ReturnType<typeof createStore>,
  journal: ReturnType<typeof openJournal>,
): boolean {
  try {
    return loadJournal(store, journal).tornLine;
  } catch (error) {
    journal.close(); // otherwise the folder would stay locked by a simulator that never started
    throw error;
  }
}
