// An older state of the database behind a Kafka that is ahead of it: only the records themselves
// show it.
import { expect } from 'chai';
import { readInstanceId } from '../../db/connections.ts';
import { readRestoreSigns } from '../../db/relay/identity.ts';
import { findLostOnBus } from '../../lib/events/lost-events.ts';
import { useSync } from '../support/sync.ts';
import { useChain } from './support/chain.ts';

describe('a Kafka that is ahead of a restored database', function () {
  this.timeout(60_000);
  const world = useSync();
  const chain = useChain(world);

  it('is distinguished from one whose newest page a dead relay could not save', async () => {
    const { db } = world;
    await world.create({ name: 'Ada', email: 'ada@example.com' });
    await world.create({ name: 'Alan', email: 'alan@example.com' });
    await chain.relayAll();
    const newest = () => chain.kafka.newest([chain.topic]);
    const own = await readInstanceId(db);
    expect((await newest()).map(({ installation }) => installation)).to.deep.equal([own, own]);
    expect(await findLostOnBus(db, await newest()), 'all of them are here').to.equal(null);

    await db.transaction((tx) =>
      tx.raw(`set local session_replication_role = replica;
        delete from sync_events where entity_id = (select max(id) from customers);
        delete from customers where id = (select max(id) from customers)`),
    );
    expect(await findLostOnBus(db, await newest())).to.include({ by: 'bus', count: 1 });
    expect(await readRestoreSigns(db), 'the relay notes it, not the look').to.equal(null);
  });
});
