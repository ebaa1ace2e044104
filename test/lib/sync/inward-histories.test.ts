import { expect } from 'chai';
import { useDatabase } from '../../support/database.ts';
import { FIXED, firstSeed, optionsOf } from '../../support/history-options.ts';
import { reportBroken } from '../../support/history-report.ts';
import { runHistory, type Counts } from '../../support/history.ts';

/** `SEED=…` repeats the fresh ones from that seed on; one alone, with what it does: `SEED=… make model`. */
const FRESH = firstSeed();

/**
 * How often the fixed ones have to reach each thing at least: a generator that no longer brings something about proves nothing
 * more about it.
 */
const REACHED: Record<string, number> = {
  'our create': 60,
  'our edit': 150,
  'our delete': 15,
  'our re-create': 2,
  'their create': 50,
  'their edit': 120,
  'their delete': 15,
  'their re-create': 2,
  'odd edit': 8,
  'customer made oddly': 4,
  'webhook twice': 50,
  'webhook before an older one': 25,
  'thin webhook': 20,
  'webhook lost': 25,
  'event found by the sweep': 100,
  drop_answer: 4,
  reset: 4,
  rate_limit: 5,
  'error_before_effect, kept': 2,
  'error_before_effect, not kept': 2,
  'error_after_effect, kept': 5,
  'jump of 1 min': 15,
  'jump of 1379 min': 4,
  'jump of 1380 min': 4,
  'jump of 25 h': 4,
  'jump of 744 h': 3,
  'third worker at work': 30,
  'log: reconcile.lease_lost': 15,
  'log: create.found': 1,
  'log: create.not_there': 3,
};

/** Where a worker dies or sleeps, both taken together. */
const STOPPED = [
  'reconcile.loaded',
  'reconcile.read',
  'adopt.read',
  'adopt.imported',
  'adopt.before-commit',
  'intent.stored',
  'intent.before-send',
  'intent.answered',
  'remove.guarded',
  'write-ours.before-commit',
  'write-ours.after',
  'delete-ours.before-commit',
  'delete-ours.after',
  'settle.before',
  'settle.before-commit',
  'settle.after',
];

describe('random histories of both sides', function () {
  this.timeout(0);
  const database = useDatabase();

  async function runAll(seeds: readonly number[]): Promise<Counts> {
    const counts: Counts = {};
    for (const seed of seeds) {
      const verdict = await runHistory(database.db, optionsOf(seed));
      for (const [what, times] of Object.entries(verdict.counts)) counts[what] = (counts[what] ?? 0) + times;
      if (verdict.wrong.length > 0) expect.fail(await reportBroken(database.db, optionsOf(seed)));
    }
    return counts;
  }

  it('end in agreement, with no edit lost without a word: 100 that never change, which reach every awkward thing', async () => {
    const counts = await runAll(FIXED);
    const seldom = Object.entries(REACHED).filter(([what, times]) => (counts[what] ?? 0) < times);
    expect(seldom.map(([what, times]) => `${what}: ${counts[what] ?? 0}, not ${times}`)).to.deep.equal([]);
    const passed = STOPPED.filter((at) => !counts[`died at ${at}`] && !counts[`slept at ${at}`]);
    expect(passed, 'where nobody died or slept').to.deep.equal([]);
  });

  it(`end in agreement, with no edit lost without a word: 50 fresh ones, from seed ${FRESH}`, async () => {
    await runAll(Array.from({ length: 50 }, (_, n) => FRESH + n));
  });
});
