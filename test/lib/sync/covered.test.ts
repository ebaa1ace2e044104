import { expect } from 'chai';
import { readCustomer } from '../../support/customers.ts';
import { raiseMappings } from '../../../db/mappings/dirty.ts';
import { disableFailpoints } from '../../../lib/failpoint.ts';
import { createConflictOperations } from '../../../lib/operations/conflicts.ts';
import { coverEdit } from '../../support/covered.ts';
import { operationsOf, doubled, recordMapping, standsOf } from '../../support/choice.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { conflictsOf } from '../../support/sync-rows.ts';
import { linkedPair, useTwoWay } from '../../support/two-way.ts';
import { customer as customerEntity } from '../../../lib/catalogue/built-in.ts';
import { resolutionsOf } from '../../support/resolutions.ts';

/** The echo of our write is the only one that says what stood there before it. */
describe('an edit at a record that our write covered before another record was chosen', () => {
  const world = useTwoWay();
  afterEach(disableFailpoints);

  /** Our name goes over theirs, which nobody has seen; then the second record is chosen. */
  async function coverAndChoose(): Promise<{ id: number; first: string; second: string }> {
    const { id, first, second } = await doubled(world);
    await coverEdit(world, { id, externalId: first });
    expect(world.simulator.customers().find((c) => c.id === first)).to.include({ name: 'Ours' });
    expect(await operationsOf(world).choose(id, second, 'ops')).to.have.property('outcome', 'linked');
    return { id, first, second };
  }

  const kept = async (id: number): Promise<unknown[]> =>
    (await conflictsOf(world.db, id))
      .filter(({ theirs }) => theirs === 'Covered')
      .map(({ kind, ours, winner }) => [kind, ours, winner]);

  it('is kept as a conflict, once, though the record is an alias by then', async () => {
    const { id, first, second } = await coverAndChoose();
    await world.rest();
    expect(await standsOf(world, id)).to.deep.equal([`${first} alias alias`, `${second} primary linked`]);
    expect(await kept(id)).to.deep.equal([['overwritten_unseen', 'Ours', 'ours']]);
    expect(await readCustomer(world.db, id)).to.include({ name: 'Ours' });
    await expectAgreement(world);
  });

  it('is kept as a conflict, once, though the record is another customer’s by then', async () => {
    const { id, first } = await coverAndChoose();
    world.simulator.dashboard.updateCustomer(first, { email: 'own@example.com' });
    await world.rest();
    const { internalId } = await recordMapping(world, first);
    expect(internalId).to.not.equal(id);
    const all = [...(await kept(id)), ...(await kept(internalId ?? 0))];
    expect(all).to.deep.equal([['overwritten_unseen', 'Ours', 'ours']]);
    await expectAgreement(world);
  });

  it('can be taken back by a person, to the customer and the chosen record', async () => {
    const { id, second } = await coverAndChoose();
    await world.rest();
    const { rows } = await world.db.raw<{ rows: { id: string }[] }>(
      `select id from sync_conflicts where kind = 'overwritten_unseen'`,
    );
    const { db, clock, integration } = world;
    const operations = createConflictOperations({
      entity: customerEntity,
      db,
      clock,
      nudge: () => undefined,
      documents: [integration.document],
    });
    const reversed = await operations.reverse(rows[0]?.id ?? '', { context: {} });
    expect(reversed).to.have.property('outcome', 'reversed');
    await world.rest();
    expect(await readCustomer(db, id)).to.include({ name: 'Covered' });
    expect(world.simulator.customers().find((c) => c.id === second)).to.include({ name: 'Covered' });
    await expectAgreement(world);
  });

  describe('and that waits for what becomes of it, before the echo is received,', () => {
    /** With an email of its own, where no record becomes a customer; nothing is kept yet. */
    async function coverAndWait(): Promise<{ first: string }> {
      const { id, first } = await coverAndChoose();
      const noImports = world.worker({ policy: { imports: false } });
      const echo = world.undelivered().filter(({ request }) => request.idempotency_key !== null);
      expect(echo).to.have.length(1);
      world.simulator.dashboard.updateCustomer(first, { email: 'own@example.com' });
      for (const events of [world.undelivered().slice(-1), echo]) {
        await world.deliver(events);
        await world.receiveInbound();
        await world.run(noImports);
        const mapping = await recordMapping(world, first);
        expect(mapping).to.include({ state: 'waiting', reason: 'not_imported' });
      }
      expect(await kept(id)).to.deep.equal([]);
      return { first };
    }

    async function placeAnew(record: string): Promise<number> {
      const { id } = await recordMapping(world, record);
      await raiseMappings(world.db, { ids: [id], now: world.clock.now(), mustRead: true });
      await world.rest();
      return (await recordMapping(world, record)).internalId ?? 0;
    }

    it('is kept as a conflict of the customer that it becomes', async () => {
      const { first } = await coverAndWait();
      const customer = await placeAnew(first);
      expect(await standsOf(world, customer)).to.deep.equal([`${first} primary linked`]);
      expect(await kept(customer)).to.deep.equal([['overwritten_unseen', 'Ours', 'ours']]);
      await expectAgreement(world);
    });

    it('is kept as a conflict of the customer whose second record it becomes', async () => {
      const { id, externalId } = await linkedPair(world, { email: 'bo@example.com' });
      const { first } = await coverAndWait();
      world.simulator.dashboard.updateCustomer(first, { email: 'bo@example.com' });
      expect(await placeAnew(first)).to.equal(id);
      expect(await standsOf(world, id)).to.include.members([
        `${first} alias alias`,
        `${externalId} primary linked`,
      ]);
      expect(await kept(id)).to.deep.equal([['overwritten_unseen', 'Ours', 'ours']]);
      await expectAgreement(world);
    });
  });
});

