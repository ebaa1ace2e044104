import { expect } from 'chai';
import { readSyncBacklog } from '../../db/health/readiness.ts';
import { compareAll } from '../../lib/operations/comparison.ts';
import { planReplay, runReplay } from '../../lib/operations/replay.ts';
import { expectAgreement } from '../support/invariants.ts';
import { deliveriesOf, mappingOf, outcomesOf, parkedNotices } from '../support/sync-rows.ts';
import { linkedPair, useTwoWay } from '../support/two-way.ts';
import { resolutionsOf } from '../support/resolutions.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/**
 * Rows that a person damaged by hand. Each pair ends in a named outcome, says what is wrong, and
 * delays no other pair.
 */
describe('bad input: a mapping row with', () => {
  const world = useTwoWay();

  type Pair = { id: number; externalId: string };

  async function damage(id: number, set: string): Promise<void> {
    await world.db.raw(`update external_mappings set ${set} where internal_id = ${id} and role = 'primary'`);
  }

  /** Puts the previous values of the columns back. */
  async function fix(id: number, columns: Record<string, unknown>): Promise<void> {
    await world.db('external_mappings').where({ id }).update(columns);
  }

  type Stored = Record<string, unknown> & { id: number };
  async function rowOf(where: string): Promise<Stored> {
    const { rows } = await world.db.raw<{ rows: Stored[] }>(`select * from external_mappings where ${where}`);
    if (!rows[0]) throw new Error('no such mapping');
    return rows[0];
  }

  /**
   * One edit on each side of two pairs; those of the undamaged neighbour have to be carried over.
   */
  async function editBoth(broken: Pair, neighbour: Pair): Promise<void> {
    for (const { id, externalId } of [broken, neighbour]) {
      await world.update(id, { name: `Ours ${id}` });
      world.simulator.dashboard.updateCustomer(externalId, { email: `theirs${id}@example.com` });
    }
    // With an invalid id, the event of the record finds no pair: the record would become an alias.
    if ((await mappingOf(world.db, broken.id)).externalId === ' ')
      world.lose(world.undelivered().find(({ data }) => data.object.id === broken.externalId)!);
    await world.deliver();
    await world.receiveInbound();
    await world.run();
    expect(await outcomesOf(world.db, neighbour.id)).to.deep.equal([
      'applied',
      'echo',
      'applied',
      'applied',
      'origin',
    ]);
  }

  async function replay(): Promise<void> {
    const plan = await planReplay(world.deps, { system: 'stripe', statuses: ['parked'] });
    expect(await runReplay(world.deps, plan, 'fixed by a test')).to.equal(1);
    await world.rest();
  }

  const damages: [string, string, string][] = [
    ['a shadow that is null', `shadow = 'null'`, 'shadow'],
    ['a shadow that is a number', `shadow = '7'`, 'shadow'],
    ['a shadow without values', `shadow = '{"name": {}}'`, 'shadow'],
    ['a shadow that is a list', `shadow = '[1]'`, 'shadow'],
    ['a shadow value of another type', `shadow = jsonb_set(shadow, '{name,ours}', '{"a": 1}')`, 'shadow'],
    ['a shadow field that is text', `shadow = jsonb_set(shadow, '{email}', '"x"')`, 'shadow'],
    ['an intent that is text', `intent = '"x"'`, 'intent'],
    ['an empty intent', `intent = '{}'`, 'intent'],
    ['an intent of an unknown operation', `intent = ${intent({ operation: 'upsert' })}`, 'intent'],
    ['an intent with invalid times', `intent = ${intent({ firstSentAt: 'soon' })}`, 'intent'],
    ['an intent without a body', `intent = ${intent({ body: null })}`, 'intent'],
    ['an intent with invalid fields', `intent = ${intent({ fields: { name: 'x' } })}`, 'intent'],
    ['a delete with an invalid id', `intent = ${intent({ operation: 'delete', id: 'x' })}`, 'intent'],
    ['no external id, though it is linked', `external_id = null`, 'external_id'],
    ['a blank external id', `external_id = ' '`, 'external_id'],
  ];
  for (const [says, set] of damages.slice(0, 6))
    it(`${says} is detached if a person decides so`, async () => {
      const pair = await linkedPair(world);
      await damage(pair.id, set);
      await world.update(pair.id, { name: 'Edited' });
      await world.run();
      const { id } = await mappingOf(world.db, pair.id);
      const operations = resolutionsOf(world);
      const asked = { action: 'let_go', actor: null, why: null } as const;
      expect(await operations.resolve(id, asked)).to.include({ outcome: 'let_go' });
      await damage(pair.id, `shadow = '{}'`); // for the checks of the whole at the end
    });

  for (const [says, set, column] of damages) {
    it(`${says} is parked and named, other pairs go on, and a replay continues once it is fixed`, async () => {
      const [broken, neighbour] = [await linkedPair(world), await linkedPair(world)];
      const before = await rowOf(`internal_id = ${broken.id}`);
      await damage(broken.id, set);
      await editBoth(broken, neighbour);
      const parked = await mappingOf(world.db, broken.id);
      expect(parked).to.include({ state: 'parked', reason: 'damaged' });
      expect(parked.reasonDetail).to.include({ column });
      expect(parked.reasonDetail?.['message']).to.be.a('string').that.includes('twinbox replay');
      expect(JSON.stringify(parked.reasonDetail)).to.not.include('example.com');
      expect(new Set(await parkedNotices(world.db))).to.deep.equal(new Set(['damaged']));
      const calls = world.calls().length;
      world.advance(48 * HOUR);
      await world.run();
      expect(world.calls()).to.have.length(calls);

      const { shadow, external_id, role } = before;
      await fix(before.id, { shadow: JSON.stringify(shadow), intent: null, external_id, role });
      await replay();
      expect(await mappingOf(world.db, broken.id)).to.include({ state: 'linked', reason: null });
      expect(world.simulator.customers()[0]).to.include({ name: `Ours ${broken.id}` });
      await expectAgreement(world);
    });
  }

  it('no row of ours, though it is linked, is parked and named', async () => {
    const [broken, neighbour] = [await linkedPair(world), await linkedPair(world)];
    const { id } = await mappingOf(world.db, broken.id);
    await world.db.raw(`update external_mappings set internal_id = null where id = :id`, { id });
    for (const { externalId } of [broken, neighbour])
      world.simulator.dashboard.updateCustomer(externalId, { name: `Theirs ${externalId}` });
    await world.rest();
    const row = await rowOf(`id = ${id}`);
    expect(row).to.deep.include({ state: 'parked', reason: 'damaged' });
    expect(row).to.have.nested.property('reason_detail.column', 'internal_id');
    await fix(id, { internal_id: broken.id });
    await replay();
    await expectAgreement(world);
  });

  it('clean above dirty is examined once, and is valid again', async () => {
    const pair = await linkedPair(world);
    await damage(pair.id, `clean = dirty + 5`);
    await world.rest();
    expect(await mappingOf(world.db, pair.id)).to.include({ state: 'linked' });
    await world.update(pair.id, { name: 'After it' });
    await world.rest();
    expect(await outcomesOf(world.db, pair.id)).to.include('applied');
    await expectAgreement(world);
  });

  for (const set of [
    `state = 'parked'`,
    `state = 'waiting'`,
    `state = 'pending', reason = 'made up'`,
    `reason = 'made up'`,
  ]) {
    it(`${set} that does not fit is corrected by the next change`, async () => {
      const pair = await linkedPair(world);
      await damage(pair.id, set);
      await world.update(pair.id, { name: 'After it' });
      await world.rest();
      expect(await mappingOf(world.db, pair.id)).to.include({ state: 'linked', reason: null });
      await expectAgreement(world);
    });
  }

  it('an external id that no path can carry, or that Stripe does not know, is parked and named', async () => {
    for (const [externalId, reason] of [
      ['..', 'unsendable'],
      ['../subscriptions', 'missing'],
      ['cus_nobody', 'missing'],
    ] as const) {
      const pair = await linkedPair(world);
      await damage(pair.id, `external_id = '${externalId}'`);
      await world.update(pair.id, { name: `Nowhere to go: ${reason}` });
      await world.notify(pair.id);
      await world.run();
      expect(await mappingOf(world.db, pair.id)).to.include({ state: 'parked', reason });
      await damage(pair.id, `external_id = '${pair.externalId}'`);
      await replay();
    }
    await expectAgreement(world);
  });

  it('any damage does not keep other pairs from being compared, deleted and reported', async () => {
    const pairs: Pair[] = [];
    for (let n = 0; n < 4; n += 1) pairs.push(await linkedPair(world));
    world.simulator.dashboard.updateCustomer(pairs[0]!.externalId, { name: 'Differs' });
    await damage(pairs[0]!.id, `shadow = 'null'`);
    await damage(pairs[1]!.id, `intent = ${intent({ operation: 'delete', id: 'x', firstSentAt: 'soon' })}`);
    await damage(pairs[2]!.id, `intent = '7'`);
    expect((await compareAll(world.deps)).agree).to.be.greaterThan(0);
    expect((await readSyncBacklog(world.db)).oldestIntent).to.not.equal(undefined);
    await world.remove(pairs[3]!.id);
    await world.rest();
    expect(await mappingOf(world.db, pairs[3]!.id)).to.include({ state: 'tombstoned' });
    for (const { id } of pairs.slice(0, 3))
      await damage(id, `shadow = '{}', intent = null, must_read = true, dirty = dirty + 1`);
    await world.rest();
    await expectAgreement(world);
  });

  it('an emptied shadow agrees again after a read: equal values stay, others follow the rule', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Ours' });
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Theirs' });
    await damage(id, `shadow = '{}', must_read = true, dirty = dirty + 1`);
    await world.rest();
    expect(world.simulator.customers()[0]).to.include({ name: 'Ours' });
    expect((await deliveriesOf(world.db, id)).at(-1)?.status).to.not.equal('queued');
    await expectAgreement(world);
  });

  /** An open intent as it is stored, except for the given changes. */
  function intent(changes: Record<string, unknown>): string {
    const id = '01890000-0000-7000-8000-000000000000';
    const sound = {
      id,
      number: 9,
      operation: 'update',
      key: 'tb1:test:x',
      body: {},
      fields: {},
      version: 1,
      hop: 0,
    };
    const times = { firstSentAt: '2026-03-01T12:00:00.000Z', lastSentAt: '2026-03-01T12:00:00.000Z' };
    return `'${JSON.stringify({ ...sound, ...times, ...changes })}'`;
  }
});
