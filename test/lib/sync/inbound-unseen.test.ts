import { expect } from 'chai';
import { readCustomer } from '../../support/customers.ts';
import { enableFailpoint } from '../../../lib/failpoint.ts';
import type { StoredEvent } from '../../../simulator/objects/objects.ts';
import type { Lane } from '../../../workers/lane.ts';
import { coverEdit } from '../../support/covered.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { orders } from '../../support/orders.ts';
import { conflictsOf } from '../../support/sync-rows.ts';
import { linkedPair, useTwoWay, withRules } from '../../support/two-way.ts';

describe('inbound: an edit that our write covered before we saw it', () => {
  const world = useTwoWay();

  async function receiveInbound(events: StoredEvent[], lane: Lane): Promise<void> {
    await world.deliver(events);
    await world.receiveInbound();
    await world.run(lane);
  }

  /** They edit the name, and we write ours over it, unseen. Answers the two events: theirs, and the echo of our write. */
  async function cover(lane: Lane, id: number, externalId: string): Promise<[StoredEvent, StoredEvent]> {
    await coverEdit(world, { id, externalId }, { lane });
    const [theirs, echo] = world.undelivered();
    return [theirs!, echo!];
  }

  const later = [
    { name: 'nothing later', ours: null, theirs: null },
    { name: 'a later edit of ours', ours: 'Ours again', theirs: null },
    { name: 'a later edit of theirs', ours: null, theirs: 'Theirs again' },
  ];
  for (const rule of ['internal_wins', 'external_wins'] as const) {
    for (const { name, ours, theirs } of later) {
      it(`is reported once, in every order of the events, and decided by the rule (${rule}, ${name})`, async () => {
        const lane = world.worker({ integration: withRules(world.integration, { conflict: rule }) });
        const count = theirs === null ? 2 : 3;
        for (const order of orders([...Array(count).keys()])) {
          for (const editAt of ours === null ? [-1] : [0, 1, 2]) {
            const { id, externalId } = await linkedPair(world, { name: 'Base' });
            await world.rest(lane);
            const events: StoredEvent[] = await cover(lane, id, externalId);
            if (theirs !== null) {
              world.simulator.dashboard.updateCustomer(externalId, { name: theirs });
              events.push(world.undelivered().at(-1)!);
            }
            for (const [step, index] of order.entries()) {
              if (step === editAt && ours !== null) await world.update(id, { name: ours });
              await receiveInbound([events[index]!, events[index]!], lane);
            }
            if (editAt === 2 && ours !== null) await world.update(id, { name: ours });
            await world.rest(lane);
            const told = (await conflictsOf(world.db, id)).filter((c) => c.theirs === 'Covered');
            expect(told.map(({ kind }) => kind)).to.deep.equal(['overwritten_unseen']);
            const wins = rule === 'external_wins' ? 'Covered' : 'Ours';
            expect(await readCustomer(world.db, id)).to.include({ name: theirs ?? ours ?? wins });
          }
        }
        await expectAgreement(world);
      });
    }
  }

  it('is reported once also if the merge had seen it: then the echo says nothing new', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Base' });
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Theirs' });
    await world.update(id, { name: 'Ours' });
    await world.notify(id);
    await world.run();
    expect((await conflictsOf(world.db, id)).map(({ kind }) => kind)).to.deep.equal(['both_moved']);
    await world.rest();
    expect(await conflictsOf(world.db, id)).to.have.length(1);
    await expectAgreement(world);
  });

  it('is reported once if two events arrive for one write', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Base' });
    const [theirs, echo] = await cover(world.lane, id, externalId);
    const twin = { ...echo, id: 'evt_twin00000000000000000000' };
    await receiveInbound([twin, theirs], world.lane);
    await receiveInbound([echo], world.lane);
    expect(await conflictsOf(world.db, id)).to.have.length(1);
    await expectAgreement(world);
  });

  it('is put back also by a worker that died before it wrote it there', async () => {
    const rules = withRules(world.integration, { conflict: 'external_wins' });
    const lane = world.worker({ integration: rules });
    const { id, externalId } = await linkedPair(world, { name: 'Base' });
    await cover(lane, id, externalId);
    enableFailpoint('write-ours.after', 'throw', { once: true });
    await world.rest(lane);
    expect(await readCustomer(world.db, id)).to.include({ name: 'Covered' });
    expect(world.simulator.customers()[0]).to.include({ name: 'Covered' });
    expect(await conflictsOf(world.db, id)).to.have.length(1);
    await expectAgreement(world);
  });

  it('says that a later edit stands where the rule would have put it back', async () => {
    const lane = world.worker({ integration: withRules(world.integration, { conflict: 'external_wins' }) });
    const { id, externalId } = await linkedPair(world, { name: 'Base' });
    const [, echo] = await cover(lane, id, externalId);
    await world.update(id, { name: 'Ours again' });
    await receiveInbound([echo], lane);
    const [conflict] = await conflictsOf(world.db, id);
    expect(conflict).to.include({ theirs: 'Covered', winner: 'ours', note: 'overtaken' });
  });

  it('of a field that we did not send is pulled from our own answer, without a conflict', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Base', email: 'base@example.com' });
    await coverEdit(world, { id, externalId }, { edit: { email: 'theirs@example.com' } });
    expect(await readCustomer(world.db, id)).to.include({ name: 'Ours', email: 'theirs@example.com' });
    await world.rest();
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
    await expectAgreement(world);
  });
});
