import { expect } from 'chai';
import { listCustomers, readCustomer } from '../../../db/customers.ts';
import { enableFailpoint } from '../../../lib/failpoint.ts';
import { createStripeIntegration } from '../../../lib/integrations/stripe/stripe.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { pauseAt } from '../../support/signal.ts';
import { closedIntents, conflictsOf, expireLeases } from '../../support/sync-rows.ts';
import { fakeKey } from '../../support/sync.ts';
import { linkedPair, mappingsIn, useTwoWay } from '../../support/two-way.ts';

const DAY = 24 * 3_600_000;

/** What the rule book adds to the situations of other synchronisers; the details of each have tests of their own. */
describe('situation', () => {
  const world = useTwoWay();

  it('33: a late request of a dead worker arrives after a newer one, and changes nothing', async () => {
    const { id } = await linkedPair(world, { name: 'Base' });
    await world.update(id, { name: 'First' });
    await world.receive();
    const held = pauseAt('intent.before-send');
    const dead = world.lane.runOnce();
    await held.reached;
    await expireLeases(world.db);
    await world.run(world.worker());
    await world.update(id, { name: 'Second' });
    await world.run(world.worker());
    held.resume();
    await dead;
    await world.lane.drain();
    await world.rest();
    expect(world.simulator.customers()[0]).to.include({ name: 'Second' });
    await expectAgreement(world);
  });

  it('34: an edit over the API comes between load and write, and neither is lost', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Base' });
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Theirs' });
    enableFailpoint(
      'reconcile.read',
      async () => {
        await world.update(id, { email: 'new@example.com' });
      },
      {
        once: true,
      },
    );
    await world.rest();
    expect(await readCustomer(world.db, id)).to.include({ name: 'Theirs', email: 'new@example.com' });
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
    await expectAgreement(world);
  });

  it('35: our own answer shows a field that somebody else edited, and it is pulled', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { email: 'theirs@example.com' });
    await world.update(id, { name: 'Ours' });
    await world.run();
    expect(await readCustomer(world.db, id)).to.include({ email: 'theirs@example.com' });
  });

  it('36: an edit is overwritten unseen, and the echo tells', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Unseen' });
    await world.update(id, { name: 'Ours' });
    await world.run();
    await world.rest();
    const [conflict] = await conflictsOf(world.db, id);
    expect(conflict).to.include({ kind: 'overwritten_unseen', theirs: 'Unseen', winner: 'ours' });
    await expectAgreement(world);
  });

  it('37: our unanswered write is met there, and is not taken for an edit of theirs', async () => {
    const { id } = await linkedPair(world);
    world.simulator.faults.add({ kind: 'drop_answer', method: 'POST', times: 2 });
    await world.update(id, { name: 'First' });
    await world.run();
    await world.update(id, { name: 'Second' });
    await world.rest();
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
    expect(await readCustomer(world.db, id)).to.include({ name: 'Second' });
    await expectAgreement(world);
  });

  it('38: a key of another account stops the lane, and nothing is touched', async () => {
    await linkedPair(world);
    const calls = world.calls().length;
    world.simulator.keys.mapKey('sk_test_other', 'acct_other');
    const lane = world.worker({ integration: world.integrate({ secretKey: 'sk_test_other' }) });
    const stopped = await lane.runOnce().catch((error: unknown) => String(error));
    expect(stopped).to.include('acct_other');
    expect(world.calls()).to.have.length(calls);
  });

  it('39: another installation on the same account neither reads our mark as its own nor shares our keys', async () => {
    const { externalId } = await linkedPair(world);
    const theirs = createStripeIntegration({
      secretKey: fakeKey,
      apiBase: world.simulator.url,
      markKey: 'twinbox_other123',
    });
    const [created] = world.simulator.events();
    expect(theirs.ingress?.normalise(structuredClone(created))).to.include({ mark: null, foreignMark: true });
    const seen = await theirs.fetch(externalId);
    expect(seen).to.have.nested.property('record.foreignMark', true);
    const [intent] = await closedIntents(world.db);
    expect(intent?.key).to.include(world.deps.policy.instanceId);
  });

  it('40: a webhook makes the mapping before the create is answered, and it is absorbed', async () => {
    await world.create();
    await world.receive();
    const held = pauseAt('intent.answered');
    const working = world.lane.runOnce();
    await held.reached;
    // Without key and mark, as a bare poke: nothing tells yet whose it is.
    const [customer] = world.simulator.customers();
    world.simulator.dashboard.updateCustomer(customer!.id, { phone: '1' });
    await world.deliver([world.undelivered().at(-1)!], { thin: true });
    await world.hear();
    expect(await mappingsIn(world.db)).to.have.length(2);
    held.resume();
    await working;
    await world.lane.drain();
    await world.rest();
    expect(await mappingsIn(world.db)).to.have.length(1);
    await expectAgreement(world);
  });

  it('41: a conflict that was both seen and echoed is one row', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Theirs' });
    await world.update(id, { name: 'Ours' });
    await world.deliver();
    await world.hear();
    await world.rest();
    expect((await conflictsOf(world.db, id)).map(({ kind }) => kind)).to.deep.equal(['both_moved']);
    await expectAgreement(world);
  });

  it('42: an edit covered unseen, then a later edit of ours: the later one stands, both are told', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Unseen' });
    await world.update(id, { name: 'Ours' });
    await world.run();
    await world.update(id, { name: 'Later' });
    await world.rest();
    expect(world.simulator.customers()[0]).to.include({ name: 'Later' });
    expect((await conflictsOf(world.db, id)).map(({ theirs }) => theirs)).to.deep.equal(['Unseen']);
    await expectAgreement(world);
  });

  it('43: after a restore that gives ids out again, a key that no intent has is a foreign edit', async () => {
    const { id, externalId } = await linkedPair(world);
    const lost = `tb1:test.${world.deps.policy.instanceId}:00000000-0000-7000-8000-000000000000`;
    world.simulator.dashboard.updateCustomer(externalId, { name: 'By a lost intent' });
    const request = { id: 'req_lost', idempotency_key: lost };
    await world.deliver(world.undelivered().map((event) => ({ ...event, request })));
    await world.hear();
    await world.run();
    expect(await readCustomer(world.db, id)).to.include({ name: 'By a lost intent' });
    await expectAgreement(world);
  });

  it('44: an event of 29 days is heard', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Old' });
    world.advance(29 * DAY);
    await world.rest();
    expect(await readCustomer(world.db, id)).to.include({ name: 'Old' });
    await expectAgreement(world);
  });

  it('45: a copied mark takes nothing over', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Ada' });
    const { metadata } = world.simulator.customers()[0]!;
    world.simulator.dashboard.createCustomer({ name: 'Copy', email: 'copy@example.com', metadata });
    await world.rest();
    expect((await mappingsIn(world.db))[0]).to.include({ externalId, internalId: id, state: 'linked' });
    expect(await listCustomers(world.db, { limit: 9 })).to.have.length(1);
    expect(await readCustomer(world.db, id)).to.include({ name: 'Ada', version: 1 });
    await expectAgreement(world);
  });
});
