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
  'two events for one change': 20,
  'thin webhook': 20,
  'webhook lost': 25,
  'event found by the sweep': 100,
  drop_answer: 5,
  reset: 6,
  'reset of GET': 10,
  rate_limit: 4,
  'error_before_effect, kept': 4,
  'error_before_effect, not kept': 3,
  'error_before_effect, not kept of GET': 5,
  'error_before_effect, not kept of GET of events': 3,
  'error_after_effect, kept': 4,
  resource_missing: 2,
  'resource_missing of GET': 2,
  name_invalid: 1,
  'hung GET': 3,
  'hung POST': 5,
  'hung POST of one that died': 2,
  'hung call lost its client': 2,
  'answered late': 3,
  'executed late': 2,
  replay: 15,
  pause: 10,
  'conflict reversed': 1,
  'record of before': 60,
  'account read': 15,
  'consent to link rows that wait': 1,
  'double made': 60,
  'double deleted': 15,
  'double given its own email': 15,
  'record chosen: linked': 30,
  'record chosen: consented': 1,
  'deletion accepted': 1,
  'stuck pair: recreate': 1,
  'jump of 1 min': 15,
  'jump of 1379 min': 4,
  'jump of 1380 min': 4,
  'jump of 25 h': 4,
  'jump of 744 h': 3,
  'third worker at work': 30,
  'log: reconcile.lease_lost': 15,
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

  it('end in agreement, with every lost edit reported: 100 that never change, which reach every awkward thing', async () => {
    const counts = await runAll(FIXED);
    const seldom = Object.entries(REACHED).filter(([what, times]) => (counts[what] ?? 0) < times);
    expect(seldom.map(([what, times]) => `${what}: ${counts[what] ?? 0}, not ${times}`)).to.deep.equal([]);
    const passed = STOPPED.filter((at) => !counts[`died at ${at}`] && !counts[`slept at ${at}`]);
    expect(passed, 'where nobody died or slept').to.deep.equal([]);
  });

  it(`end in agreement, with every lost edit reported: 20 fresh ones, from seed ${FRESH}`, async () => {
    await runAll(Array.from({ length: 20 }, (_, n) => FRESH + n));
  });
});
