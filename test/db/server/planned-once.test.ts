// A prepared statement is planned once only if PostgreSQL finds the plan that it keeps as cheap as one that it makes for
// the values of a call: after five calls it compares the two. A statement that loses is planned at every call.
import { expect } from 'chai';
import { keepPartitions } from '../../../db/partitions/partitions.ts';
import { createDb, type Db } from '../../../db/server/connection.ts';
import { useDatabase } from '../../support/database.ts';
import { createWorld, emptyTables, type SyncWorld } from '../../support/sync.ts';

const CUSTOMERS = 12;

describe('the prepared statements of a worker', () => {
  const database = useDatabase();
  // One session, which keeps the plans of all that the engine asks.
  let db: Db;
  let world: SyncWorld;
  beforeEach(async () => {
    db = createDb({ url: database.url, poolSize: 1, applicationName: 'test' });
    await emptyTables(db);
    await keepPartitions(db, { now: new Date('2026-03-01T12:00:00Z'), retentionDays: 35 });
    world = await createWorld(db, {
      policy: { looksBeforeCreate: true, rates: { account: 1_000, endpoint: 1_000 } },
    });
  });
  afterEach(async () => {
    await world.lane.drain();
    await world.simulator.close();
    await db.destroy();
  });

  const plannedEachTime = async (): Promise<string[]> => {
    const { rows } = await db.raw<{ rows: { statement: string }[] }>(
      `select regexp_replace(statement, '\\s+', ' ', 'g') as statement from pg_prepared_statements where custom_plans > 5`,
    );
    return rows.map(({ statement }) => statement.slice(0, 80));
  };

  it('are planned five times, however often they run', async () => {
    for (let n = 0; n < CUSTOMERS; n += 1) {
      const { id } = await world.create();
      await world.run();
      await world.update(id, { name: `Customer ${n} has moved` });
      await world.run();
      await world.bringTheirs();
      await world.run();
    }
    expect(await plannedEachTime()).to.deep.equal([]);
  });
});
