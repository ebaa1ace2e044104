import { expect } from 'chai';
import { useDatabase } from '../../support/database.ts';
import { firstSeed, runHistory } from '../../support/history.ts';

const SEED = firstSeed();
const COUNT = 500;

describe('long random histories of both sides', function () {
  this.timeout(0);
  const database = useDatabase();

  for (const conflict of ['internal_wins', 'external_wins'] as const) {
    it(`end in agreement: ${COUNT} of them, ${conflict}, from seed ${SEED}`, async () => {
      for (let seed = SEED; seed < SEED + COUNT; seed++) {
        const options = { seed, actions: 120, sharedEmails: true, oddities: true, rules: { conflict } };
        expect(await runHistory(database.db, options), `SEED=${seed}`).to.deep.equal([]);
      }
    });
  }
});
