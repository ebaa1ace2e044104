/** Queries of the ledger, and waiting for a call that will be in it. */
import type { LedgerEntry } from './ledger-book.ts';
import { createSignal } from '../signal.ts';
import type { Store } from '../store/store.ts';

export type LedgerFilter = Partial<
  Pick<
    LedgerEntry,
    | 'source'
    | 'account'
    | 'method'
    | 'path'
    | 'request_id'
    | 'idempotency_key'
    | 'customer'
    | 'status'
    | 'replayed'
    | 'effect'
  >
> & {
  /** Only entries after this one. */
  after?: number;
  /** Only entries whose key has this beginning. */
  keyPrefix?: string;
};

export type EffectsReport = {
  calls: number;
  effects: number;
  created: number;
  deleted: number;
  /** Customers that are not deleted, in all accounts. */
  living: number;
  /** Idempotency keys under which more than one effect happened. */
  repeated: { idempotency_key: string; effects: number }[];
};

export type Ledger = ReturnType<typeof createLedger>;

export function createLedger(store: Store) {
  const signal = createSignal();

  function entries(filter: LedgerFilter = {}): LedgerEntry[] {
    return store.state.ledger.entries((entry) => fits(entry, filter));
  }

  /** Resolves once `count` entries fit; entries that exist already count too. */
  function waitFor(filter: LedgerFilter, count = 1): Promise<LedgerEntry[]> {
    return signal.until(() => {
      const found = entries(filter);
      return found.length < count ? null : found;
    });
  }

  function effects(): EffectsReport {
    const { writes } = store.state.ledger;
    const byKey = new Map<string, number>();
    const report: EffectsReport = { calls: 0, effects: 0, created: 0, deleted: 0, living: 0, repeated: [] };
    for (const entry of writes) {
      report.calls += 1;
      if (!entry.effect) continue;
      report.effects += 1;
      if (entry.method === 'POST' && entry.path === '/v1/customers') report.created += 1;
      if (entry.method === 'DELETE' && entry.path.startsWith('/v1/customers/')) report.deleted += 1;
      if (entry.idempotency_key === null) continue;
      const place = `${entry.account} ${entry.idempotency_key}`;
      byKey.set(place, (byKey.get(place) ?? 0) + 1);
    }
    for (const account of store.state.accounts.values()) report.living += account.customers.living.length;
    for (const [place, count] of byKey) {
      if (count > 1)
        report.repeated.push({ idempotency_key: place.slice(place.indexOf(' ') + 1), effects: count });
    }
    return report;
  }

  return {
    entries,
    waitFor,
    effects,
    reset: () => store.commit([{ op: 'ledger_reset' }]),
    /** Must be called after the entry of each call is committed. */
    announce: signal.announce,
  };
}

function fits(entry: LedgerEntry, filter: LedgerFilter): boolean {
  const { after, keyPrefix, ...equal } = filter;
  if (after !== undefined && entry.seq <= after) return false;
  if (keyPrefix !== undefined && !entry.idempotency_key?.startsWith(keyPrefix)) return false;
  const members = new Map<string, unknown>(Object.entries(entry));
  return Object.entries(equal).every(([name, value]) => members.get(name) === value);
}
