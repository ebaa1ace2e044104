import { linkedPair, type TwoWayWorld } from './two-way.ts';

/**
 * The pairs of docs/explain.md: people on both sides bring each pair into its state. Each function
 * returns its customer. The world has to look for records before it creates one
 * (`looksBeforeCreate`).
 * for records before it makes one (`looksBeforeCreate`).
 */
export const explainedPairs = {
  async linked(world: TwoWayWorld) {
    return (await linkedPair(world, { name: 'Ada Lovelace', email: 'ada@example.com' })).id;
  },
  async parked(world: TwoWayWorld) {
    const { id } = await world.create({ name: 'Bea', email: 'bea@localhost' });
    await world.rest();
    return id;
  },
  /** Waits for a person's consent: a record with the customer's email is at Stripe. */
  async waiting(world: TwoWayWorld) {
    world.simulator.dashboard.createCustomer({ name: 'Cleo at Stripe', email: 'cleo@example.com' });
    const { id } = await world.create({ name: 'Cleo', email: 'cleo@example.com' });
    await world.run();
    return id;
  },
  /** Both sides changed the name twice: the first conflict is decided, the second is not yet. */
  async conflicting(world: TwoWayWorld) {
    const { id, externalId } = await linkedPair(world, { name: 'Dora', email: 'dora@example.com' });
    const edit = async (name: string, theirs: { name: string; email?: string }): Promise<void> => {
      await world.update(id, { name });
      world.simulator.dashboard.updateCustomer(externalId, theirs);
      await world.receive();
      await world.deliver();
      await world.receiveInbound();
    };
    await edit('Dora B.', { name: 'D. Baker' });
    await world.rest();
    world.advance(60_000);
    await edit('Dora Brown', { name: 'Dora Baker', email: 'd@example.com' });
    return id;
  },
  async ended(world: TwoWayWorld) {
    const { id } = await linkedPair(world, { name: 'Eve', email: 'eve@example.com' });
    await world.remove(id);
    await world.rest();
    return id;
  },
};
