// What the tests of shards share: events of several customers, a relay for each shard, and changes of their number.
import { expect } from 'chai';
import type { Db } from '../../db/server/connection.ts';
import { changeShards } from '../../db/relay/shards.ts';
import type { Relay, RelayDeps } from '../../relay/contract.ts';
import { relayOn, writeEvent, type Arrivals, type World } from './world.ts';

export const KEYS = 12;

/** Versions of several customers, one after the other. */
export async function writeVersions(db: Db, from: number, count: number): Promise<number[]> {
  const ids: number[] = [];
  for (let version = from; version < from + count; version += 1)
    for (let key = 1; key <= KEYS; key += 1)
      ids.push(await writeEvent(db, { key: `customer:${key}`, version }));
  return ids;
}

export function relaysOf({ db, arrivals }: World, shards: number, options: Partial<RelayDeps> = {}): Relay[] {
  return Array.from({ length: shards }, (_, shard) =>
    relayOn(db, arrivals.bus, { shard: { shard, shards }, ...options }),
  );
}

/** Changes the number, and lets the leases of before run out at once. */
export async function divide(db: Db, shards: number): Promise<void> {
  await changeShards(db, { shards, actor: 'test' });
  await db.raw(`update leases set until = clock_timestamp() where until < 'infinity'`);
}

export const stopAll = (relays: readonly Relay[]) => Promise.all(relays.map((relay) => relay.stop()));
export const ascending = (ids: readonly number[]) => ids.toSorted((a, b) => a - b);

/** The first arrivals of each customer, in the order of their ids. */
export function expectOrder({ all }: Arrivals): void {
  const arrived = new Set<number>();
  const newest = new Map<string | null, number>();
  for (const { key, syncEventId } of all) {
    const id = syncEventId ?? 0;
    if (arrived.has(id)) continue;
    arrived.add(id);
    expect(id, `a first arrival of ${key}`).to.be.above(newest.get(key) ?? 0);
    newest.set(key, id);
  }
}
