import { expect } from 'chai';
import { readCustomer } from '../../support/customers.ts';
import { operationsOf, recordMapping, standsOf } from '../../support/choice.ts';
import { lossesOf, type Edit } from '../../support/losses.ts';
import { useTwoWay } from '../../support/two-way.ts';

type Values = { name?: string; email?: string };

/** It judges the random histories: silent about what a person overwrote, and naming all else. */
describe('the judge of lost edits, where a record was another customer’s before,', () => {
  const world = useTwoWay();
  let edits: Edit[];

  beforeEach('no edits yet', () => {
    edits = [];
  });

  function note(side: Edit['side'], id: Edit['id'], values: Values): void {
    for (const [field, value] of Object.entries(values))
      edits.push({ side, id, field, value, at: edits.length + 1 });
  }

  function createTheirs(values: Values): string {
    const { id } = world.simulator.dashboard.createCustomer(values);
    note('theirs', id, values);
    return id;
  }

  function editTheirs(id: string, values: Values): void {
    world.simulator.dashboard.updateCustomer(id, values);
    note('theirs', id, values);
  }

  async function editOurs(id: number, values: Values): Promise<void> {
    await world.update(id, values);
    note('ours', id, values);
  }

  /** A second, nameless record is chosen; the first gets an email of its own, and so a customer. */
  async function separate(first: string): Promise<{ before: number; after: number }> {
    const before = (await recordMapping(world, first)).internalId ?? 0;
    world.advance(1_000);
    const second = createTheirs({ email: 'ada@example.com' });
    await world.rest();
    expect(await operationsOf(world).choose(before, second, 'ops')).to.have.property('outcome', 'linked');
    await world.rest();
    editTheirs(first, { email: 'own@example.com' });
    await world.rest();
    const after = (await recordMapping(world, first)).internalId ?? 0;
    expect(after).to.not.equal(before);
    expect(await standsOf(world, after)).to.deep.equal([`${first} primary linked`]);
    return { before, after };
  }

  const losses = (): Promise<string[]> => lossesOf(world.db, world.simulator.events(), edits);

  it('is silent about a name that was taken there, and that a person then changed', async () => {
    const first = createTheirs({ name: 'Theirs', email: 'ada@example.com' });
    await world.rest();
    await editOurs((await recordMapping(world, first)).internalId ?? 0, { name: 'Ours' });
    await world.rest();
    const { after } = await separate(first);
    // No version of the new customer has their name: it was overwritten before.
    expect(await readCustomer(world.db, after)).to.include({ name: 'Ours', version: 1 });
    expect(await losses()).to.deep.equal([]);
  });

  it('names one that was taken there, and that no person has changed since', async () => {
    const first = createTheirs({ name: 'Base', email: 'ada@example.com' });
    await world.rest();
    const id = (await recordMapping(world, first)).internalId ?? 0;
    await editOurs(id, { name: 'Ours' });
    await world.rest();
    editTheirs(first, { name: 'Theirs' });
    await world.rest();
    expect(await readCustomer(world.db, id)).to.include({ name: 'Theirs' });
    await world.update(id, { name: 'Ours' }); // by nobody: an old value came back
    await world.rest();
    await separate(first);
    expect(await losses()).to.deep.equal([`lost without a conflict row: theirs ${first} name = Theirs`]);
  });

  it('names one that was overwritten after the record had left that customer', async () => {
    const first = createTheirs({ name: 'Base', email: 'ada@example.com' });
    await world.rest();
    const { before, after } = await separate(first);
    editTheirs(first, { name: 'Theirs' });
    world.lose(world.undelivered().at(-1)!);
    await world.update(after, { name: 'Of nobody' }); // goes over their name, which nobody has seen
    await world.rest();
    await editOurs(before, { name: 'Later' });
    await world.rest();
    expect(await losses()).to.deep.equal([]); // a conflict row has it
    await world.db('sync_conflicts').where({ internal_id: after, field: 'name' }).delete();
    expect(await losses()).to.deep.equal([`lost without a conflict row: theirs ${first} name = Theirs`]);
  });

  it('names one that our write covered at a record that is a second one by now', async () => {
    const first = createTheirs({ name: 'Base', email: 'ada@example.com' });
    await world.rest();
    const id = (await recordMapping(world, first)).internalId ?? 0;
    world.advance(1_000);
    const second = createTheirs({ email: 'ada@example.com' });
    await world.rest();
    editTheirs(first, { name: 'Theirs' });
    world.lose(world.undelivered().at(-1)!);
    await world.update(id, { name: 'Of nobody' });
    await world.run();
    expect(await operationsOf(world).choose(id, second, 'ops')).to.have.property('outcome', 'linked');
    await world.rest();
    expect(await losses()).to.deep.equal([]); // a conflict row has it
    await world.db('sync_conflicts').where({ internal_id: id, field: 'name' }).delete();
    expect(await losses()).to.deep.equal([`lost without a conflict row: theirs ${first} name = Theirs`]);
  });
});
