import { onlyCustomers } from '../../support/only-target.ts';
import { expect } from 'chai';
import { ensureConnection, ensureConnections, readInstanceId } from '../../../db/connections.ts';
import { findUndelivered } from '../../../db/deliveries.ts';
import { countNotLinked } from '../../../db/mappings/first-link.ts';
import { readWalkPosition, walkName } from '../../../db/relay/receive-gap.ts';
import { beginReading, endReading } from '../../../db/account-readings.ts';
import { bindAccount } from '../../../lib/integrations/bind.ts';
import { placeExistingRows } from '../../../lib/intake/existing-rows.ts';
import { receiveOutbound } from '../../../lib/intake/receive.ts';
import type { SyncDeps } from '../../../lib/sync/step.ts';
import { createLane } from '../../../workers/lane.ts';
import { useDatabase } from '../../support/database.ts';
import { createWorld, emptyTables, type SyncWorld } from '../../support/sync.ts';
import { startToy, TOKEN, type ToyServer } from '../../support/toy/double/server.ts';
import { createToyIntegration } from '../../support/toy/system/toy.ts';

const PLACE = { system: 'toy', account: 'toy_account', externalType: 'person' };

describe('rows that were in the table when a system came', () => {
  const database = useDatabase();
  let world: SyncWorld;
  let toy: ToyServer;
  let deps: SyncDeps;

  beforeEach('start two systems', async () => {
    await emptyTables(database.db);
    world = await createWorld(database.db, {});
    toy = await startToy({ now: () => world.clock.now().getTime() });
    const instanceId = await readInstanceId(world.db);
    deps = { ...world.deps, integration: createToyIntegration({ url: toy.url, token: TOKEN, instanceId }) };
    await beginReading(world.db, { ...PLACE, imports: false, now: world.clock.now() });
    await endReading(world.db, PLACE, world.clock.now());
  });
  afterEach('stop them', async () => {
    await toy.close();
    await world.lane.drain();
    await world.simulator.close();
  });

  /** Every event that is in the table, as a new consumer group gets all that Kafka still has. */
  const receive = async (): Promise<number> => {
    const range = { system: 'toy', after: 0, upTo: 2 ** 52, limit: 10_000 };
    const events = await findUndelivered(world.db, range);
    return receiveOutbound({ ...deps, wake: () => undefined }, onlyCustomers(PLACE), events);
  };
  async function work(): Promise<void> {
    const lane = createLane(deps, { owner: 'test', concurrency: 4, leaseMs: 60_000 }, () => undefined);
    for (;;) {
      const received = await receive();
      const started = await lane.runOnce();
      await lane.drain();
      if (received + started === 0) return;
    }
  }
  const bind = () => bindAccount(world.db, world.clock, deps.integration);
  const names = () => toy.people().map(({ full_name: name }) => name);
  const states = async (): Promise<string[]> => {
    const { rows } = await world.db.raw<{ rows: { says: string }[] }>(
      `select concat_ws(' ', c.name, m.state, m.reason) as says from external_mappings m join customers c on c.id = m.internal_id
       where m.system = 'toy' order by c.id`,
    );
    return rows.map(({ says }) => says);
  };

  it('wait for a consent, also if their events come in before the system has answered', async () => {
    await world.create({ name: 'Ada' });
    await world.run();
    await ensureConnections(world.db, ['stripe', 'toy']);
    expect(await receive()).to.equal(1);
    await world.create({ name: 'Bea' });
    await work();
    expect(await states()).to.deep.equal(['Ada waiting not_linked', 'Bea linked']);
    expect(names()).to.deep.equal(['Bea']);
  });

  it('wait without any event of theirs, in batches, whenever a process dies between two of them', async () => {
    for (const name of ['Ada', 'Bea', 'Cy', 'Dee', 'Eve']) await world.create({ name });
    await world.run();
    await bind();
    await world.db.transaction(async (tx) => {
      await tx.raw(`set local session_replication_role = replica`);
      await tx.raw(`delete from sync_events`);
    });
    expect(await placeExistingRows(deps, { limit: 2 })).to.deep.equal({ placed: 2, more: true });
    // The process dies here; the next one goes on.
    await work();
    expect(await countNotLinked(world.db, 'toy')).to.equal(5);
    expect(await placeExistingRows(deps)).to.deep.equal({ placed: 0, more: false });
    expect(names()).to.deep.equal([]);
  });

  it('do not wait if they were deleted: there is nothing to link', async () => {
    const { id } = await world.create({ name: 'Ada' });
    await world.create({ name: 'Bea' });
    await world.run();
    await world.remove(id);
    await world.run();
    await work();
    expect(await states()).to.deep.equal(['Ada tombstoned', 'Bea waiting not_linked']);
    expect(names()).to.deep.equal([]);
  });

  it('are not what the walk for lost events begins with', async () => {
    await world.create({ name: 'Ada' });
    await world.run();
    await world.db.raw(
      `insert into relay_cursor (seen, floor, system_identifier, timeline, address_hash)
       select pg_current_snapshot(), max(id), 1, 1, '' from sync_events`,
    );
    const { rows } = await world.db.raw<{ rows: { last: number }[] }>(
      `select max(id) as last from sync_events`,
    );
    await ensureConnection(world.db, 'toy');
    expect(await readWalkPosition(world.db, walkName('toy', 'outbound'))).to.equal(rows[0]?.last);
    expect(await readWalkPosition(world.db, walkName('toy', 'inbound'))).to.equal(rows[0]?.last);
    expect(await readWalkPosition(world.db, walkName('stripe', 'outbound'))).to.equal(0);
  });

  it('flow to systems that come together to a database that none was connected to', async () => {
    await world.create({ name: 'Ada' });
    await ensureConnections(world.db, ['stripe', 'toy']);
    await world.create({ name: 'Bea' });
    await world.run();
    await work();
    expect(await states()).to.deep.equal(['Ada linked', 'Bea linked']);
    expect(names()).to.have.members(['Ada', 'Bea']);
  });

  it('wait at every system if the table was taken over', async () => {
    const { id } = await world.create({ name: 'Ada' });
    await world.db.raw(`insert into taken_over_rows values ('customer', ?)`, [id]);
    await ensureConnections(world.db, ['stripe', 'toy']);
    await world.create({ name: 'Bea' });
    await work();
    await world.db.raw(`delete from taken_over_rows`);
    expect(await states()).to.deep.equal(['Ada waiting not_linked', 'Bea linked']);
  });
});
