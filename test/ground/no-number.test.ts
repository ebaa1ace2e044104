// A sequence that gives out no id is not an error of the row that is being written.
import { expect } from 'chai';
import { expectAgreement } from '../support/invariants.ts';
import { useTwoWay } from '../support/two-way.ts';

describe('a sequence of the event ids that gives out no id', () => {
  const world = useTwoWay();

  it('makes a webhook fail, so that Stripe sends it again, and counts no event as refused', async () => {
    world.simulator.dashboard.createCustomer({ name: 'Ada', email: 'ada@numbers.example' });
    await world.db.raw(
      `do $$ begin execute 'alter sequence sync_event_ids maxvalue ' || greatest(nextval('sync_event_ids'), nextval('sync_event_ids')); end $$`,
    );
    expect(await world.deliver().catch((error: unknown) => error)).to.include({ code: '2200H' });
    await world.db.raw('alter sequence sync_event_ids no maxvalue');
    expect(await world.deliver()).to.deep.equal(['stored']);
    await world.rest();
    await expectAgreement(world);
  });
});
