import { expect } from 'chai';
import { useDatabase } from '../../support/database.ts';
import { firstSeed, optionsOf } from '../../support/history-options.ts';
import { reportBroken } from '../../support/history-report.ts';
import { runHistory, type Counts } from '../../support/history.ts';

/** `SEED=…` repeats the fresh ones from that seed on; one alone, with what it does: `SEED=… make model`. */
const FRESH = firstSeed();

/** Of the hundred in history-options.ts these together reach everything below, in a fifth of the time. */
const PLAYED = [5, 17, 21, 23, 25, 27, 32, 38, 40, 42, 44, 46, 49, 62, 64, 65, 73, 74, 82, 94, 95, 99];

/**
 * How often the fixed ones have to reach each thing at least: a generator that no longer brings something about proves nothing
 * more about it.
 */
const REACHED: Record<string, number> = {
  'our create': 24,
  'our edit': 40,
  'our delete': 4,
  'their create': 20,
  'their edit': 33,
  'their delete': 5,
  'odd edit': 3,
  'customer made oddly': 2,
  'webhook twice': 16,
  'webhook before an older one': 4,
  'two events for one change': 5,
  'thin webhook': 5,
  'webhook lost': 9,
  'event found by the sweep': 63,
  drop_answer: 1,
  reset: 2,
  'reset of GET': 1,
  rate_limit: 2,
  'error_before_effect, kept': 1,
  'error_before_effect, not kept of GET': 2,
  'error_before_effect, not kept of GET of events': 1,
  'error_after_effect, kept': 1,
  'resource_missing of GET': 2,
  'hung GET': 1,
  'hung POST': 1,
  'hung call lost its client': 1,
  replay: 18,
  pause: 8,
  'record of before': 8,
  'account read': 2,
  'double made': 11,
  'double deleted': 3,
  'double given its own email': 3,
  'record chosen: linked': 7,
  'jump of 1 min': 4,
  'jump of 1379 min': 1,
  'jump of 1380 min': 1,
  'jump of 25 h': 1,
  'jump of 744 h': 1,
  'third worker at work': 21,
  'log: reconcile.lease_lost': 17,
  'log: create.not_there': 1,
};

/**
 * Each comes about in a few of these histories only, and which call a fault meets may differ from one time to
 * the next: most of them have to be reached.
 */
const RARE = [
  'our re-create',
  'their re-create',
  'name_invalid',
  'resource_missing',
  'hung POST of one that died',
  'conflict reversed',
  'consent to link rows that wait',
  'record chosen: consented',
  'deletion accepted',
  'stuck pair: recreate',
  'error_before_effect, not kept',
  'answered late',
  'executed late',
];
const RARE_REACHED = 9;

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

  it(`end in agreement, with every lost edit reported: ${PLAYED.length} that never change, which reach every awkward thing`, async () => {
    const counts = await runAll(PLAYED);
    const seldom = Object.entries(REACHED).filter(([what, times]) => (counts[what] ?? 0) < times);
    expect(seldom.map(([what, times]) => `${what}: ${counts[what] ?? 0}, not ${times}`)).to.deep.equal([]);
    const rare = RARE.filter((what) => (counts[what] ?? 0) > 0);
    expect(rare.length, rare.join(', ')).to.be.at.least(RARE_REACHED);
    const passed = STOPPED.filter((at) => !counts[`died at ${at}`] && !counts[`slept at ${at}`]);
    expect(passed, 'where nobody died or slept').to.deep.equal([]);
  });

  it(`end in agreement, with every lost edit reported: 8 fresh ones, from seed ${FRESH}`, async () => {
    await runAll(Array.from({ length: 8 }, (_, n) => FRESH + n));
  });
});
