/**
 * The whole state of the simulator, and the only way to change it: a list of operations, appended
 * to the journal as one line and then applied. One call is one line, so a crash between any two
 * instructions leaves either the whole call (effect, event, idempotency key, ledger) or nothing of
 * it; the answer is sent only afterwards.
 */
import { createCollection, type Collection, type Put } from '../http/collection.ts';
import type { Customer, Endpoint, StoredEvent, Subscription, TestClock } from '../objects/objects.ts';
import type { Journal } from './journal.ts';
import { createLedgerBook, type LedgerBook, type LedgerEntry } from '../control/ledger-book.ts';

export type StoredKey = {
  key: string;
  method: string;
  path: string;
  /** The parameters in their canonical form, hashed. */
  params: string;
  status: number;
  body: string;
  shouldRetry: string | null;
  requestId: string;
  /** ms of the simulator's clock. */
  at: number;
};

export type Delivery = { account: string; event: string; endpoint: string; eventMs: number };

export type Undelivered = { pending: number; /** Endpoints it was given up for. */ failed: Set<string> };

export type AccountState = {
  id: string;
  customers: Collection<Customer>;
  subscriptions: Collection<Subscription>;
  events: Collection<StoredEvent>;
  endpoints: Collection<Endpoint>;
  testClocks: Collection<TestClock>;
  keys: Map<string, StoredKey>;
  invoicePrefixes: Set<string>;
  /** Per event id, for events with deliveries that are pending or given up. */
  undelivered: Map<string, Undelivered>;
  nextSeq: number;
};

export type State = {
  accounts: Map<string, AccountState>;
  /** An API key's account; null when revoked. */
  apiKeys: Map<string, string | null>;
  defaultAccount: string | null;
  deliveries: Map<string, Delivery>;
  ledger: LedgerBook;
  clockOffset: number;
};

type PutOp<Name extends string, T> = { op: Name; account: string } & Put<T>;

export type Op =
  | PutOp<'customer', Customer>
  | PutOp<'subscription', Subscription>
  | PutOp<'event', StoredEvent>
  | PutOp<'endpoint', Endpoint>
  | PutOp<'test_clock', TestClock>
  | { op: 'key'; account: string; value: StoredKey }
  | { op: 'delivery'; value: Delivery }
  | { op: 'delivered'; id: string; ok: boolean }
  | { op: 'undelivered'; account: string; event: string; failed: string[] }
  | { op: 'ledger'; value: LedgerEntry }
  | { op: 'ledger_reset' }
  | { op: 'clock'; offset: number }
  | { op: 'api_key'; key: string; account: string | null }
  | { op: 'default_account'; account: string }
  | { op: 'reset' };

export type Limits = { ledgerWrites: number; ledgerReads: number };

export type Store = ReturnType<typeof createStore>;

export function createStore(journal: Journal | null, limits: Limits) {
  const state: State = {
    accounts: new Map(),
    apiKeys: new Map(),
    defaultAccount: null,
    deliveries: new Map(),
    ledger: createLedgerBook(limits),
    clockOffset: 0,
  };

  function account(id: string): AccountState {
    const existing = state.accounts.get(id);
    if (existing) return existing;
    const created = newAccount(id);
    state.accounts.set(id, created);
    return created;
  }

  function commit(ops: readonly Op[]): void {
    if (ops.length === 0) return;
    journal?.append(JSON.stringify(ops));
    for (const op of ops) apply(op);
  }

  function apply(op: Op): void {
    switch (op.op) {
      case 'customer':
        if (op.value) account(op.account).invoicePrefixes.add(op.value.invoice_prefix);
        return putRow(account(op.account), account(op.account).customers, op);
      case 'subscription':
        return putRow(account(op.account), account(op.account).subscriptions, op);
      case 'event':
        return putRow(account(op.account), account(op.account).events, op);
      case 'endpoint':
        return putRow(account(op.account), account(op.account).endpoints, op);
      case 'test_clock':
        return putRow(account(op.account), account(op.account).testClocks, op);
      case 'key':
        // A key that is used again after 24 hours is a new one, and goes to the end of the order.
        account(op.account).keys.delete(op.value.key);
        account(op.account).keys.set(op.value.key, op.value);
        return;
      case 'delivery': {
        const count = countFor(account(op.value.account), op.value.event);
        if (!state.deliveries.has(deliveryId(op.value))) count.pending += 1;
        state.deliveries.set(deliveryId(op.value), op.value);
        return;
      }
      case 'delivered': {
        const delivery = state.deliveries.get(op.id);
        if (!delivery) return;
        state.deliveries.delete(op.id);
        const count = countFor(account(delivery.account), delivery.event);
        count.pending -= 1;
        if (op.ok) count.failed.delete(delivery.endpoint);
        else count.failed.add(delivery.endpoint);
        if (count.pending === 0 && count.failed.size === 0)
          account(delivery.account).undelivered.delete(delivery.event);
        return;
      }
      case 'undelivered':
        countFor(account(op.account), op.event).failed = new Set(op.failed);
        return;
      case 'ledger':
        return state.ledger.add(op.value);
      case 'ledger_reset':
        return state.ledger.clear();
      case 'clock':
        state.clockOffset = op.offset;
        return;
      case 'api_key':
        state.apiKeys.set(op.key, op.account);
        return;
      case 'default_account':
        state.defaultAccount = op.account;
        return;
      case 'reset':
        state.accounts.clear();
        state.apiKeys.clear();
        state.defaultAccount = null;
        state.deliveries.clear();
        state.ledger.clear();
        state.clockOffset = 0;
    }
  }

  return { state, account, commit, apply };
}

export function deliveryId(delivery: Pick<Delivery, 'event' | 'endpoint'>): string {
  return `${delivery.event}:${delivery.endpoint}`;
}

function newAccount(id: string): AccountState {
  return {
    id,
    customers: createCollection(),
    subscriptions: createCollection(),
    events: createCollection(),
    endpoints: createCollection(),
    testClocks: createCollection(),
    keys: new Map(),
    invoicePrefixes: new Set(),
    undelivered: new Map(),
    nextSeq: 1,
  };
}

function putRow<T>(account: AccountState, collection: Collection<T>, change: Put<T>): void {
  const { id, created, seq, at, value } = change;
  collection.put({ id, created, seq, at, value });
  account.nextSeq = Math.max(account.nextSeq, seq + 1);
}

function countFor(account: AccountState, event: string): Undelivered {
  let count = account.undelivered.get(event);
  if (!count) account.undelivered.set(event, (count = { pending: 0, failed: new Set() }));
  return count;
}
