import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { createWorkers, type Workers } from '../support/killed-worker.ts';
import { describeTable, killAtAll, type Row } from './table.ts';
import { ways } from './ways.ts';

describe('a worker that is killed', function () {
  this.timeout(0);
  const database = useDatabase();
  let workers: Workers;
  const rows: Row[] = [];

  before(() => {
    workers = createWorkers(database.url);
  });
  after(() => {
    workers.end();
    console.log(describeTable(rows));
  });

  for (const way of ways) {
    it(`in the case "${way.name}" leaves nothing undone, at whichever failpoint`, async () => {
      const row = await killAtAll(database.db, workers, way);
      rows.push(row);
      expect(row.points.flatMap(({ violations }) => violations)).to.deep.equal([]);
    });
  }
});
