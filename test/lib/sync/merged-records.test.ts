import { expect } from 'chai';
import { raiseMappings } from '../../../db/mappings/dirty.ts';
import { disableFailpoints, enableFailpoint, noteFailpoints } from '../../../lib/failpoint.ts';
import { explain } from '../../../lib/operations/explain.ts';
import { createChoiceOperations } from '../../../lib/operations/record-choice.ts';
import { TOY, useBeside } from '../../support/beside.ts';
import { readCustomer } from '../../support/customers.ts';
import { conflictsOf } from '../../support/sync-rows.ts';

describe('a record that was merged into another one', () => {
  const world = useBeside({ policy: { imports: false, deletesIn: 'delete' } });
  afterEach(disableFailpoints);

  type Standing = { customer: number | null; state: string; reason: string | null; into: string | null };
  const standing = async (toyId: string): Promise<Standing | undefined> => {
    const { rows } = await world.db.raw<{ rows: Standing[] }>(
      `select internal_id as customer, state, reason, merged_into as into from external_mappings where system = 'toy' and external_id = :toyId`,
      { toyId },
    );
    return rows[0];
  };
  const linkedTo = (customer: number): Standing => ({ customer, state: 'linked', reason: null, into: null });
  const aliasOf = (customer: number | null, into: string): Standing => ({
    ...{ customer, state: customer === null ? 'tombstoned' : 'alias', reason: null, into },
  });
  const names = (): (string | null)[] =>
    world.toy
      .people()
      .map(({ full_name: name }) => name)
      .sort();
  /** Undefined once it is deleted. */
  const nameOf = async (id: number): Promise<string | undefined> => {
    const row = await readCustomer(world.db, id);
    return row?.deletedAt ? undefined : row?.name;
  };
  const rest = async (): Promise<void> => {
    for (let looks = 0; looks < 3; looks += 1) {
      await world.run();
      world.stripe.advance(10 * 60_000);
    }
    await world.run();
  };
  /** Every pair of Toy is looked at once more: no call is made. */
  const expectQuiet = async (): Promise<void> => {
    const calls = world.toy.calls.count();
    const { rows } = await world.db.raw<{ rows: { id: number }[] }>(
      `select id from external_mappings where system = 'toy' and state <> 'waiting'`,
    );
    const now = world.stripe.clock.now();
    await raiseMappings(world.db, { ids: rows.map(({ id }) => id), now, mustRead: false });
    await world.run();
    expect(world.toy.calls.count()).to.equal(calls);
  };
  const whyOf = async (record: string) => {
    const explained = await explain(world.deps, { record }, { read: false, system: 'toy' });
    const [pair] = explained?.pairs ?? [];
    return { why: pair?.why, commands: pair?.remedies.map(({ command }) => command) };
  };

  describe('if only the loser has a row', () => {
    it('gives its pair to the winner, and what people chose there comes to the row', async () => {
      const { id, toyId } = await world.linked('Ada');
      const winner = world.toy.add({ full_name: 'Ada Winner', mail: 'ada@winner.example' });
      await world.run();
      world.toy.merge(toyId, winner.id);
      await world.run();
      expect(await standing(winner.id)).to.deep.equal(linkedTo(id));
      expect(await standing(toyId)).to.deep.equal(aliasOf(id, winner.id));
      expect(await readCustomer(world.db, id)).to.include({
        name: 'Ada Winner',
        email: 'ada@winner.example',
      });
      expect(world.stripe.simulator.customers().map(({ name }) => name)).to.deep.equal(['Ada Winner']);
      expect(names()).to.deep.equal(['Ada Winner']);
      await expectQuiet();
      await world.stripe.update(id, { name: 'Ada Later' });
      await world.run();
      expect(names()).to.deep.equal(['Ada Later']);
    });

    it('keeps both values of a field that both sides changed, one of them as a conflict', async () => {
      const { id, toyId } = await world.linked('Ada');
      const winner = world.toy.add({ full_name: 'Ada Winner', mail: 'ada@beside.example' });
      await world.run();
      world.toy.merge(toyId, winner.id);
      await world.stripe.update(id, { name: 'Ada Ours' });
      await world.run();
      const conflicts = await conflictsOf(world.db, id);
      expect(conflicts.map(({ kind, base, ours, theirs }) => ({ kind, base, ours, theirs }))).to.deep.equal([
        { kind: 'both_moved', base: 'Ada', ours: 'Ada Ours', theirs: 'Ada Winner' },
      ]);
      expect(names()).to.deep.equal([await nameOf(id)]);
      expect(await standing(winner.id)).to.deep.equal(linkedTo(id));
    });

    it('deletes no row if only an event says where it went, and reads say that it was deleted', async () => {
      const { fetch } = world.deps.integration;
      world.deps.integration = {
        ...world.deps.integration,
        async fetch(externalId, options) {
          const read = await fetch(externalId, options);
          if (read.state !== 'merged') return read;
          const { requestId, status, answeredAt } = read;
          return { requestId, status, answeredAt, state: 'erased' };
        },
      };
      world.change({});
      const { id, toyId } = await world.linked('Ada');
      const winner = world.toy.add({ full_name: 'Ada Winner' });
      await world.run();
      world.toy.merge(toyId, winner.id);
      await world.run();
      expect(await nameOf(id)).to.equal('Ada Winner');
      expect(await standing(winner.id)).to.deep.equal(linkedTo(id));
    });

    it('follows a chain of merges to its end', async () => {
      const { id, toyId } = await world.linked('Ada');
      const between = world.toy.add({ full_name: 'Between' });
      const last = world.toy.add({ full_name: 'Last' });
      await world.run();
      world.toy.merge(toyId, between.id);
      world.toy.merge(between.id, last.id);
      await world.run();
      expect(await standing(last.id)).to.deep.equal(linkedTo(id));
      expect(await standing(toyId)).to.deep.equal(aliasOf(id, last.id));
      expect((await standing(between.id))?.state).to.be.oneOf(['alias', 'tombstoned']);
      expect(await nameOf(id)).to.equal('Last');
      await expectQuiet();
    });

    it('moves again if the winner is merged later', async () => {
      const { id, toyId } = await world.linked('Ada');
      const [first, second] = [world.toy.add({ full_name: 'First' }), world.toy.add({ full_name: 'Second' })];
      await world.run();
      world.toy.merge(toyId, first.id);
      await world.run();
      world.toy.merge(first.id, second.id);
      await world.run();
      expect(await standing(second.id)).to.deep.equal(linkedTo(id));
      expect(await standing(first.id)).to.deep.equal(aliasOf(id, second.id));
      expect(await nameOf(id)).to.equal('Second');
    });

    it('takes a second record of the same row as its record', async () => {
      const { id, toyId } = await world.linked('Ada');
      const second = world.toy.add({ full_name: 'Ada Second', mail: 'ada@beside.example' });
      await rest();
      expect(await standing(second.id)).to.include({ customer: id, state: 'alias' });
      world.toy.merge(toyId, second.id);
      await world.run();
      expect(await standing(second.id)).to.deep.equal(linkedTo(id));
      expect(await standing(toyId)).to.deep.equal(aliasOf(id, second.id));
      expect(await nameOf(id)).to.equal('Ada Second');
    });

    it('ends at the winner, at whichever failpoint a worker stops', async () => {
      let serial = 0;
      const mergeOnce = async (): Promise<void> => {
        serial += 1;
        const { id, toyId } = await world.linked(`Ada${serial}`);
        const winner = world.toy.add({ full_name: `Winner${serial}` });
        await rest();
        fail();
        world.toy.merge(toyId, winner.id);
        await rest();
        disableFailpoints();
        expect(await standing(winner.id)).to.deep.equal(linkedTo(id));
        expect(await standing(toyId)).to.deep.equal(aliasOf(id, winner.id));
        expect(await nameOf(id)).to.equal(`Winner${serial}`);
        expect(await conflictsOf(world.db, id)).to.deep.equal([]);
      };
      const points = new Set<string>();
      let fail = (): void =>
        noteFailpoints((name) => {
          if (!/^(receive|inbound|inbox)/.test(name)) points.add(name);
        });
      await mergeOnce();
      expect([...points]).to.include.members(['settle.before-commit', 'settle.after', 'intent.stored']);
      for (const name of points)
        for (const onPass of [1, 2]) {
          fail = () => {
            enableFailpoint(name, 'throw', { once: true, onPass });
          };
          await mergeOnce();
        }
    }).timeout(120_000);
  });

  describe('if the row is deleted here too', () => {
    it('leaves the winner as it is', async () => {
      const { id, toyId } = await world.linked('Ada');
      const winner = world.toy.add({ full_name: 'Ada Winner' });
      await world.run();
      world.toy.merge(toyId, winner.id);
      await world.stripe.remove(id);
      await world.run();
      expect(names()).to.deep.equal(['Ada Winner']);
      expect(await standing(toyId)).to.include({ customer: id, state: 'tombstoned' });
    });
  });

  describe('if both have rows', () => {
    it('deletes neither row: the pair of the loser waits, and says what a person can do', async () => {
      const [loser, winner] = [await world.linked('Loser'), await world.linked('Winner')];
      world.toy.merge(loser.toyId, winner.toyId);
      await rest();
      const waits = { customer: loser.id, state: 'waiting', reason: 'record_merged', into: null };
      expect(await standing(loser.toyId)).to.deep.equal(waits);
      expect(await standing(winner.toyId)).to.deep.equal(linkedTo(winner.id));
      expect([await nameOf(loser.id), await nameOf(winner.id)]).to.deep.equal(['Loser', 'Winner']);
      const { why, commands } = await whyOf(loser.toyId);
      expect(why).to.equal(
        `The record was merged into ${winner.toyId} at Toy, which is the record of customer ${winner.id}: our row stays until a person decides.`,
      );
      expect(commands).to.include.members([
        `npx twinbox link ${loser.id} --accept-deletion`,
        `npx twinbox resolve ${loser.id} --recreate`,
        `npx twinbox resolve ${loser.id} --let-go`,
      ]);
      await world.stripe.update(loser.id, { name: 'Loser Edited' });
      await rest();
      expect(await standing(loser.toyId)).to.deep.equal(waits);
      expect(names()).to.deep.equal(['Winner']);
    });

    it('deletes the row of the loser once a person accepts it, and leaves the winner alone', async () => {
      const [loser, winner] = [await world.linked('Loser'), await world.linked('Winner')];
      world.toy.merge(loser.toyId, winner.toyId);
      await rest();
      const { db, clock } = world.stripe;
      const { entity } = world.deps;
      const choice = createChoiceOperations({ db, clock, entity, target: TOY, nudge: () => undefined });
      expect(await choice.acceptDeletion(loser.id, 'ops')).to.include({ outcome: 'accepted' });
      await rest();
      expect(await nameOf(loser.id)).to.equal(undefined);
      expect(await nameOf(winner.id)).to.equal('Winner');
      expect(names()).to.deep.equal(['Winner']);
      expect(world.stripe.simulator.customers()).to.have.length(1);
    });
  });

  it('that no row has is an alias of the row that has the winner, without a conflict', async () => {
    const { id, toyId } = await world.linked('Ada');
    const loser = world.toy.add({ full_name: 'Loser', mail: 'loser@beside.example' });
    await world.run();
    world.toy.merge(loser.id, toyId);
    await world.run();
    expect(await standing(loser.id)).to.deep.equal(aliasOf(id, toyId));
    expect(await standing(toyId)).to.deep.equal(linkedTo(id));
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
    expect((await whyOf(loser.id)).commands).to.deep.equal([]);
    world.toy.remove(toyId);
    await world.run();
    expect(await nameOf(id), 'a merged record is no second one that lives').to.equal(undefined);
  });

  it('waits if the winner is gone too: the row stays until a person decides', async () => {
    const { id, toyId } = await world.linked('Ada');
    const winner = world.toy.add({ full_name: 'Ada Winner' });
    await world.run();
    world.toy.merge(toyId, winner.id);
    world.toy.remove(winner.id);
    await rest();
    expect(await nameOf(id)).to.equal('Ada');
    expect(await standing(toyId)).to.include({ customer: id, state: 'waiting', reason: 'record_merged' });
    expect((await whyOf(toyId)).why).to.include('which is gone too');
  });
});
