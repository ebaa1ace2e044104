import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { createWorkers, type Workers } from '../support/killed-worker.ts';
import { describeTable, killAtAll } from './table.ts';
import { ways } from './ways.ts';

/** The proof (crash.proof.ts) does the same with every case, and checks that no failpoint is without a case. */
describe('a worker that is killed', function () {
  this.timeout(120_000);
  const database = useDatabase();
  let workers: Workers;

  before(() => {
    workers = createWorkers(database.url);
  });
  after(() => workers.end());

  for (const way of ways.filter(({ quick }) => quick === true)) {
    it(`in the case "${way.name}" leaves nothing undone, at whichever failpoint`, async () => {
      const row = await killAtAll(database.db, workers, way);
      console.log(describeTable([row]));
      expect(row.points.flatMap(({ violations }) => violations)).to.deep.equal([]);
    });
  }
});
