import { expect } from 'chai';
import { readCustomer } from '../../support/customers.ts';
import { listMappings } from '../../../db/mappings/list.ts';
import { planReplay, runReplay } from '../../../lib/operations/replay.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { conflictsOf, mappingOf, outcomesOf, parkedNotices } from '../../support/sync-rows.ts';
import { constraintTriggerSql, removeRules, triggerSql } from '../../support/table-rules.ts';
import { linkedPair, useTwoWay } from '../../support/two-way.ts';

/** What comes from Stripe and the table customers does not take by a rule or a trigger of its owner. */
describe('a change of theirs that the table refuses', () => {
  const world = useTwoWay();
  const run = (sql: string): Promise<unknown> => world.db.raw(sql);
  const takeAway = (): Promise<void> => removeRules(world.db);
  afterEach('take the rules away', takeAway);

  const nameOf = async (id: number): Promise<string | undefined> => (await readCustomer(world.db, id))?.name;
  const renameThere = async (externalId: string, name: string): Promise<void> => {
    world.simulator.dashboard.updateCustomer(externalId, { name });
    await world.deliver();
    await world.receiveInbound();
    await world.run();
  };
  async function replay(): Promise<number> {
    const plan = await planReplay(world.deps, { system: 'stripe', statuses: ['parked'] });
    const raised = await runReplay(world.deps, plan, 'the rule was changed');
    await world.rest();
    return raised;
  }

  const rules: [string, string, Record<string, unknown>][] = [
    [
      'CHECK',
      `alter table customers add constraint name_short check (length(name) <= 20)`,
      { reason: 'row_refused', kind: 'check', rule: 'name_short', columns: ['name'] },
    ],
    [
      'UNIQUE, deferred',
      `alter table customers add constraint name_once unique (name) deferrable initially deferred`,
      { reason: 'row_refused', kind: 'unique', rule: 'name_once', columns: ['name'] },
    ],
    [
      'raising trigger',
      triggerSql(
        'closed',
        `if new.name like 'A name%' then raise exception 'closed customer'; end if; return new;`,
      ),
      { reason: 'row_refused', kind: 'trigger', rule: 'closed()', says: 'closed customer' },
    ],
    [
      'constraint trigger, deferred',
      constraintTriggerSql(
        'late',
        `if new.name like 'A name%' then raise exception 'too late'; end if; return null;`,
      ),
      { reason: 'row_refused', kind: 'trigger', rule: 'late()', says: 'too late' },
    ],
    [
      'trigger that returns null',
      triggerSql('quiet', `if new.name like 'A name%' then return null; end if; return new;`),
      { reason: 'row_swallowed', kind: 'swallowed', rule: 'quiet' },
    ],
  ];
  const NAME = 'A name that is longer than twenty';
  for (const [what, sql, expected] of rules) {
    it(`is parked at once by the rule's name (${what}), and a replay works once the rule is gone`, async () => {
      const [pair, neighbour] = [await linkedPair(world), await linkedPair(world)];
      if (what.startsWith('UNIQUE')) await linkedPair(world, { name: NAME });
      await run(sql);
      await renameThere(pair.externalId, NAME);
      await renameThere(neighbour.externalId, 'Neighbour');
      const { state, reason, reasonDetail, dirty, clean } = await mappingOf(world.db, pair.id);
      expect({ state, reason, open: dirty - clean }).to.deep.equal({
        state: 'parked',
        reason: expected['reason'],
        open: 0,
      });
      expect({ ...reasonDetail, reason }).to.deep.include(expected);
      expect(JSON.stringify(reasonDetail)).not.to.include(NAME);
      expect(await nameOf(neighbour.id)).to.equal('Neighbour');
      expect(await parkedNotices(world.db)).to.have.length(1);
      const [listed] = await listMappings(world.db, { limit: 10, state: 'parked' });
      expect(listed?.detail).to.deep.include({ rule: expected['rule'] });

      world.advance(48 * 3_600_000);
      await world.run();
      expect(await replay(), 'with the rule').to.equal(1);
      expect((await mappingOf(world.db, pair.id)).state).to.equal('parked');
      await takeAway();
      expect(await replay(), 'without the rule').to.equal(1);
      expect(await nameOf(pair.id)).to.equal(NAME);
      await expectAgreement(world);
    });
  }

  it('is tried again by the next edit there', async () => {
    const pair = await linkedPair(world);
    await run(`alter table customers add constraint name_short check (length(name) <= 20)`);
    await renameThere(pair.externalId, NAME);
    await renameThere(pair.externalId, 'Short');
    expect(await nameOf(pair.id)).to.equal('Short');
    expect((await mappingOf(world.db, pair.id)).reason).to.equal(null);
    await expectAgreement(world);
  });

  it('is tried again by the next edit here, and gives way to it with a conflict', async () => {
    const pair = await linkedPair(world);
    await run(`alter table customers add constraint name_short check (length(name) <= 20)`);
    await renameThere(pair.externalId, NAME);
    await world.update(pair.id, { name: 'Ours' });
    await world.rest();
    expect(await nameOf(pair.id)).to.equal('Ours');
    expect((await conflictsOf(world.db, pair.id)).map(({ kind }) => kind)).to.deep.equal(['both_moved']);
    await expectAgreement(world);
  });

  it('as a new customer makes no row and no second mapping, and becomes one after a replay', async () => {
    await linkedPair(world, { name: 'Taken' });
    await run(`alter table customers add constraint name_once unique (name)`);
    const { id: externalId } = world.simulator.dashboard.createCustomer({
      name: 'Taken',
      email: 'new@example.com',
    });
    await world.rest();
    const [parked] = await listMappings(world.db, { limit: 10 });
    expect(parked).to.deep.include({ externalId, customer: null, state: 'parked', reason: 'row_refused' });
    expect(parked?.detail).to.deep.include({ rule: 'name_once', kind: 'unique', columns: ['name'] });
    expect(await replay()).to.equal(1);
    await run(`alter table customers drop constraint name_once`);
    expect(await replay()).to.equal(1);
    expect(await listMappings(world.db, { limit: 10 })).to.deep.equal([]);
    await expectAgreement(world);
  });

  it('as a new customer that a trigger swallows is parked as that', async () => {
    await run(triggerSql('quiet', `if tg_op = 'INSERT' then return null; end if; return new;`));
    world.simulator.dashboard.createCustomer({ name: 'New', email: 'new@example.com' });
    await world.rest();
    const [parked] = await listMappings(world.db, { limit: 10 });
    expect(parked).to.deep.include({ state: 'parked', reason: 'row_swallowed' });
    expect(parked?.detail).to.deep.include({ rule: 'quiet' });
    await takeAway();
    expect(await replay()).to.equal(1);
    await expectAgreement(world);
  });

  for (const [what, sql, reason] of [
    [
      'refuses',
      triggerSql('kept', `if new.deleted_at is not null then raise exception 'kept'; end if; return new;`),
      'row_refused',
    ],
    [
      'refuses at the commit',
      constraintTriggerSql(
        'kept',
        `if new.deleted_at is not null then raise exception 'kept'; end if; return null;`,
      ),
      'row_refused',
    ],
    [
      'swallows',
      triggerSql('kept', `if new.deleted_at is not null then return null; end if; return new;`),
      'row_swallowed',
    ],
  ] as const) {
    it(`as a deletion that a trigger ${what} leaves the row and is parked, and a replay deletes`, async () => {
      const pair = await linkedPair(world);
      await run(sql);
      world.simulator.dashboard.deleteCustomer(pair.externalId);
      await world.rest();
      expect(await mappingOf(world.db, pair.id)).to.deep.include({ state: 'parked', reason });
      expect((await readCustomer(world.db, pair.id))?.deletedAt).to.equal(null);
      await takeAway();
      expect(await replay()).to.equal(1);
      expect((await readCustomer(world.db, pair.id))?.deletedAt).to.be.an.instanceOf(Date);
      expect((await mappingOf(world.db, pair.id)).state).to.equal('tombstoned');
    });
  }

  it('is logged without a value of any row', async () => {
    const pair = await linkedPair(world);
    await run(
      triggerSql(
        'closed',
        `if new.name = 'Secret' then raise exception 'no %', new.name; end if; return new;`,
      ),
    );
    await renameThere(pair.externalId, 'Secret');
    expect(await outcomesOf(world.db, pair.id)).to.include('parked');
    expect(JSON.stringify(world.log)).not.to.include('Secret');
    expect(world.log.filter(({ event }) => event === 'reconcile.broke_off')).to.deep.equal([]);
  });
});
