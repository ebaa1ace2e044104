/** The histories of `make test` that never change, up to the first that is broken: what `make defects` runs against some defects. */
import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { FIXED, optionsOf } from '../support/history-options.ts';
import { runHistory } from '../support/history.ts';

describe('histories', function () {
  this.timeout(0);
  const database = useDatabase();

  it('that never change end in agreement', async () => {
    for (const seed of FIXED) {
      const { wrong } = await runHistory(database.db, optionsOf(seed));
      if (wrong.length > 0) expect.fail(`SEED=${seed}: ${wrong.join('; ')}`);
    }
  });
});
