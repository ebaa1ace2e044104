import { expect } from 'chai';
import { listCustomers, readCustomer } from '../support/customers.ts';
import { readSweep } from '../../db/sweep.ts';
import type { Integration } from '../../lib/integrations/integration.ts';
import { compareAll } from '../../lib/operations/comparison.ts';
import { repair } from '../../lib/operations/repair.ts';
import { sweep } from '../../lib/intake/sweep.ts';
import { expectAgreement } from '../support/invariants.ts';
import { linkedPair, useTwoWay } from '../support/two-way.ts';
import { situation } from './situation.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Webhooks that never come: what Stripe's lists show, and what they leave out. */
describe('webhooks that do not come, and lists', () => {
  const world = useTwoWay();

  async function sweepAll(): Promise<void> {
    const { signal } = new AbortController();
    while ((await sweep(world.deps, { retentionDays: 35, signal })).more);
    await world.receiveInbound();
    await world.run();
  }

  situation(
    20,
    'a page of the list lacks a living customer: it gets no tombstone, and a read shows agreement',
    async () => {
      const { id, externalId } = await linkedPair(world);
      await linkedPair(world);
      const integration: Integration = {
        ...world.integration,
        async *list(window) {
          for await (const page of world.integration.list(window))
            yield page.filter((record) => record.externalId !== externalId);
        },
      };
      const began = world.clock.now();
      const compared = await compareAll({ ...world.deps, integration });
      expect(compared).to.deep.include({ agree: 2, findings: [] });
      await repair(world.deps, compared, { comparedSince: began, actor: 'a test' });
      await world.rest();
      expect((await readCustomer(world.db, id))?.deletedAt).to.equal(null);
      expect(world.simulator.customers()).to.have.length(2);
      await expectAgreement(world);
    },
  );

  situation(
    21,
    'two events of one second, the second shown late by the list, are both received',
    async () => {
      const { externalId } = await linkedPair(world);
      await sweepAll();
      world.simulator.dashboard.updateCustomer(externalId, { name: 'First' });
      world.advance(2 * MINUTE);
      await sweepAll();
      const { sweptTo } = (await readSweep(world.db, 'stripe'))!;
      // Stripe writes it into a second that has already been swept.
      world.simulator.clock.advance(-2 * MINUTE);
      world.simulator.dashboard.updateCustomer(externalId, { name: 'Second' });
      world.simulator.clock.advance(2 * MINUTE);
      expect(world.simulator.events().at(-1)!.created * 1_000).to.be.lessThan(sweptTo.getTime());
      world.advance(MINUTE);
      await sweepAll();
      expect((await listCustomers(world.db, { limit: 9 }))[0]).to.include({ name: 'Second' });
      await expectAgreement(world);
    },
  );

  situation(22, 'no webhook comes for four days, and the sweep brings everything', async () => {
    const { id, externalId } = await linkedPair(world);
    const gone = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Edited' });
    world.advance(2 * DAY);
    world.simulator.dashboard.createCustomer({ name: 'New', email: 'new@example.com' });
    world.simulator.dashboard.deleteCustomer(gone.externalId);
    world.advance(2 * DAY);
    await sweepAll();
    expect(await readCustomer(world.db, id)).to.include({ name: 'Edited' });
    expect((await readCustomer(world.db, gone.id))?.deletedAt).to.not.equal(null);
    expect((await listCustomers(world.db, { limit: 9 })).map(({ name }) => name)).to.include('New');
    await expectAgreement(world);
  });

  situation(
    22,
    'no webhook comes for 31 days: the events that left the list are reported, and a comparison brings their changes',
    async () => {
      const { id, externalId } = await linkedPair(world);
      world.advance(HOUR);
      world.simulator.dashboard.updateCustomer(externalId, { name: 'Edited' });
      world.simulator.dashboard.createCustomer({ name: 'New', email: 'new@example.com' });
      world.advance(31 * DAY);
      await sweepAll();
      expect((await readSweep(world.db, 'stripe'))?.lostFrom).to.not.equal(null);
      expect(await readCustomer(world.db, id)).to.not.include({ name: 'Edited' });
      const began = world.clock.now();
      await repair(world.deps, await compareAll(world.deps), { comparedSince: began, actor: 'a test' });
      await world.run();
      const names = (await listCustomers(world.db, { limit: 9 })).map(({ name }) => name);
      expect(names).to.have.members(['Edited', 'New']);
      expect((await readSweep(world.db, 'stripe'))?.lostFrom).to.equal(null);
    },
  );

  situation(44, 'an event of 29 days is received by the sweep too', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Old' });
    world.advance(29 * DAY);
    await sweepAll();
    expect(await readCustomer(world.db, id)).to.include({ name: 'Old' });
    expect(await readSweep(world.db, 'stripe')).to.include({ lostFrom: null, more: false });
    await expectAgreement(world);
  });

  situation(44, 'an event of 29 days is received when its webhook comes', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Old' });
    world.advance(29 * DAY);
    await world.rest();
    expect(await readCustomer(world.db, id)).to.include({ name: 'Old' });
    await expectAgreement(world);
  });
});
