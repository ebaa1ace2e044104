import { expect } from 'chai';
import { readCustomer } from '../../support/customers.ts';
import { countUnmatched } from '../../../db/external-records.ts';
import { decideUnmatched } from '../../../lib/intake/unmatched.ts';
import { explain } from '../../../lib/operations/explain.ts';
import { TOY, useBeside } from '../../support/beside.ts';

describe('a record that was archived and comes back', () => {
  const world = useBeside({ policy: { deletesIn: 'detach' }, archives: true });

  type Standing = { customer: number | null; state: string; reason: string | null };
  const standing = async (toyId: string): Promise<Standing | undefined> => {
    const { rows } = await world.db.raw<{ rows: Standing[] }>(
      `select internal_id as customer, state, reason from external_mappings where system = 'toy' and external_id = :toyId`,
      { toyId },
    );
    return rows[0];
  };
  const named = (): (string | null)[] => world.toy.people().map(({ full_name: name }) => name);
  const waits = { customer: null, state: 'waiting', reason: 'restored' };

  it('continues its pair, if the row lives: edits of both sides since then are merged', async () => {
    const { id, toyId } = await world.linked('Ada');
    world.toy.remove(toyId);
    await world.run();
    expect(await standing(toyId)).to.deep.equal({ customer: id, state: 'detached', reason: null });
    await world.stripe.update(id, { name: 'Ada King' });
    await world.run();
    world.toy.restore(toyId);
    await world.run();
    expect(await standing(toyId)).to.deep.equal({ customer: id, state: 'linked', reason: null });
    expect(named()).to.deep.equal(['Ada King']);
    world.toy.edit(toyId, { full_name: 'Ada Toy' });
    await world.run();
    expect((await readCustomer(world.db, id))?.name).to.equal('Ada Toy');
  });

  it('waits for a person, if the row was deleted with it, until it becomes a new customer', async () => {
    world.change({ deletesIn: 'delete' });
    const { id, toyId } = await world.linked('Ada');
    world.toy.remove(toyId);
    await world.run();
    expect(await standing(toyId)).to.deep.equal({ customer: id, state: 'tombstoned', reason: null });
    world.toy.restore(toyId);
    await world.run();
    expect(await standing(toyId)).to.deep.equal(waits);
    expect(await countUnmatched(world.db, TOY)).to.include({ undecided: 1 });
    world.toy.edit(toyId, { full_name: 'Ada Toy' });
    await world.run();
    expect(await standing(toyId), 'it is not forgotten by the next event').to.deep.equal(waits);
    await decideUnmatched(world.deps, TOY, 'import', 'test');
    await world.run();
    const now = await standing(toyId);
    expect(now).to.include({ state: 'linked' });
    expect(now?.customer).to.not.equal(id);
  });

  it('is not archived again, if we had archived it for a row of ours that was deleted', async () => {
    const { id, toyId } = await world.linked('Ada');
    await world.stripe.remove(id);
    await world.run();
    expect(named()).to.deep.equal([]);
    world.toy.restore(toyId);
    await world.run();
    expect(await standing(toyId)).to.deep.equal(waits);
    expect(named()).to.deep.equal(['Ada']);
    await decideUnmatched(world.deps, TOY, 'leave', 'test');
    await world.run();
    expect(await standing(toyId)).to.include({ state: 'waiting', reason: 'left_alone' });
  });

  it('is explained with what a person can do', async () => {
    const { id, toyId } = await world.linked('Ada');
    await world.stripe.remove(id);
    await world.run();
    world.toy.restore(toyId);
    await world.run();
    const explained = await explain(world.deps, { record: toyId }, { read: false, system: 'toy' });
    const [pair] = explained?.pairs ?? [];
    expect(pair?.why).to.equal(
      `The record was restored at Toy after customer ${id} was deleted: it belongs to no customer until a person decides.`,
    );
    expect(pair?.remedies.map(({ command }) => command)).to.include.members([
      'npx twinbox link --system toy --import',
      'npx twinbox link --system toy --leave',
    ]);
  });

  it('goes on at once, if the deletion was still waiting for a person', async () => {
    world.change({ deletesIn: 'ask' });
    const { id, toyId } = await world.linked('Ada');
    world.toy.remove(toyId);
    await world.run();
    expect(await standing(toyId)).to.include({ state: 'waiting', reason: 'ask_delete' });
    world.toy.restore(toyId);
    await world.run();
    expect(await standing(toyId)).to.deep.equal({ customer: id, state: 'linked', reason: null });
  });

  it('is none, if an event only comes late: the record is read, and is still archived', async () => {
    const { id, toyId } = await world.linked('Ada');
    world.toy.edit(toyId, { full_name: 'Ada Late' });
    const late = world.toy.events().at(-1);
    world.toy.remove(toyId);
    await world.run();
    if (late) await world.bringAgain({ ...late, id: 'ev_late' });
    await world.run();
    expect(await standing(toyId)).to.deep.equal({ customer: id, state: 'detached', reason: null });
  });
});
