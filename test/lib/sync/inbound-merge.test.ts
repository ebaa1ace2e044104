import { expect } from 'chai';
import { readCustomer } from '../../support/customers.ts';
import { askForRead } from '../../../db/inbound.ts';
import { enableFailpoint } from '../../../lib/failpoint.ts';
import type { Lane } from '../../../workers/lane.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { pauseAt } from '../../support/signal.ts';
import { closedIntents, conflictsOf, mappingOf, outcomesOf } from '../../support/sync-rows.ts';
import { fateOf, linkedPair, useTwoWay, withRules } from '../../support/two-way.ts';

describe('inbound: their values and the merge', () => {
  const world = useTwoWay();

  it('pulls an update with one read, and publishes it for our other systems', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Before' });
    const calls = world.calls().length;
    world.simulator.dashboard.updateCustomer(externalId, { name: 'After', email: 'after@example.com' });
    await world.rest();
    expect(world.calls().slice(calls)).to.deep.equal(['GET /v1/customers/cus']);
    expect(await readCustomer(world.db, id)).to.include({
      name: 'After',
      email: 'after@example.com',
      version: 2,
    });
    expect(await fateOf(world.db, externalId)).to.deep.equal(['created echo', 'updated applied']);
    await expectAgreement(world);
  });

  it('pulls ten quick edits of theirs by one read, and each event has its outcome', async () => {
    const { id, externalId } = await linkedPair(world);
    const calls = world.calls().length;
    for (let n = 1; n <= 10; n++) world.simulator.dashboard.updateCustomer(externalId, { name: `Name ${n}` });
    await world.rest();
    expect(world.calls().slice(calls)).to.deep.equal(['GET /v1/customers/cus']);
    expect(await readCustomer(world.db, id)).to.include({ name: 'Name 10', version: 2 });
    const applied = Array<string>(10).fill('updated applied');
    expect(await fateOf(world.db, externalId)).to.deep.equal(['created echo', ...applied]);
    await expectAgreement(world);
  });

  it('receives its own echo without a read, and the echo confirms the delivery', async () => {
    const { id } = await linkedPair(world);
    await world.update(id, { name: 'Ours' });
    await world.rest();
    expect(world.calls()).to.deep.equal(['POST /v1/customers', 'POST /v1/customers/cus']);
    expect(await outcomesOf(world.db, id)).to.deep.equal(['applied', 'echo', 'applied', 'echo']);
    const { rows } = await world.db.raw<{ rows: { n: number }[] }>(
      `select count(*) as n from sync_deliveries where confirmed_by is not null`,
    );
    expect(rows[0]?.n).to.equal(2);
  });

  for (const key of ['constructor', '__proto__'])
    it(`pulls an edit that another program made by a request with the key ${key}`, async () => {
      const { id, externalId } = await linkedPair(world);
      world.simulator.dashboard.updateCustomer(externalId, { name: 'Theirs' });
      const request = { id: 'req_of_another_program', idempotency_key: key };
      await world.deliver(world.undelivered().map((event) => ({ ...event, request })));
      await world.rest();
      expect(await readCustomer(world.db, id)).to.include({ name: 'Theirs' });
      expect(await fateOf(world.db, externalId)).to.deep.equal(['created echo', 'updated applied']);
      await expectAgreement(world);
    });

  it('reads again for who asked while it was reading', async () => {
    const { id, externalId } = await linkedPair(world);
    await world.notify(id);
    const held = pauseAt('reconcile.read');
    const working = world.lane.runOnce();
    await held.reached;
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Only asked for' });
    await askForRead(world.db, {
      system: 'stripe',
      entityType: 'customer',
      externalType: 'customer',
      externalId,
      now: world.clock.now(),
    });
    held.resume();
    await working;
    await world.lane.drain();
    await world.run();
    expect(await readCustomer(world.db, id)).to.include({ name: 'Only asked for' });
  });

  it('does not take what an update of unknown outcome wrote there for an edit of theirs', async () => {
    for (const conflict of ['internal_wins', 'external_wins'] as const) {
      const lane = world.worker({ integration: withRules(world.integration, { conflict }) });
      const { id } = await linkedPair(world, { name: 'Base' });
      world.simulator.faults.add({ kind: 'error_after_effect', method: 'POST', path: '/v1/customers/:id' });
      await world.update(id, { name: 'First' });
      await world.run(lane);
      // Its event would tell that it took effect; without it only the read does.
      for (const event of world.undelivered()) world.lose(event);
      await world.update(id, { name: 'Second' });
      await world.rest(lane);
      expect(await readCustomer(world.db, id)).to.include({ name: 'Second' });
      expect(await conflictsOf(world.db, id)).to.deep.equal([]);
      const results = (await closedIntents(world.db)).map(({ result }) => result);
      expect(new Set(results)).to.deep.equal(new Set(['done']));
    }
    await expectAgreement(world);
  });

  for (const [told, conflicts] of [
    // Their edit was made upon ours, and our own event says so.
    ['which its event tells', []],
    // Only the read tells: what stood there in between nobody knows, so both values are kept.
    ['of which no event tells', ['email']],
  ] as const) {
    it(`does not let our own older value, ${told}, win over a newer one of ours where they edited another field since`, async () => {
      await editUponUnanswered(told === 'of which no event tells', [...conflicts]);
    });
  }

  async function editUponUnanswered(lost: boolean, conflicts: string[]): Promise<void> {
    const lane = world.worker({ integration: withRules(world.integration, { conflict: 'external_wins' }) });
    const { id, externalId } = await linkedPair(world, { name: 'Base' });
    world.simulator.faults.add({ kind: 'error_after_effect', method: 'POST', path: '/v1/customers/:id' });
    await world.update(id, { name: 'First', email: 'first@example.com' });
    await world.run(lane);
    for (const event of lost ? world.undelivered() : []) world.lose(event);
    world.simulator.dashboard.updateCustomer(externalId, { email: 'theirs@example.com' });
    await world.update(id, { name: 'Second' });
    await world.rest(lane);
    expect(await readCustomer(world.db, id)).to.include({ name: 'Second', email: 'theirs@example.com' });
    expect((await conflictsOf(world.db, id)).map(({ field }) => field)).to.deep.equal(conflicts);
    await expectAgreement(world);
  }

  it('reports a conflict once, also if its write had no effect and another field was edited meanwhile', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Base' });
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Theirs' });
    await world.update(id, { name: 'Ours' });
    world.simulator.faults.add({ kind: 'error_before_effect', method: 'POST', path: '/v1/customers/:id' });
    await world.notify(id);
    await world.run();
    await world.update(id, { email: 'other@example.com' });
    await world.rest();
    expect((await conflictsOf(world.db, id)).map(({ theirs }) => theirs)).to.deep.equal(['Theirs']);
    await expectAgreement(world);
  });

  it('still sends our edits while pulls are off, and takes theirs when they are on', async () => {
    const { id, externalId } = await linkedPair(world);
    const quiet = world.worker({ policy: { pulls: false } });
    world.simulator.dashboard.updateCustomer(externalId, { email: 'theirs@example.com' });
    await world.rest(quiet);
    expect(await mappingOf(world.db, id)).to.include({ state: 'waiting', reason: 'pulls_off' });
    await world.update(id, { name: 'Ours' });
    await world.rest(quiet);
    expect(world.simulator.customers()[0]).to.include({ name: 'Ours', email: 'theirs@example.com' });
    expect(await mappingOf(world.db, id)).to.include({ state: 'waiting', reason: 'pulls_off' });
    await world.notify(id);
    await world.rest();
    expect(await readCustomer(world.db, id)).to.include({ name: 'Ours', email: 'theirs@example.com' });
    await expectAgreement(world);
  });

  it('keeps both edits that one write of ours covered, also when it dies after writing the one it puts back', async () => {
    const integration = withRules(world.integration, {});
    const fields = integration.document.fields.map((rule) =>
      rule.internal === 'name' ? { ...rule, conflict: 'external_wins' as const } : rule,
    );
    const lane = (): Lane =>
      world.worker({ integration: { ...integration, document: { ...integration.document, fields } } });
    const { id, externalId } = await linkedPair(world, { name: 'Base', email: 'base@example.com' });
    await world.update(id, { name: 'Ours', email: 'ours@example.com' });
    await world.receive();
    enableFailpoint(
      'intent.before-send',
      () => {
        world.simulator.dashboard.updateCustomer(externalId, {
          name: 'Covered',
          email: 'covered@example.com',
        });
      },
      { once: true },
    );
    await world.run(lane());
    enableFailpoint('write-ours.after', 'throw', { once: true });
    await world.rest(lane());
    expect(
      (await conflictsOf(world.db, id)).map(({ field, theirs }) => [field, theirs]),
    ).to.have.deep.members([
      ['name', 'Covered'],
      ['email', 'covered@example.com'],
    ]);
    expect(await readCustomer(world.db, id)).to.include({ name: 'Covered', email: 'ours@example.com' });
    await expectAgreement(world);
  });
});
