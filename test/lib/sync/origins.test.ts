import { expect } from 'chai';
import { listConflicts } from '../../../db/conflicts.ts';
import { readCustomer } from '../../support/customers.ts';
import { withTransaction } from '../../../db/server/connection.ts';
import type { FieldRule } from '../../../lib/catalogue/document.ts';
import type { Lane } from '../../../workers/lane.ts';
import { startBeside, type Beside } from '../../support/two-systems.ts';
import { linkedPair, useTwoWay, withRules } from '../../support/two-way.ts';

type System = 'stripe' | 'toy';
type Lanes = Record<System, Lane>;

describe('the origins of two values that meet', () => {
  const world = useTwoWay();
  let beside: Beside;
  beforeEach('start a second system', async () => {
    beside = await startBeside(world);
  });
  afterEach('stop it', () => beside.toy.close());

  const lanesOf = (rules: Partial<FieldRule>): Lanes => ({
    stripe: world.worker({ integration: withRules(world.integration, rules) }),
    toy: world.worker({ integration: withRules(beside.integration, rules) }),
  });

  async function step(system: System, lanes: Lanes): Promise<void> {
    if (system === 'toy') return beside.run(lanes.toy);
    await world.deliver();
    await world.receiveInbound();
    await world.run(lanes.stripe);
  }

  async function rest(lanes: Lanes): Promise<void> {
    for (let round = 0; round < 4; round += 1) {
      await step('stripe', lanes);
      await step('toy', lanes);
    }
  }

  /** One row with a record at each system, and its name edited at both before either is read. */
  async function editBoth(lanes: Lanes): Promise<{ id: number; shown: () => Promise<unknown[]> }> {
    const { id, externalId } = await linkedPair(world, { name: 'Base' });
    await rest(lanes);
    const toyId = await beside.idOf(id);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Of Stripe' });
    beside.toy.edit(toyId, { full_name: 'Of the toy' });
    const shown = async () => [
      (await readCustomer(world.db, id))?.name,
      world.simulator.customers().find((customer) => customer.id === externalId)?.name,
      beside.toy.people().find((person) => person.id === toyId)?.full_name,
    ];
    return { id, shown };
  }

  const kept = async (customer: number) =>
    (await listConflicts(world.db, { limit: 20, customer }))
      .reverse()
      .map((c) => [c.system, c.ours, c.oursFrom, c.theirs, c.theirsFrom, c.winner, c.rule]);

  const NAMES = { stripe: 'Of Stripe', toy: 'Of the toy', internal: 'Ours' } as const;
  const ORDERS: System[][] = [
    ['stripe', 'toy'],
    ['toy', 'stripe'],
  ];

  for (const [first, second] of ORDERS as [System, System][]) {
    it(`are named where two systems changed one field (${first} arrives first)`, async () => {
      const lanes = lanesOf({});
      const { id, shown } = await editBoth(lanes);
      await step(first, lanes);
      await step(second, lanes);
      await rest(lanes);
      expect(await shown()).to.deep.equal(Array(3).fill(NAMES[first]));
      expect(await kept(id)).to.deep.equal([
        [second, NAMES[first], first, NAMES[second], second, 'ours', 'internal_wins'],
      ]);
    });

    for (const conflict of ['internal_wins', 'external_wins'] as const) {
      for (const owner of ['stripe', 'toy'] as const) {
        it(`do not matter where ${owner} owns the field (${first} arrives first, ${conflict})`, async () => {
          const lanes = lanesOf({ conflict, owner });
          const { id, shown } = await editBoth(lanes);
          await step(first, lanes);
          await step(second, lanes);
          await rest(lanes);
          expect(await shown()).to.deep.equal(Array(3).fill(NAMES[owner]));
          const winner = owner === second ? 'theirs' : 'ours';
          expect(await kept(id)).to.deep.equal([
            [second, NAMES[first], first, NAMES[second], second, winner, 'owner'],
          ]);
        });
      }

      for (const owner of ['internal', 'stripe', 'toy'] as const) {
        it(`let the edit of ${owner} stand against two others (${first} arrives first, ${conflict})`, async () => {
          const lanes = lanesOf({ conflict, owner });
          const { id, shown } = await editBoth(lanes);
          await world.update(id, { name: NAMES.internal });
          await step(first, lanes);
          await step(second, lanes);
          await rest(lanes);
          expect(await shown()).to.deep.equal(Array(3).fill(NAMES[owner]));
          const lost = (await kept(id)).map(([, ours, , theirs, , winner]) =>
            winner === 'ours' ? theirs : ours,
          );
          const losers = Object.values(NAMES).filter((name) => name !== NAMES[owner]);
          expect(lost).to.include.members(losers);
          expect(lost).to.not.include(NAMES[owner]);
        });
      }
    }

    it(`have the rule decide where the owner made none of the two (${first} arrives first)`, async () => {
      const lanes = lanesOf({ owner: 'internal', conflict: 'external_wins' });
      const { id, shown } = await editBoth(lanes);
      await step(first, lanes);
      await step(second, lanes);
      await rest(lanes);
      expect(await shown()).to.deep.equal(Array(3).fill(NAMES[second]));
      expect((await kept(id)).map((conflict) => conflict.at(-1))).to.deep.equal(['external_wins']);
    });
  }

  it('are of the field itself: a later change of another field is none of it', async () => {
    const lanes = lanesOf({});
    const { id } = await editBoth(lanes);
    await step('stripe', lanes);
    await world.update(id, { email: 'later@example.com' });
    await step('toy', lanes);
    expect(await kept(id)).to.deep.equal([
      ['toy', NAMES.stripe, 'stripe', NAMES.toy, 'toy', 'ours', 'internal_wins'],
    ]);
    await rest(lanes);
  });

  it('are of our value as it was, also where theirs takes its place', async () => {
    const lanes = lanesOf({ conflict: 'external_wins' });
    const { id } = await editBoth(lanes);
    await step('stripe', lanes);
    await step('toy', lanes);
    expect(await kept(id)).to.deep.equal([
      ['toy', NAMES.stripe, 'stripe', NAMES.toy, 'toy', 'theirs', 'external_wins'],
    ]);
    await rest(lanes);
  });

  it('are "sql" for a change by hand', async () => {
    const lanes = lanesOf({});
    const { id } = await editBoth(lanes);
    await withTransaction(world.db, (tx) =>
      tx.raw(
        `update customers set name = 'By hand', version = version + 1, last_event_id = next_sync_event_id() where id = ${id};
         select write_customer_event(${id})`,
      ),
    );
    await step('stripe', lanes);
    expect((await kept(id)).map(([system, , from]) => [system, from])).to.deep.equal([['stripe', 'sql']]);
    await rest(lanes);
  });

  it('cost no statement where nothing meets', async () => {
    const lanes = lanesOf({ owner: 'internal' });
    const { id } = await linkedPair(world, { name: 'Base' });
    await rest(lanes);
    const statements: string[] = [];
    const note = ({ sql }: { sql: string }): void => void statements.push(sql);
    world.db.on('query', note);
    await world.update(id, { name: 'Ours' });
    await rest(lanes);
    world.db.off('query', note);
    expect(statements.length).to.be.greaterThan(5);
    expect(statements.filter((sql) => sql.includes('id_before'))).to.deep.equal([]);
  });
});
