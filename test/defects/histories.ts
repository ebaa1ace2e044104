/**
 * The histories of `make test` with fixed seeds, up to the first that fails: `make defects` runs
 * them against some defects.
 */
import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { FIXED, optionsOf } from '../support/history-options.ts';
import { runHistory } from '../support/history.ts';

describe('the histories with fixed seeds', function () {
  this.timeout(0);
  const database = useDatabase();

  it('end in agreement', async () => {
    for (const seed of FIXED) {
      const { wrong } = await runHistory(database.db, optionsOf(seed));
      if (wrong.length > 0) expect.fail(`SEED=${seed}: ${wrong.join('; ')}`);
    }
  });
});
