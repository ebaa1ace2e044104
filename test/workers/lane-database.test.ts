import { expect } from 'chai';
import { createDb, type Db } from '../../db/server/connection.ts';
import { testServerUrl } from '../support/server.ts';
import { pauseAt, waitUntil } from '../support/signal.ts';
import { mappingOf } from '../support/sync-rows.ts';
import { useSync } from '../support/sync.ts';

type Lease = { leased: boolean };

describe('a lane whose database connection is lost', () => {
  const world = useSync();
  let admin: Db;
  before('connect beside it', async () => {
    admin = createDb({ url: await testServerUrl(), poolSize: 1, applicationName: 'admin' });
  });
  after('close that', async () => {
    await admin.destroy();
  });

  const leases = async (): Promise<Lease[]> =>
    (await world.db.raw<{ rows: Lease[] }>('select lease_until is not null as leased from external_mappings'))
      .rows;

  /**
   * As in a crash of PostgreSQL: every connection breaks, and none can be opened until `back` is
   * called.
   */
  async function takeAway(): Promise<{ back(): Promise<void> }> {
    const { rows } = await world.db.raw<{ rows: { name: string }[] }>('select current_database() as name');
    const name = rows[0]?.name ?? '';
    const allow = (yes: boolean) => admin.raw(`alter database ?? with allow_connections ${yes}`, [name]);
    await allow(false);
    await admin.raw('select pg_terminate_backend(pid) from pg_stat_activity where datname = ?', [name]);
    return {
      async back() {
        await allow(true);
        const answers = () => leases().then(Boolean, () => false);
        await waitUntil(answers, { timeoutMs: 20_000, what: 'the database answers' });
      },
    };
  }

  it('releases interrupted work as soon as the database is back, and the customer waits for no lease to expire', async () => {
    const { id } = await world.create();
    await world.receive();
    const answered = pauseAt('intent.answered');
    await world.lane.runOnce();
    await answered.reached;
    const away = await takeAway();
    answered.resume();
    await world.lane.drain();
    await away.back();
    expect(await leases()).to.deep.equal([{ leased: true }]);

    await world.lane.runOnce();
    expect(await leases()).to.deep.equal([{ leased: false }]);
    world.advance(60_000);
    await world.run();
    expect(await mappingOf(world.db, id)).to.include({ state: 'linked' });
    expect(world.simulator.customers()).to.have.length(1);
  });
});
