import { expect } from 'chai';
import { readCustomer } from '../../support/customers.ts';
import { raiseMappings } from '../../../db/mappings/dirty.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { closedIntents, conflictsOf, mappingOf, outcomesOf } from '../../support/sync-rows.ts';
import { useSync } from '../../support/sync.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('a key that can never be used again', () => {
  const world = useSync();

  async function linked(): Promise<number> {
    const { id } = await world.create({ name: 'Before' });
    await world.run();
    return id;
  }

  for (const [where, kind] of [
    ['before', 'error_before_effect'],
    ['after', 'error_after_effect'],
  ] as const) {
    it(`waits five minutes and reads when a 500 ${where} the effect is stored under it`, async () => {
      const id = await linked();
      await world.update(id, { name: 'Ada' });
      world.simulator.faults.add({ kind, method: 'POST' });
      await world.run();
      expect(await mappingOf(world.db, id)).to.have.nested.property('intent.spent', 'stored_failure');
      world.advance(5 * MINUTE - 1);
      await world.run();
      expect(world.calls()).to.have.length(2);
      world.advance(1);
      await world.run();
      const expected = kind === 'error_before_effect' ? ['GET', 'GET', 'POST'] : ['GET'];
      expect(methods().slice(2)).to.deep.equal(expected);
      const [, intent] = await closedIntents(world.db);
      expect(intent).to.include({ result: kind === 'error_before_effect' ? 'unknown' : 'done' });
      expect(world.simulator.customers()[0]).to.include({ name: 'Ada' });
      await expectAgreement(world);
    });
  }

  it('takes a stored 500 for one also where only the replay says so', async () => {
    const id = await linked();
    await world.update(id, { name: 'Ada' });
    world.simulator.faults.add({ kind: 'error_after_effect', method: 'POST', shouldRetry: null });
    await world.run();
    expect((await mappingOf(world.db, id)).intent?.spent).to.equal(undefined);
    world.advance(MINUTE);
    await world.run();
    expect((await mappingOf(world.db, id)).intent?.spent).to.equal('stored_failure');
    world.advance(5 * MINUTE);
    await world.run();
    expect(methods()).to.deep.equal(['POST', 'POST', 'POST', 'GET']);
    await expectAgreement(world);
  });

  it('waits from its last send, also when an operator asks sooner', async () => {
    const id = await linked();
    await world.update(id, { name: 'Ada' });
    world.simulator.faults.add({ kind: 'error_after_effect', method: 'POST', shouldRetry: null });
    await world.run();
    world.advance(10 * MINUTE);
    await world.run();
    const { intent, id: mapping } = await mappingOf(world.db, id);
    expect(intent).to.include({ spent: 'stored_failure', lastSentAt: world.clock.now().toISOString() });
    world.advance(MINUTE);
    await raiseMappings(world.db, { ids: [mapping], now: world.clock.now(), mustRead: true });
    await world.run();
    expect(methods()).to.deep.equal(['POST', 'POST', 'POST']);
  });

  it('reads when it was used with another body', async () => {
    const id = await linked();
    await world.update(id, { name: 'Ada' });
    world.simulator.faults.add({ kind: 'drop_answer', method: 'POST' });
    await world.run();
    await world.db.raw(`update external_mappings set intent = jsonb_set(intent, '{body,name}', '"Grace"')`);
    world.advance(MINUTE);
    await world.run();
    expect((await mappingOf(world.db, id)).intent?.spent).to.equal('idempotency_error');
    world.advance(5 * MINUTE);
    await world.run();
    expect(methods()).to.deep.equal(['POST', 'POST', 'POST', 'GET']);
    expect(world.simulator.customers()[0]).to.include({ name: 'Ada' });
    await expectAgreement(world);
  });

  it('is not sent again after 23 hours: an update reads first', async () => {
    const id = await linked();
    await world.update(id, { name: 'Ada' });
    world.simulator.faults.add({ kind: 'drop_answer', method: 'POST' });
    await world.run();
    world.advance(23 * HOUR + 1);
    await world.run();
    expect(methods()).to.deep.equal(['POST', 'POST', 'GET']);
    expect(await outcomesOf(world.db, id)).to.deep.equal(['applied', 'applied']);
    await expectAgreement(world);
  });

  it('shows by the read what others did since, and keeps both values', async () => {
    const id = await linked();
    await world.update(id, { name: 'Ada' });
    world.simulator.faults.add({ kind: 'drop_answer', method: 'POST' });
    await world.run();
    const { externalId } = await mappingOf(world.db, id);
    world.simulator.dashboard.updateCustomer(externalId ?? '', { name: 'Dashboard' });
    world.advance(23 * HOUR + 1);
    await world.run();
    expect(world.simulator.customers()[0]).to.include({ name: 'Ada' });
    expect(await conflictsOf(world.db, id)).to.have.length(1);
    expect((await conflictsOf(world.db, id))[0]).to.include({
      kind: 'both_moved',
      ours: 'Ada',
      theirs: 'Dashboard',
      winner: 'ours',
    });
    await expectAgreement(world);
  });

  it('is known by its own event to have taken effect, so what others made of it since is no conflict', async () => {
    const id = await linked();
    await world.bringTheirs();
    await world.run();
    await world.update(id, { name: 'Ada' });
    world.simulator.faults.add({ kind: 'error_after_effect', method: 'POST' });
    await world.run();
    const { externalId } = await mappingOf(world.db, id);
    world.simulator.dashboard.updateCustomer(externalId ?? '', { name: 'Dashboard' });
    await world.bringTheirs();
    world.advance(5 * MINUTE);
    await world.run();
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
    expect(await readCustomer(world.db, id)).to.include({ name: 'Dashboard' });
    expect(world.simulator.customers()[0]).to.include({ name: 'Dashboard' });
    expect((await closedIntents(world.db))[1]).to.include({ result: 'done' });
    await expectAgreement(world);
  });

  function methods(): string[] {
    return world.calls().map((call) => call.split(' ')[0] ?? '');
  }
});
