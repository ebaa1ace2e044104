import { expect } from 'chai';
import { readCustomer } from '../../support/customers.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { closedIntents, conflictsOf, mappingOf } from '../../support/sync-rows.ts';
import { mappingsIn, useTwoWay } from '../../support/two-way.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('a create whose outcome nobody knows', () => {
  const world = useTwoWay();

  /** A create that took effect there, or did not, and whose key tells nothing any more: its failure is kept under it. */
  async function unknown(effect: 'after' | 'before', values: { name?: string } = {}): Promise<number> {
    const { id } = await world.create(values);
    world.simulator.faults.add({ kind: `error_${effect}_effect`, method: 'POST' });
    await world.run();
    expect(await mappingOf(world.db, id)).to.have.nested.property('intent.spent', 'stored_failure');
    return id;
  }

  async function wait(ms: number): Promise<void> {
    world.advance(ms);
    await world.run();
  }

  const living = () => world.simulator.customers();
  const creates = () => world.calls().filter((call) => call === 'POST /v1/customers').length;

  it('is looked for not before five minutes after its last send', async () => {
    await unknown('after');
    const calls = world.calls().length;
    await wait(5 * MINUTE - 1);
    expect(world.calls()).to.have.length(calls);
    await wait(1);
    expect(world.calls().slice(calls)).to.include('GET /v1/events');
  });

  it('is found by its key among the events, and linked', async () => {
    const id = await unknown('after');
    await wait(5 * MINUTE);
    expect(world.calls()).to.not.include('GET /v1/customers');
    expect(await mappingOf(world.db, id)).to.include({ state: 'linked', externalId: living()[0]?.id });
    expect(await closedIntents(world.db)).to.have.length(1);
    expect((await closedIntents(world.db))[0]).to.include({ result: 'done' });
    expect(living()).to.have.length(1);
    await expectAgreement(world);
  });

  it('is found by its mark among the customers where the events no longer reach, after 31 days', async () => {
    await world.create();
    world.simulator.faults.add({ kind: 'drop_answer', method: 'POST' });
    await world.run();
    await wait(31 * DAY);
    expect(world.calls()).to.include('GET /v1/customers');
    expect(creates()).to.equal(1);
    expect(living()).to.have.length(1);
    await expectAgreement(world);
  });

  it('is made anew, once, when it is sure that nothing was made: a minute behind the end of the events', async () => {
    const id = await unknown('before');
    await wait(5 * MINUTE);
    expect(creates()).to.equal(1);
    await wait(MINUTE);
    expect(creates()).to.equal(2);
    const [first, second] = await closedIntents(world.db);
    expect([first?.result, second?.result]).to.deep.equal(['unknown', 'done']);
    expect(first?.key).to.not.equal(second?.key);
    expect(await mappingOf(world.db, id)).to.include({ state: 'linked', attempts: 0 });
    expect(living()).to.have.length(1);
    await expectAgreement(world);
  });

  it('is made anew after 31 days too, when the customers of its time do not have it', async () => {
    await world.create();
    world.simulator.faults.add({ kind: 'error_before_effect', method: 'POST', shouldRetry: null });
    await world.run();
    await wait(31 * DAY);
    expect(living()).to.have.length(1);
    await expectAgreement(world);
  });

  for (const [place, path] of [
    ['the events', '/v1/events'],
    ['the customers', '/v1/customers'],
    ['the search', '/v1/customers/search'],
  ] as const) {
    it(`is not made anew while ${place} cannot be read, however long that is, and is not parked for it`, async () => {
      const id = await unknown('before');
      const fault = { kind: 'error_before_effect', method: 'GET', path, stored: false, times: null } as const;
      const rule = world.simulator.faults.add(fault);
      for (let tries = 0; tries < 6; tries++) await wait(6 * HOUR);
      expect(creates()).to.equal(1);
      expect(await mappingOf(world.db, id)).to.include({ state: 'pending', reason: null });
      expect((await mappingOf(world.db, id)).attempts).to.be.greaterThan(5);
      expect(world.log.map(({ event }) => event)).to.include('create.look_failed');
      world.simulator.faults.remove(rule.id);
      await wait(6 * HOUR);
      expect(living()).to.have.length(1);
      await expectAgreement(world);
    });
  }

  it('does not need a search that this account does not have', async () => {
    await unknown('before');
    const fault = {
      kind: 'error_before_effect',
      method: 'GET',
      status: 400,
      stored: false,
      times: null,
    } as const;
    world.simulator.faults.add({ ...fault, path: '/v1/customers/search' });
    await wait(6 * MINUTE);
    expect(living()).to.have.length(1);
    await expectAgreement(world);
  });

  it('keeps the calls of its look among the attempts', async () => {
    const id = await unknown('before');
    await wait(6 * MINUTE);
    // Those of the look and the second create are of one moment.
    const { rows } = await world.db.raw<{ rows: { operation: string }[] }>(
      `select operation from sync_attempts where mapping_id = :id order by created_at, operation`,
      { id: (await mappingOf(world.db, id)).id },
    );
    expect(rows.map(({ operation }) => operation)).to.deep.equal([
      ...['create', 'create', 'resolve.events', 'resolve.list', 'resolve.search'],
    ]);
  });

  it('is taken from our inbox, where its webhook has come', async () => {
    const id = await unknown('after');
    await world.deliver();
    await world.receiveInbound();
    await wait(5 * MINUTE);
    expect(world.calls()).to.not.include('GET /v1/events');
    expect(await mappingOf(world.db, id)).to.include({ state: 'linked', externalId: living()[0]?.id });
    await world.rest();
    await expectAgreement(world);
  });

  it('is not parked where the read of what has come fails, long after its send', async () => {
    const id = await unknown('after');
    await world.deliver();
    await world.receiveInbound();
    world.simulator.faults.add({ kind: 'reset', method: 'GET' });
    await wait(30 * HOUR);
    expect(await mappingOf(world.db, id)).to.include({ state: 'pending', reason: null });
    await wait(HOUR);
    expect(await mappingOf(world.db, id)).to.include({ state: 'linked', externalId: living()[0]?.id });
    expect(creates()).to.equal(1);
  });

  it('takes over the mapping that a bare poke about its record has made', async () => {
    await unknown('after');
    world.simulator.dashboard.updateCustomer(living()[0]!.id, { phone: '1' });
    await world.deliver([world.undelivered().at(-1)!], { thin: true });
    await world.receiveInbound();
    expect(await mappingsIn(world.db)).to.have.length(2);
    await wait(5 * MINUTE);
    await world.rest();
    expect(await mappingsIn(world.db)).to.have.length(1);
    expect(living()).to.have.length(1);
    await expectAgreement(world);
  });

  for (const apart of [2_000, 0])
    it(`links the older of two that bear its mark, made ${apart} ms apart, keeps the other as an alias with a conflict, and deletes neither`, async () => {
      const id = await unknown('after');
      const [older] = living();
      world.advance(apart);
      const { metadata } = older!;
      const copy = world.simulator.dashboard.createCustomer({
        name: 'Copy',
        email: 'copy@example.com',
        metadata,
      });
      forgetEvents();
      await wait(6 * MINUTE);
      await world.run();
      const mappings = await mappingsIn(world.db);
      expect(mappings.find(({ externalId }) => externalId === older!.id)).to.include({
        role: 'primary',
        internalId: id,
      });
      expect(mappings.find(({ externalId }) => externalId === copy.id)).to.include({
        role: 'alias',
        internalId: id,
      });
      expect((await conflictsOf(world.db, id)).map(({ kind }) => kind)).to.deep.equal(['external_duplicate']);
      expect(living()).to.have.length(2);
      await expectAgreement(world);
    });

  /** As after their retention: only the customers themselves are left to be looked at. */
  function forgetEvents(): void {
    world.simulator.rules.set({ eventsTipLagMs: 40 * DAY });
  }

  it('does not take a record for its own that bears the mark of another row', async () => {
    const id = await unknown('before');
    const metadata = { [`twinbox_${world.deps.policy.instanceId}`]: '01900000-0000-7000-8000-000000000000' };
    const unmatched = world.simulator.dashboard.createCustomer({ name: 'Unmatched', metadata });
    await wait(6 * MINUTE);
    const { externalId } = await mappingOf(world.db, id);
    expect(externalId).to.be.a('string').and.not.equal(unmatched.id);
  });

  it('is found by its key although somebody has taken the mark off, and gets it back', async () => {
    await unknown('after');
    const [made] = living();
    const ownerTag = Object.keys(made!.metadata)[0]!;
    world.simulator.dashboard.updateCustomer(made!.id, { metadata: { [ownerTag]: '' } });
    await wait(5 * MINUTE);
    expect(living()).to.have.length(1);
    expect(living()[0]?.metadata).to.have.property(ownerTag);
    await expectAgreement(world);
  });

  it('that was deleted there meanwhile ends like any that they delete', async () => {
    const id = await unknown('after');
    world.simulator.dashboard.deleteCustomer(living()[0]!.id);
    await wait(5 * MINUTE);
    expect(await mappingOf(world.db, id)).to.include({ state: 'tombstoned' });
    expect((await readCustomer(world.db, id))?.deletedAt).to.not.equal(null);
    expect(creates()).to.equal(1);
  });

  it('knows what it sent: an edit here goes out, an edit there comes in, and neither is a conflict', async () => {
    const id = await unknown('after', { name: 'Sent' });
    world.simulator.dashboard.updateCustomer(living()[0]!.id, { email: 'theirs@example.com' });
    await world.update(id, { name: 'Ours' });
    await wait(5 * MINUTE);
    expect(living()[0]).to.include({ name: 'Ours', email: 'theirs@example.com' });
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
    await expectAgreement(world);
  });

  for (const effect of ['after', 'before'] as const) {
    it(`whose row is deleted meanwhile leaves nothing there when it failed ${effect} its effect`, async () => {
      const id = await unknown(effect);
      await world.remove(id);
      await wait(6 * MINUTE);
      expect(living()).to.deep.equal([]);
      expect(await mappingOf(world.db, id)).to.include({ state: 'tombstoned', intent: null });
      expect(creates()).to.equal(1);
    });
  }

  it('is found by the search where a clock was wrong at the time of its send', async () => {
    const id = await unknown('after');
    const wrong = new Date(world.clock.now().getTime() - 2 * DAY).toISOString();
    await world.db.raw(
      `update external_mappings set intent = intent || jsonb_build_object('firstSentAt', :wrong::text, 'lastSentAt', :wrong::text)`,
      { wrong },
    );
    await wait(6 * MINUTE);
    expect(await mappingOf(world.db, id)).to.include({ state: 'linked', externalId: living()[0]?.id });
    expect(creates()).to.equal(1);
    await expectAgreement(world);
  });

  it('waits, and says why, where the clocks are too far apart for a window of times', async () => {
    const id = await unknown('before');
    world.simulator.clock.advance(2 * MINUTE);
    await wait(10 * MINUTE);
    expect(creates()).to.equal(1);
    expect((await mappingOf(world.db, id)).lastError).to.include({ code: 'clocks_apart' });
    world.simulator.clock.advance(-2 * MINUTE);
    await wait(10 * MINUTE);
    expect(living()).to.have.length(1);
    await expectAgreement(world);
  });

  it('is looked for from where a look was broken off', async () => {
    forgetEvents();
    const id = await unknown('before');
    for (let n = 0; n < 350; n++) {
      world.advance(500);
      world.simulator.dashboard.createCustomer({ name: `Other ${n}` });
    }
    const list = { method: 'GET', path: '/v1/customers' };
    world.simulator.faults.add({ kind: 'error_before_effect', ...list, stored: false, nth: 4 });
    await wait(6 * MINUTE);
    expect(await mappingOf(world.db, id)).to.have.nested.property('intent.looked.list');
    await wait(HOUR);
    // Three pages, one that failed; then what is left of the third and the fourth.
    expect(world.simulator.ledger.entries({ ...list, source: 'api' })).to.have.length(5);
    expect(creates()).to.equal(2);
  });
});
