import { expect } from 'chai';
import { readCustomer } from '../../support/customers.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { pauseAt } from '../../support/signal.ts';
import { closedIntents, deliveriesOf, mappingOf, outcomesOf } from '../../support/sync-rows.ts';
import { useSync } from '../../support/sync.ts';

describe('outbound', () => {
  const world = useSync();

  it('makes a Stripe customer of a new row, and links the pair', async () => {
    const made = await world.create({ name: 'Ada Lovelace', email: 'ada@example.com' });
    await world.run();
    const [theirs] = world.simulator.customers();
    expect(theirs).to.include({ name: 'Ada Lovelace', email: 'ada@example.com' });
    expect(Object.values(theirs?.metadata ?? {})).to.deep.equal([made.createdEventId]);
    const read = await readCustomer(world.db, made.id);
    expect(read?.mappings).to.have.length(1);
    expect(read?.mappings[0]).to.include({ externalId: theirs?.id, state: 'linked', reason: null });
    expect(await outcomesOf(world.db, made.id)).to.deep.equal(['applied']);
    await expectAgreement(world);
  });

  it('publishes the link for other consumers, with the external id', async () => {
    const { id } = await world.create();
    await world.run();
    const { rows } = await world.db.raw<{ rows: { payload: unknown; version: number }[] }>(
      `select payload, version from sync_events where event_type = 'customer.linked'`,
    );
    expect(rows).to.have.length(1);
    expect(rows[0]).to.have.nested.property('payload.external_mappings.stripe', await externalIdOf(id));
    expect(rows[0]?.version).to.equal(1);
  });

  it('sends of an update only what changed', async () => {
    const { id } = await world.create();
    await world.run();
    await world.update(id, { name: 'Grace Hopper' });
    await world.run();
    expect(world.simulator.customers()[0]).to.include({ name: 'Grace Hopper' });
    const { rows } = await world.db.raw<{ rows: { body: unknown }[] }>(
      `select body from sync_intents where operation = 'update'`,
    );
    expect(rows).to.deep.equal([{ body: { name: 'Grace Hopper' } }]);
    await expectAgreement(world);
  });

  it('deletes there what was deleted here, after a look at it', async () => {
    const { id } = await world.create();
    await world.run();
    await world.remove(id);
    await world.run();
    expect(world.simulator.customers()).to.deep.equal([]);
    expect(world.calls()).to.deep.equal([
      'POST /v1/customers',
      'GET /v1/customers/cus',
      'DELETE /v1/customers/cus',
    ]);
    expect(await outcomesOf(world.db, id)).to.deep.equal(['applied', 'applied']);
    expect(await mappingOf(world.db, id)).to.include({ state: 'tombstoned', intent: null });
    await expectAgreement(world);
  });

  it('carries ten edits in a row by one call, and each delivery names what carried it', async () => {
    const { id } = await world.create();
    await world.run();
    for (let n = 1; n <= 10; n++) await world.update(id, { name: `Name ${n}` });
    await world.run();
    expect(world.calls()).to.deep.equal(['POST /v1/customers', 'POST /v1/customers/cus']);
    const [, ...edits] = await deliveriesOf(world.db, id);
    const last = edits.at(-1);
    const intents = await closedIntents(world.db);
    expect(edits.map(({ status }) => status)).to.deep.equal([
      ...Array<string>(9).fill('superseded'),
      'applied',
    ]);
    expect(new Set(edits.map(({ intentId }) => intentId))).to.deep.equal(new Set([intents.at(-1)?.id]));
    expect(new Set(edits.slice(0, -1).map(({ supersededBy }) => supersededBy))).to.deep.equal(
      new Set([last?.eventId]),
    );
    await expectAgreement(world);
  });

  it('creates with the newest values what was edited before it was ever sent', async () => {
    const { id } = await world.create();
    await world.update(id, { name: 'Newest' });
    await world.run();
    expect(world.calls()).to.deep.equal(['POST /v1/customers']);
    expect(world.simulator.customers()[0]).to.include({ name: 'Newest' });
    expect(await outcomesOf(world.db, id)).to.deep.equal(['superseded', 'applied']);
    await expectAgreement(world);
  });

  it('makes no call for an edit that was taken back', async () => {
    const { id } = await world.create({ name: 'A' });
    await world.run();
    await world.update(id, { name: 'B' });
    await world.update(id, { name: 'A' });
    await world.run();
    expect(world.calls()).to.deep.equal(['POST /v1/customers']);
    expect(await outcomesOf(world.db, id)).to.deep.equal(['applied', 'noop', 'noop']);
    await expectAgreement(world);
  });

  it('sends an edit made while an intent is open as the next intent', async () => {
    const { id } = await world.create();
    await world.run();
    await world.update(id, { name: 'First' });
    const held = pauseAt('intent.answered');
    const running = world.run();
    await held.reached;
    await world.update(id, { name: 'Second' });
    await world.receive();
    held.resume();
    await running;
    await world.run();
    expect(world.simulator.customers()[0]).to.include({ name: 'Second' });
    const [, first, second] = await deliveriesOf(world.db, id);
    expect([first?.status, second?.status]).to.deep.equal(['applied', 'applied']);
    expect(first?.intentId).not.to.equal(second?.intentId);
    await expectAgreement(world);
  });

  it('makes no event of an equal write, and no call', async () => {
    const { id } = await world.create({ name: 'Same' });
    await world.run();
    await world.update(id, { name: 'Same' }).then(
      () => expect.fail('an equal write hit the row'),
      () => undefined,
    );
    expect(await world.receive()).to.equal(0);
    expect(world.calls()).to.have.length(1);
  });

  it('makes no call when only the case of an email changes', async () => {
    const { id } = await world.create({ email: 'ada@example.com' });
    await world.run();
    await world.update(id, { email: 'Ada@Example.com' });
    await world.run();
    expect(world.calls()).to.have.length(1);
    expect(await outcomesOf(world.db, id)).to.deep.equal(['applied', 'noop']);
    await expectAgreement(world);
  });

  it('makes no call for what was deleted before anything was sent', async () => {
    const { id } = await world.create();
    await world.update(id, { name: 'Nobody' });
    await world.remove(id);
    await world.run();
    expect(world.calls()).to.deep.equal([]);
    expect(await outcomesOf(world.db, id)).to.deep.equal(['superseded', 'superseded', 'noop']);
    await expectAgreement(world);
  });

  it('finishes an open create before the delete', async () => {
    const { id } = await world.create();
    world.simulator.faults.add({ kind: 'drop_answer', method: 'POST' });
    await world.run();
    await world.remove(id);
    world.advance(60_000);
    await world.run();
    expect(world.calls()).to.deep.equal([
      'POST /v1/customers',
      'POST /v1/customers',
      'GET /v1/customers/cus',
      'DELETE /v1/customers/cus',
    ]);
    expect(world.simulator.ledger.effects()).to.include({ created: 1, deleted: 1, living: 0 });
    expect(await outcomesOf(world.db, id)).to.deep.equal(['applied', 'applied']);
    await expectAgreement(world);
  });

  it('makes neither a call nor a row in a second look', async () => {
    const { id } = await world.create();
    await world.run();
    const before = await counts();
    await world.notify(id, { mustRead: false });
    await world.run();
    expect(world.calls()).to.have.length(1);
    expect(await counts()).to.deep.equal(before);
  });

  it('keeps names and emails out of the log', async () => {
    const { id } = await world.create({ name: 'Secretive Person', email: 'secret@example.com' });
    await world.run();
    await world.update(id, { email: 'not an address' });
    await world.run();
    const text = JSON.stringify(world.log);
    expect(text).to.include('delivery.settled');
    for (const value of ['Secretive', 'secret@', 'not an address']) expect(text).not.to.include(value);
  });

  async function externalIdOf(id: number): Promise<string | null> {
    return (await mappingOf(world.db, id)).externalId;
  }

  async function counts(): Promise<unknown> {
    const { rows } = await world.db.raw<{ rows: unknown[] }>(
      `select (select count(*) from sync_events) as events, (select count(*) from sync_deliveries) as deliveries,
              (select count(*) from sync_intents) as intents, (select count(*) from sync_attempts) as attempts,
              (select count(*) from sync_conflicts) as conflicts`,
    );
    return rows[0];
  }
});
