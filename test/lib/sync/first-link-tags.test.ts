import { expect } from 'chai';
import { askForRead } from '../../../db/inbound.ts';
import type { Customer } from '../../support/customers.ts';
import type { LinkPlan } from '../../../lib/operations/planned-link.ts';
import { consentToAll, waitingRow } from '../../support/first-link.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { conflictsOf, mappingOf } from '../../support/sync-rows.ts';
import { mappingsIn, useTwoWay } from '../../support/two-way.ts';

describe('our owner tags at the first link', () => {
  const world = useTwoWay();

  it('links nothing by our owner tag either before the consent, whatever asks for the record', async () => {
    const row = await waiting({ name: 'Marked', email: 'marked@example.com' });
    const record = theirs({ name: 'Marked there', email: 'marked@example.com' }, row);
    const { externalType } = world.integration.document;
    await askForRead(world.db, {
      system: 'stripe',
      entityType: 'customer',
      externalType,
      externalId: record,
      now: world.clock.now(),
    });
    await world.rest();
    expect(await mappingOf(world.db, row.id)).to.include({ state: 'waiting', reason: 'not_linked' });
    expect(there(record)).to.include({ name: 'Marked there' });
    await link();
    expect(await mappingOf(world.db, row.id)).to.include({ state: 'linked', externalId: record });
    expect(await conflictsOf(world.db, row.id)).to.have.length(1);
    await expectAgreement(world);
  });

  it('looks at a second record with its owner tag too, whose event was received before the link', async () => {
    const row = await waiting({ name: 'Twice', email: 'twice@example.com' });
    const older = theirs({ name: 'Twice', email: 'twice@example.com' }, row);
    await consentToAll(world);
    world.advance(60_000);
    const newer = theirs({ name: 'Copied', email: 'copied@example.com' }, row);
    await world.rest();
    expect(await stateOf(older)).to.equal('linked');
    expect(await stateOf(newer)).to.equal('alias');
    await expectAgreement(world);
  });

  it('takes the older of two records with its owner tag', async () => {
    const row = await waiting({ name: 'Twice', email: 'twice@example.com' });
    const older = theirs({ name: 'Twice', email: 'twice@example.com' }, row);
    world.advance(60_000);
    const newer = theirs({ name: 'Copied', email: 'copied@example.com' }, row);
    const plan = await link();
    expect(plan.aliases.map(({ externalId }) => externalId)).to.deep.equal([newer]);
    expect([await stateOf(older), await stateOf(newer)]).to.deep.equal(['linked', 'alias']);
    await expectAgreement(world);
  });

  const waiting = (values: { name: string; email: string }): Promise<Customer> => waitingRow(world, values);

  function theirs(values: { name: string; email: string }, of: Customer): string {
    const metadata = { [`twinbox_${world.deps.policy.instanceId}`]: of.createdEventId };
    return world.simulator.dashboard.createCustomer({ ...values, metadata }).id;
  }

  const there = (externalId: string) => world.simulator.customers().find(({ id }) => id === externalId);

  const stateOf = async (externalId: string): Promise<string | undefined> =>
    (await mappingsIn(world.db)).find((mapping) => mapping.externalId === externalId)?.state;

  async function link(): Promise<LinkPlan> {
    const plan = await consentToAll(world);
    await world.rest();
    return plan;
  }
});
