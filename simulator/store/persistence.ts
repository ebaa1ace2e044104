/** Reads the journal into a store at the start, and writes back the lines that are still needed. */
import type { Collection, Row } from '../http/collection.ts';
import type { Journal } from './journal.ts';
import type { Op, Store } from './store.ts';

/** Lines have a few operations each, so that reading one never needs much memory. */
const OPS_PER_LINE = 50;

export function loadJournal(store: Store, journal: Journal): { tornLine: boolean } {
  let number = 0;
  const result = journal.read((line) => {
    number += 1;
    for (const op of parseLine(line, number)) store.apply(op);
  });
  journal.rewrite(snapshotLines(store));
  return result;
}

function parseLine(line: string, number: number): Op[] {
  try {
    return JSON.parse(line) as Op[]; // written by this program only
  } catch (error) {
    throw new Error(
      `Line ${number} of the simulator's journal is damaged. Remove the data folder to start again with an empty one.`,
      {
        cause: error,
      },
    );
  }
}

function* snapshotLines(store: Store): Generator<string> {
  let batch: Op[] = [];
  for (const op of snapshot(store)) {
    batch.push(op);
    if (batch.length >= OPS_PER_LINE) {
      yield JSON.stringify(batch);
      batch = [];
    }
  }
  if (batch.length > 0) yield JSON.stringify(batch);
}

function* snapshot({ state }: Store): Generator<Op> {
  yield { op: 'clock', offset: state.clockOffset };
  if (state.defaultAccount !== null) yield { op: 'default_account', account: state.defaultAccount };
  for (const [key, account] of state.apiKeys) yield { op: 'api_key', key, account };
  for (const account of state.accounts.values()) {
    yield* rows('customer', account.id, account.customers);
    yield* rows('subscription', account.id, account.subscriptions);
    yield* rows('event', account.id, account.events);
    yield* rows('endpoint', account.id, account.endpoints);
    yield* rows('test_clock', account.id, account.testClocks);
    for (const value of account.keys.values()) yield { op: 'key', account: account.id, value };
    for (const [event, { failed }] of account.undelivered) {
      if (failed.size > 0) yield { op: 'undelivered', account: account.id, event, failed: [...failed] };
    }
  }
  for (const value of state.deliveries.values()) yield { op: 'delivery', value };
  for (const value of state.ledger.entries()) yield { op: 'ledger', value };
}

type RowOp = 'customer' | 'subscription' | 'event' | 'endpoint' | 'test_clock';

function* rows<T>(op: RowOp, account: string, collection: Collection<T>): Generator<Op> {
  for (const row of collection.all()) {
    for (const version of kept(row)) {
      // A cast because the compiler cannot see that this collection is the one of this operation.
      yield { op, account, id: row.id, created: row.created, seq: row.seq, ...version } as Op;
    }
  }
}

/** A deleted row needs its last living version too, for the invoice prefix that stays taken. */
function kept<T>(row: Row<T>): Row<T>['versions'] {
  return row.versions.slice(-2);
}
