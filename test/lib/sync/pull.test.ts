import { expect } from 'chai';
import { readCustomer } from '../../support/customers.ts';
import type { Integration } from '../../../lib/integrations/integration.ts';
import type { MappingDocument } from '../../../lib/catalogue/document.ts';
import { enableFailpoint } from '../../../lib/failpoint.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { pauseAt } from '../../support/signal.ts';
import { conflictsOf, deliveriesOf, mappingOf, outcomesOf, parkedNotices } from '../../support/sync-rows.ts';
import { useSync } from '../../support/sync.ts';

describe('what the other side says', () => {
  const world = useSync();

  async function linked(values: { name?: string; email?: string } = {}): Promise<number> {
    const { id } = await world.create(values);
    await world.run();
    return id;
  }

  /** An edit in the dashboard. */
  async function edit(id: number, values: { name?: string | null; email?: string | null }): Promise<void> {
    const { externalId } = await mappingOf(world.db, id);
    world.simulator.dashboard.updateCustomer(externalId ?? '', values);
  }

  async function look(id: number): Promise<void> {
    await world.notify(id);
    await world.run();
    await waitForHolder();
  }

  /** An email that another row has waits a moment for that one to be read. */
  async function waitForHolder(): Promise<void> {
    world.advance(10_000);
    await world.run();
  }

  it('is pulled, and the system is not sent its own change', async () => {
    const id = await linked();
    await edit(id, { name: 'Dashboard' });
    await look(id);
    expect(await readCustomer(world.db, id)).to.include({ name: 'Dashboard', version: 2 });
    expect(await outcomesOf(world.db, id)).to.deep.equal(['applied', 'origin']);
    expect(world.calls()).to.deep.equal(['POST /v1/customers', 'GET /v1/customers/cus']);
    await expectAgreement(world);
  });

  it('is pulled after an answer of ours showed it', async () => {
    const id = await linked();
    await edit(id, { email: 'dashboard@example.com' });
    await world.update(id, { name: 'Ours' });
    await world.run();
    expect(world.calls()).to.deep.equal([
      'POST /v1/customers',
      'POST /v1/customers/cus',
      'GET /v1/customers/cus',
    ]);
    expect(await readCustomer(world.db, id)).to.include({ name: 'Ours', email: 'dashboard@example.com' });
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
    await expectAgreement(world);
  });

  it('is pulled in its tidy form, and left there as it is', async () => {
    const id = await linked();
    await edit(id, { name: '  Ame\u0301lie ' });
    await look(id);
    expect(await readCustomer(world.db, id)).to.include({ name: 'Amélie' });
    await look(id);
    expect(await outcomesOf(world.db, id)).to.deep.equal(['applied', 'origin']);
    await expectAgreement(world);
  });

  it('gives way to ours by default when both moved, and is kept', async () => {
    const id = await linked({ name: 'Base' });
    await edit(id, { name: 'Theirs' });
    await world.update(id, { name: 'Ours' });
    await look(id);
    expect(await conflictsOf(world.db, id)).to.deep.equal([
      {
        kind: 'both_moved',
        field: 'name',
        base: 'Base',
        ours: 'Ours',
        theirs: 'Theirs',
        winner: 'ours',
        note: null,
      },
    ]);
    expect(world.simulator.customers()[0]).to.include({ name: 'Ours' });
    await expectAgreement(world);
  });

  it('wins where the rule says so, and ours is kept', async () => {
    const id = await linked({ name: 'Base' });
    await edit(id, { name: 'Theirs' });
    await world.update(id, { name: 'Ours' });
    await world.notify(id);
    await world.run(world.worker({ integration: withRule({ conflict: 'external_wins' }) }));
    expect((await conflictsOf(world.db, id)).map((c) => [c.ours, c.theirs, c.winner])).to.deep.equal([
      ['Ours', 'Theirs', 'theirs'],
    ]);
    expect(await readCustomer(world.db, id)).to.include({ name: 'Theirs' });
    await expectAgreement(world);
  });

  for (const [sentence, name] of [
    ['null', null],
    ['white space', '   '],
  ] as const) {
    it(`never overwrites by ${sentence}, and that is decided once`, async () => {
      const id = await linked({ name: 'Ada' });
      await edit(id, { name });
      await look(id);
      await look(id);
      expect(await readCustomer(world.db, id)).to.include({ name: 'Ada', version: 1 });
      expect((await conflictsOf(world.db, id)).map(({ kind }) => kind)).to.deep.equal(['null_refused']);
      expect(world.calls().filter((call) => call.startsWith('POST'))).to.have.length(1);
      await expectAgreement(world);
    });
  }

  it('costs one read when a null is refused while our other field goes out', async () => {
    const id = await linked({ name: 'Ada' });
    await edit(id, { name: null });
    await world.update(id, { email: 'new@example.com' });
    await look(id);
    expect(world.calls().slice(1)).to.deep.equal(['GET /v1/customers/cus', 'POST /v1/customers/cus']);
    await expectAgreement(world);
  });

  describe('an email that another of our rows holds', () => {
    it('is held, neither pulled nor pushed, and decided once', async () => {
      const id = await linked({ name: 'Ada', email: 'ada@example.com' });
      await linked({ email: 'taken@example.com' });
      await edit(id, { email: 'taken@example.com', name: 'Ada L' });
      await look(id);
      expect(await readCustomer(world.db, id)).to.include({ name: 'Ada L', email: 'ada@example.com' });
      const rows = await deliveriesOf(world.db, id);
      await look(id);
      expect(await deliveriesOf(world.db, id)).to.deep.equal(rows);
      expect((await conflictsOf(world.db, id)).map(({ kind, winner }) => [kind, winner])).to.deep.equal([
        ['duplicate_email', 'neither'],
      ]);
      expect(world.calls().filter((call) => call.startsWith('POST /v1/customers/cus'))).to.deep.equal([]);
      await expectAgreement(world);
    });

    it('is let go by the next edit here', async () => {
      const id = await linked({ email: 'ada@example.com' });
      await linked({ email: 'taken@example.com' });
      await edit(id, { email: 'taken@example.com' });
      await look(id);
      await world.update(id, { email: 'ada2@example.com' });
      await world.run();
      expect(world.simulator.customers()[0]).to.include({ email: 'ada2@example.com' });
      expect((await mappingOf(world.db, id)).shadow['email']).to.deep.equal({
        ours: 'ada2@example.com',
        theirs: 'ada2@example.com',
      });
      await expectAgreement(world);
    });

    it('is reported beside an edit of theirs that we had covered', async () => {
      const id = await linked({ email: 'base@example.com' });
      await linked({ email: 'taken@example.com' });
      await world.bringTheirs();
      await edit(id, { email: 'covered@example.com' });
      await world.update(id, { email: 'ours@example.com' });
      await world.run();
      await edit(id, { email: 'taken@example.com' });
      await world.bringTheirs();
      await world.run();
      await waitForHolder();
      expect(
        (await conflictsOf(world.db, id)).map(({ kind, theirs }) => [kind, theirs]),
      ).to.have.deep.members([
        ['overwritten_unseen', 'covered@example.com'],
        ['duplicate_email', 'taken@example.com'],
      ]);
      await expectAgreement(world);
    });
  });

  it('is not written over an edit that came between load and write', async () => {
    const id = await linked({ name: 'Base', email: 'base@example.com' });
    await edit(id, { name: 'Theirs' });
    let once = true;
    enableFailpoint('reconcile.read', async () => {
      if (once) await world.update(id, { email: 'between@example.com' });
      once = false;
    });
    await look(id);
    expect(await readCustomer(world.db, id)).to.include({
      name: 'Theirs',
      email: 'between@example.com',
      version: 3,
    });
    expect(world.simulator.customers()[0]).to.include({ name: 'Theirs', email: 'between@example.com' });
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
    await expectAgreement(world);
  });

  it('meets an edit of the same field between load and write as a conflict', async () => {
    const id = await linked({ name: 'Base' });
    await edit(id, { name: 'Theirs' });
    await world.notify(id);
    const held = pauseAt('reconcile.read');
    const running = world.run();
    await held.reached;
    await world.update(id, { name: 'Between' });
    held.resume();
    await running;
    await world.run();
    expect((await conflictsOf(world.db, id)).map((c) => [c.ours, c.theirs])).to.deep.equal([
      ['Between', 'Theirs'],
    ]);
    expect(world.simulator.customers()[0]).to.include({ name: 'Between' });
    await expectAgreement(world);
  });

  it('waits where pulls are off, and comes in when they are on again', async () => {
    const id = await linked();
    await edit(id, { name: 'Theirs' });
    await world.notify(id);
    await world.run(world.worker({ policy: { pulls: false } }));
    expect(await mappingOf(world.db, id)).to.include({ state: 'waiting', reason: 'pulls_off' });
    await look(id);
    expect(await readCustomer(world.db, id)).to.include({ name: 'Theirs' });
    await expectAgreement(world);
  });

  it("parks a row whose new counterpart is another row's, and makes no second one", async () => {
    const holder = await world.create();
    await world.run();
    const { id } = await world.create();
    const takeAway = async (): Promise<void> => {
      const made = world.simulator.customers().find(({ email }) => email === 'c2@example.com');
      await world.db.raw(
        `insert into external_mappings (system, account, internal_id, role, state, external_id)
         select 'stripe', account, :holder, 'alias', 'alias', :made from connections`,
        { holder: holder.id, made: made?.id ?? null },
      );
    };
    enableFailpoint('settle.before', takeAway, { once: true });
    await world.run();
    expect(await mappingOf(world.db, id)).to.include({
      state: 'parked',
      reason: 'external_id_taken',
      externalId: null,
    });
    expect(await outcomesOf(world.db, id)).to.deep.equal(['parked']);
    await world.update(id, { name: 'Edited' });
    await world.run();
    expect(world.simulator.ledger.effects()).to.include({ created: 2 });
    expect(await mappingOf(world.db, id)).to.include({ state: 'parked', reason: 'external_id_taken' });
    expect(await parkedNotices(world.db)).to.deep.equal(['external_id_taken', 'external_id_taken']);

    await world.db.raw(`delete from external_mappings where role = 'alias'`);
    await look(id);
    expect(await outcomesOf(world.db, id)).to.deep.equal(['superseded', 'applied']);
    await expectAgreement(world);
  });

  /** The integration with other rules for the name. */
  function withRule(change: Partial<MappingDocument['fields'][number]>): Integration {
    const { document } = world.integration;
    const fields = document.fields.map((rule) => (rule.internal === 'name' ? { ...rule, ...change } : rule));
    return { ...world.integration, document: { ...document, fields } };
  }
});
