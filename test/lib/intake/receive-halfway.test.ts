import { onlyCustomers } from '../../support/only-target.ts';
import { expect } from 'chai';
import { findUndelivered } from '../../../db/deliveries.ts';
import { receiveOutbound } from '../../../lib/intake/receive.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { outcomesOf } from '../../support/sync-rows.ts';
import { fateOf, linkedPair, useTwoWay } from '../../support/two-way.ts';

/**
 * A receive that breaks off after it stored the delivery and before it raised the mapping: the
 * repeat must not be skipped as known.
 */
describe('a receive that breaks off half-way', () => {
  const world = useTwoWay();
  const target = { system: 'stripe', externalType: 'customer' };

  /** Every attempt to raise a mapping fails for as long as `work` runs. */
  async function withoutRaises(work: () => Promise<unknown>): Promise<void> {
    await world.db.raw(`
      create function refuse_raise() returns trigger language plpgsql as $$ begin raise exception 'broken off'; end $$;
      create trigger refuse_raise before update of dirty on external_mappings for each row execute function refuse_raise()`);
    try {
      const error = await work().then(
        () => null,
        (failure: unknown) => failure,
      );
      expect(String(error)).to.include('broken off');
    } finally {
      await world.db.raw(`drop trigger refuse_raise on external_mappings; drop function refuse_raise()`);
    }
  }

  it('still carries our change once the bus delivers it again', async () => {
    const { id, externalId } = await linkedPair(world);
    await world.update(id, { name: 'Changed here' });
    const events = await findUndelivered(world.db, { system: 'stripe', after: 0, upTo: 2 ** 52, limit: 100 });
    const receive = () =>
      receiveOutbound(
        { db: world.db, clock: world.clock, wake: () => undefined },
        onlyCustomers(target),
        events,
      );
    await withoutRaises(receive);
    expect(await receive()).to.equal(1);
    await world.rest();
    expect(world.simulator.customers().find((customer) => customer.id === externalId)?.name).to.equal(
      'Changed here',
    );
    expect(await outcomesOf(world.db, id)).to.not.include('queued');
    await expectAgreement(world);
  });

  it('still carries their change once the bus delivers it again', async () => {
    const { externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Changed there' });
    await world.deliver();
    await withoutRaises(() => world.receiveInbound());
    expect(await world.receiveInbound()).to.equal(1);
    await world.rest();
    expect((await fateOf(world.db, externalId)).at(-1)).to.equal('updated applied');
    await expectAgreement(world);
  });
});
