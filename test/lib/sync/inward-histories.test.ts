import { expect } from 'chai';
import { useDatabase } from '../../support/database.ts';
import { firstSeed, runHistory, type HistoryOptions } from '../../support/history.ts';

/** `SEED=… node_modules/.bin/mocha test/lib/sync/inward-histories.test.ts` repeats the histories from that seed on. */
const SEED = firstSeed();
const TIME_MS = 4_000;

const worlds: Record<string, Omit<HistoryOptions, 'seed'>> = {
  'our edits win': {},
  'their edits win': { rules: { conflict: 'external_wins' } },
  'keys outlive their time': { longTimes: true, policy: { parkAfterMs: Infinity } },
  'people share emails': { sharedEmails: true },
  'people share emails, leave fields empty and copy marks; theirs win': {
    sharedEmails: true,
    oddities: true,
    rules: { conflict: 'external_wins' },
  },
};

/** Random histories that once ended badly, each with what it showed. */
const known: [string, number, Omit<HistoryOptions, 'seed'>][] = [
  [
    'a write of unknown outcome met as an edit of theirs',
    1109,
    { rules: { conflict: 'external_wins' }, deletes: false },
  ],
  ['the same where emails are shared', 3054, { sharedEmails: true }],
  [
    'a write of unknown outcome, of which a part stands and a part was edited since',
    47012,
    { sharedEmails: true, oddities: true, actions: 160, rules: { conflict: 'external_wins' } },
  ],
  [
    'a conflict whose write came to nothing, met again in a later version of the row',
    82065,
    { sharedEmails: true, oddities: true, actions: 160 },
  ],
  ['a deletion heard before it was known whose the record is', 3065, { sharedEmails: true }],
];

describe('inward: random histories of both sides', () => {
  const database = useDatabase();

  for (const [name, seed, options] of known) {
    it(`agree at their end: ${name}`, async () => {
      expect(await runHistory(database.db, { ...options, seed })).to.deep.equal([]);
    });
  }

  for (const [name, options] of Object.entries(worlds)) {
    it(`end in agreement, with no edit lost without a word (${name})`, async () => {
      const end = performance.now() + TIME_MS;
      for (let seed = SEED; seed === SEED || performance.now() < end; seed++) {
        const trace: string[] = [];
        const wrong = await runHistory(database.db, { ...options, seed, trace: (line) => trace.push(line) });
        expect(wrong, `SEED=${seed}\n${trace.join('\n')}`).to.deep.equal([]);
      }
    });
  }
});
