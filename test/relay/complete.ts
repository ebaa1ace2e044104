// What must be true of everything that arrived, once the writers have ended.
import { expect } from 'chai';
import type { Db } from '../../db/server/connection.ts';
import type { Arrival } from './processes.ts';

export type Committed = { id: number; key: string; version: number };

export async function readCommitted(db: Db): Promise<Committed[]> {
  const { rows } = await db.raw<{ rows: Committed[] }>(
    'select id, entity_key as key, version from sync_events order by id',
  );
  return rows;
}

export function expectComplete(arrivals: readonly Arrival[], committed: readonly Committed[]): void {
  const arrived = new Map(arrivals.map(({ id, key, version }) => [id, `${key} ${version}`]));
  const lost = committed.filter(({ id, key, version }) => arrived.get(id) !== `${key} ${version}`);
  expect(lost, 'committed and not delivered').to.deep.equal([]);
  expect(arrived.size, 'delivered and not committed').to.equal(committed.length);
}

/** The first arrivals of each entity are its versions, one by one. */
export function expectOrder(arrivals: readonly Arrival[]): void {
  const reached = new Map<string, number>();
  const wrong = arrivals.filter(({ key, version }) => {
    const before = reached.get(key) ?? 0;
    if (version <= before) return false;
    reached.set(key, version);
    return version !== before + 1;
  });
  expect(wrong, 'arrived before an older version of the same entity').to.deep.equal([]);
}
