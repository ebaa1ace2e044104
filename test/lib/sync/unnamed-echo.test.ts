// A system that guards no update, and whose events name no request: `updates: 'none'`.
import { expect } from 'chai';
import type { Integration } from '../../../lib/integrations/integration.ts';
import type { StoredEvent } from '../../../simulator/objects/objects.ts';
import { coverEdit } from '../../support/covered.ts';
import { readCustomer } from '../../support/customers.ts';
import { orders } from '../../support/orders.ts';
import { conflictsOf } from '../../support/sync-rows.ts';
import { toySystem } from '../../support/toy/beside-the-engine.ts';
import { linkedPair, useTwoWay, withRules } from '../../support/two-way.ts';

describe('an edit that our update covered, at a system without keys and versions', () => {
  const world = useTwoWay({
    system: toySystem({ creates: 'unique-tag', updates: 'none', deletes: 'archive', requestLifeMs: 0 }),
  });

  async function covered(lane = world.lane): Promise<{ id: number; events: StoredEvent[] }> {
    const { id, externalId } = await linkedPair(world, { name: 'Base' });
    await world.rest(lane);
    await coverEdit(world, { id, externalId }, { lane });
    return { id, events: world.undelivered() };
  }

  async function bring(events: StoredEvent[], lane = world.lane): Promise<void> {
    for (const event of events) {
      await world.deliver([event, event]);
      await world.receiveInbound();
      await world.run(lane);
    }
    await world.rest(lane);
  }

  for (const order of orders([0, 1]))
    it(`is kept as one conflict, whichever event comes first (${order.join()})`, async () => {
      const { id, events } = await covered();
      await bring(order.map((at) => events[at]!));
      const conflicts = await conflictsOf(world.db, id);
      expect(conflicts.map(({ kind, theirs }) => [kind, theirs])).to.deep.equal([
        ['overwritten_unseen', 'Covered'],
      ]);
      expect(await readCustomer(world.db, id)).to.include({ name: 'Ours' });
    });

  it('is put back where their value should have won', async () => {
    const lane = world.worker({ integration: withRules(world.integration, { conflict: 'external_wins' }) });
    const { id, events } = await covered(lane);
    await bring(events, lane);
    expect(await readCustomer(world.db, id)).to.include({ name: 'Covered' });
    expect(world.simulator.customers()[0]).to.include({ name: 'Covered' });
    expect(await conflictsOf(world.db, id)).to.have.length(1);
  });

  it('is not seen in an edit of theirs a day later that sets what we had sent', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Base' });
    await world.update(id, { name: 'Ours' });
    await world.notify(id);
    await world.run();
    // The echo of our write never comes.
    for (const event of world.undelivered()) world.lose(event);
    world.advance(24 * 3_600_000);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Theirs' });
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Ours' });
    await world.rest();
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
  });
});

describe('an edit that our update covered, where events say only what the record holds', () => {
  const unguarded = toySystem({
    creates: 'unique-tag',
    updates: 'none',
    deletes: 'archive',
    requestLifeMs: 0,
  });
  const world = useTwoWay({
    system: {
      ...unguarded,
      integrate: (url, instanceId) => withoutPrevious(unguarded.integrate(url, instanceId)),
    },
  });

  for (const order of orders([0, 1]))
    it(`is kept by its own event, whichever event comes first (${order.join()})`, async () => {
      const { id, externalId } = await linkedPair(world, { name: 'Base' });
      await world.rest();
      await coverEdit(world, { id, externalId });
      const events = world.undelivered();
      for (const at of order) {
        await world.deliver([events[at]!, events[at]!]);
        await world.receiveInbound();
        await world.run();
      }
      await world.rest();
      expect((await conflictsOf(world.db, id)).map(({ kind, theirs }) => [kind, theirs])).to.deep.equal([
        ['overwritten_unseen', 'Covered'],
      ]);
      expect(await readCustomer(world.db, id)).to.include({ name: 'Ours' });
    });

  it('is not seen in an edit of theirs that came after our update, and stands', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Base' });
    await world.update(id, { name: 'Ours' });
    await world.notify(id);
    await world.run();
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Theirs' });
    await world.rest();
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
    expect(await readCustomer(world.db, id)).to.include({ name: 'Theirs' });
  });
});

function withoutPrevious(integration: Integration): Integration {
  const { ingress } = integration;
  if (!ingress) return integration;
  const events: typeof ingress.events = (body) =>
    ingress
      .events(body)
      .map((item) => (item.ok ? { ...item, event: { ...item.event, previous: null } } : item));
  return { ...integration, ingress: { ...ingress, events } };
}