describe('an edit at a record that our write covered before its pair ended', () => {
  const world = useTwoWay();
  afterEach(disableFailpoints);

  /** A pair that is parked, and the echo of its last write, which covered an edit of theirs, with it. */
  async function parkWithCoveredEdit(): Promise<{ id: number; externalId: string; mapping: number }> {
    const { id, externalId } = await linkedPair(world, { name: 'Base', email: 'ada@example.com' });
    await coverEdit(world, { id, externalId });
    // A key that does not see the record: the pair is parked, and what came in with it.
    const unseen = { kind: 'error_before_effect', method: 'GET', path: '/v1/customers/:id' } as const;
    world.simulator.faults.add({ ...unseen, status: 404, code: 'resource_missing', stored: false });
    await world.deliver();
    await world.receiveInbound();
    await world.run();
    const parked = await recordMapping(world, externalId);
    expect(parked).to.include({ state: 'parked', reason: 'missing' });
    return { id, externalId, mapping: parked.id };
  }

  const coveredOf = async (id: number): Promise<unknown[]> =>
    (await conflictsOf(world.db, id))
      .filter(({ field }) => field === 'name')
      .map(({ kind, theirs }) => [kind, theirs]);

  it('is kept as a conflict, once, where a person lets the pair go', async () => {
    const { id, externalId, mapping } = await parkWithCoveredEdit();
    const operations = resolutionsOf(world);
    expect(await operations.resolve(mapping, { action: 'let_go', actor: 'ops', why: null })).to.have.property(
      'outcome',
      'let_go',
    );
    await world.rest();
    expect(await standsOf(world, id)).to.deep.equal([`${externalId} primary detached`]);
    expect(await coveredOf(id)).to.deep.equal([['overwritten_unseen', 'Covered']]);
  });

  it('is kept as a conflict, once, where a person names another record', async () => {
    const { id, externalId, mapping } = await parkWithCoveredEdit();
    const other = world.simulator.dashboard.createCustomer({ name: 'Ours', email: 'other@example.com' }).id;
    const operations = resolutionsOf(world);
    const named = { action: 'record', externalId: other, actor: 'ops', why: null } as const;
    expect(await operations.resolve(mapping, named)).to.have.property('outcome', 'decided');
    await world.rest();
    expect(await standsOf(world, id)).to.deep.equal([
      `${externalId} primary detached`,
      `${other} primary linked`,
    ]);
    expect(await coveredOf(id)).to.deep.equal([['overwritten_unseen', 'Covered']]);
  });

  for (const deletes of ['detach', 'delete'] as const) {
    for (const when of ['before', 'after'] as const) {
      it(`is kept as a conflict, once, its echo received ${when} the end (${deletes})`, async () => {
        const lane = world.worker({ policy: { deletes } });
        const { id, externalId } = await linkedPair(world, { name: 'Base' });
        await coverEdit(world, { id, externalId }, { lane });
        await world.remove(id);
        if (when === 'before') {
          await world.deliver();
          await world.receiveInbound();
        }
        await world.run(lane);
        await world.rest(lane);
        const kept = (await conflictsOf(world.db, id)).map(({ kind, theirs }) => [kind, theirs]);
        expect(kept).to.deep.equal([['overwritten_unseen', 'Covered']]);
        await expectAgreement(world);
      });
    }
  }
});
