// The histories of Stripe, against a system with other names for its fields, another way to write and
// other promises: what the engine keeps does not depend on Stripe.
import { expect } from 'chai';
import type { Capabilities } from '../../../lib/integrations/integration.ts';
import { useDatabase } from '../../support/database.ts';
import { optionsOf } from '../../support/history-options.ts';
import { reportBroken } from '../../support/history-report.ts';
import { runHistory, type Counts } from '../../support/history.ts';
import { toySystem } from '../../support/toy/beside-the-engine.ts';

type World = { promises: Partial<Capabilities>; histories: number };

/**
 * With unique tags, the record of a lost create is linked without a base, so an older value of ours may
 * stand as theirs in a conflict row (docs/decisions/0063-promises-and-rests.md): losses.ts allows it
 * there.
 */
const WORLDS: Record<string, World> = {
  'with keys': { promises: {}, histories: 20 },
  'with versions, without any promise for creates': {
    promises: { creates: 'none', updates: 'version', requestLifeMs: 0 },
    histories: 10,
  },
  'with neither keys nor versions for updates': {
    promises: { creates: 'unique-tag', updates: 'none', deletes: 'archive', requestLifeMs: 0 },
    histories: 10,
  },
};

/** In all of them together: a history in which nothing goes wrong proves little. */
const REACHED = [
  ...['our edit', 'their edit', 'our delete', 'their delete', 'webhook lost', 'event found by the sweep'],
  ...['drop_answer of PATCH', 'reset of PATCH', 'hung POST', 'hung PATCH', 'hung call lost its client'],
];

describe('random histories against another system', function () {
  this.timeout(300_000);
  const database = useDatabase();
  const counts: Counts = {};

  for (const [title, { promises, histories }] of Object.entries(WORLDS)) {
    it(`keep every law, ${title}`, async () => {
      for (let seed = 1; seed <= histories; seed += 1) {
        const options = { ...optionsOf(seed), system: toySystem(promises) };
        const verdict = await runHistory(database.db, options);
        for (const [what, times] of Object.entries(verdict.counts))
          counts[what] = (counts[what] ?? 0) + times;
        if (verdict.wrong.length > 0) expect.fail(await reportBroken(database.db, options));
      }
    });
  }

  it('meet every kind of trouble', () => {
    expect(REACHED.filter((what) => (counts[what] ?? 0) === 0)).to.deep.equal([]);
  });
});
