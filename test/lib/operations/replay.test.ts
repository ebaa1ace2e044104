import { expect } from 'chai';
import { planReplay, runReplay } from '../../../lib/operations/replay.ts';
import type { PlannedEffect as Effect } from '../../../lib/operations/replay-plan.ts';
import { linkedPair, unlinkedRow, useTwoWay } from '../../support/two-way.ts';
import { resolutionsOf } from '../../support/resolutions.ts';

const HOUR = 3_600_000;

/** What a replay says it would do is what the step then does, because the step itself is asked. */
describe('the plan of a replay', () => {
  const world = useTwoWay();

  async function plan(): Promise<Effect[]> {
    const before = await everything();
    const { items } = await planReplay(world.deps, {
      system: 'stripe',
      statuses: ['parked', 'waiting', 'queued'],
    });
    expect(await everything()).to.deep.equal(before);
    return items.map(({ effect }) => effect);
  }

  async function everything(): Promise<object[]> {
    const { rows } = await world.db.raw<{ rows: object[] }>(
      `select to_jsonb(m) as row from external_mappings m union all select to_jsonb(d) from sync_deliveries d
       union all select to_jsonb(i) from sync_intents i union all select to_jsonb(c) from connections c order by 1`,
    );
    return [...rows, world.simulator.customers()];
  }

  it('says that the same is refused again, until something has changed', async () => {
    const id = await unlinkedRow(world, 'ada@x.test');
    expect(await plan()).to.deep.equal([{ would: 'refused', operation: 'create', code: 'api_error' }]);
    await world.update(id, { email: 'fixed@x.test' });
    await world.receive();
    const [older, newest] = await plan();
    expect(older).to.include({ would: 'superseded' });
    expect(newest).to.deep.equal({ would: 'create' });
  });

  it('says of an update that was refused whether its fields are the same', async () => {
    const { id } = await linkedPair(world);
    await world.update(id, { name: 'Refused' });
    world.simulator.faults.add({ kind: 'error_before_effect', method: 'POST', status: 400 });
    await world.run();
    expect(await plan()).to.deep.equal([{ would: 'refused', operation: 'update', code: 'api_error' }]);
    await world.update(id, { name: 'Another' });
    await world.receive();
    expect((await plan()).at(-1)).to.deep.equal({ would: 'update', there: ['name'], here: [] });
  });

  it('says that what Stripe does not know stays parked, edit and delete alike', async () => {
    const edited = await linkedPair(world);
    const deleted = await linkedPair(world);
    world.simulator.reset();
    await world.update(edited.id, { name: 'Ada' });
    await world.remove(deleted.id);
    await world.rest();
    for (const effect of await plan()) expect(effect).to.include({ would: 'nothing' });
    expect((await plan()).map((effect) => 'why' in effect && effect.why)).to.deep.equal([
      'the system does not know its counterpart; it stays parked until npx twinbox resolve decides',
      'the system does not know its counterpart; it stays parked until npx twinbox resolve decides',
    ]);
  });

  it('says that the fuse holds a delete, and that a released one goes', async () => {
    for (let n = 0; n < 22; n++) await world.create();
    await world.rest();
    for (let id = 0, all = await ids(); id < all.length; id++) await world.remove(all[id] ?? 0);
    await world.run();
    expect(await plan()).to.deep.equal([
      { would: 'held', direction: 'out' },
      { would: 'held', direction: 'out' },
    ]);
    await world.db.raw(`update external_mappings set decision = '{"kind": "release"}' where reason = 'fuse'`);
    expect((await plan())[0]).to.deep.equal({ would: 'delete' });
  });

  it('says what an open request needs, and what comes from there', async () => {
    await world.create();
    world.simulator.faults.add({ kind: 'reset', method: 'POST' });
    await world.run();
    expect(await plan()).to.deep.equal([{ would: 'create', again: true }]);
    world.advance(24 * HOUR);
    expect((await plan())[0]).to.include({ would: 'unknown' });
    await world.rest();
    const pair = await linkedPair(world);
    await world.update(pair.id, { name: 'Ours' });
    world.simulator.dashboard.updateCustomer(pair.externalId, { email: 'theirs@x.test' });
    await world.receive();
    expect(await plan()).to.deep.equal([{ would: 'update', there: ['name'], here: ['email'] }]);
  });

  it('says what becomes of a record that no row stands for, and keeps nothing of what it read', async () => {
    world.simulator.dashboard.createCustomer({ name: 'Theirs', email: 'theirs@x.test' });
    await world.deliver();
    await world.receiveInbound();
    expect(await plan()).to.deep.equal([{ would: 'import' }]);
    await world.rest();
    expect(await ids()).to.have.length(1);
  });

  it('says that a decision is carried out', async () => {
    const { id } = await linkedPair(world);
    world.simulator.reset();
    await world.update(id, { name: 'Missing' });
    await world.run();
    const { rows } = await world.db.raw<{ rows: { id: number }[] }>(
      `select id from external_mappings where reason = 'missing'`,
    );
    const operations = resolutionsOf(world);
    await operations.resolve(rows[0]?.id ?? 0, { action: 'recreate', actor: null, why: null });
    expect(await plan()).to.deep.equal([{ would: 'resolve', decision: 'recreate' }]);
    await world.rest();
  });

  it('is what the step then does', async () => {
    const refused = await unlinkedRow(world, 'ada@x.test');
    await world.update(refused, { email: 'fixed@x.test' });
    await world.receive();
    const planned = await planReplay(world.deps, { system: 'stripe', statuses: ['parked', 'queued'] });
    expect(planned.items.map(({ effect }) => effect.would)).to.deep.equal(['superseded', 'create']);
    await runReplay(world.deps, planned, 'a test');
    await world.rest();
    expect(world.simulator.customers()).to.have.length(1);
  });

  async function ids(): Promise<number[]> {
    const { rows } = await world.db.raw<{ rows: { id: number }[] }>(`select id from customers order by id`);
    return rows.map(({ id }) => id);
  }
});
