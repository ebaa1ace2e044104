// Random histories of the shop from one seed, for the test and for the proof.
import { expect } from 'chai';
import fc from 'fast-check';
import { disableFailpoints } from '../../../lib/failpoint.ts';
import { createTestDatabase } from '../database.ts';
import { enablePauses } from '../workers.ts';
import { history, play, type Move } from './histories.ts';
import { judge } from './laws.ts';
import { calm, clearFaults, count } from './trouble.ts';
import { createShopWorld } from './world.ts';

/** How often each kind of trouble was met. */
export type Counts = Record<string, number>;

/** A history that takes longer does not end: a worker goes round in a circle. */
const LONGEST_MS = 300_000;

/** Throws the shortest history found that breaks a law. */
export async function runShopHistories({ runs, seed }: { runs: number; seed: number }): Promise<Counts> {
  const counts: Counts = {};
  await fc.assert(
    fc.asyncProperty(history, (moves) => runOne(moves, counts)),
    { numRuns: runs, seed, endOnFailure: true, plugins: [fc.timeout(LONGEST_MS)] },
  );
  return counts;
}

export async function runOne(moves: readonly Move[], counts: Counts = {}): Promise<void> {
  const { db, drop } = await createTestDatabase();
  const world = await createShopWorld(db, ['shop', 'mart'], { strict: 'mart' });
  enablePauses();
  try {
    const { written, met } = await play(world, moves);
    count(counts, met.counts);
    for (const side of world.sides)
      for (const each of [clearFaults(side), side.mail.met]) count(counts, each);
    await calm(world, ...world.sides);
    expect([...met.wrong, ...(await judge(world, written))].join('\n')).to.equal('');
    const calls = world.sides.map(({ shop }) => shop.calls().length);
    await world.rest();
    expect(
      world.sides.map(({ shop }) => shop.calls().length),
      'calls of a second look',
    ).to.deep.equal(calls);
  } finally {
    disableFailpoints();
    await world.close();
    await db.destroy();
    await drop();
  }
}
