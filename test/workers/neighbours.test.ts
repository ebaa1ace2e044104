import { expect } from 'chai';
import { saveRoleSigns } from '../../db/health/role-signs.ts';
import type { SyncPolicy } from '../../lib/sync/step.ts';
import { createLane, type Lane } from '../../workers/lane.ts';
import { createNeighbours, type Neighbours } from '../../workers/neighbours.ts';
import { mappingOf } from '../support/sync-rows.ts';
import { useSync } from '../support/sync.ts';

type Worker = { neighbours: Neighbours; lane: Lane; owner: string };

describe('a worker whose settings allow less than those of another worker', () => {
  const world = useSync();
  beforeEach('no worker has ever run', () => world.db('role_signs').delete());

  /** A worker beside others: with its sign of life, its checks of the others, and its lane. */
  async function worker(name: string, changes: Partial<SyncPolicy> = {}): Promise<Worker> {
    const deps = { ...world.deps, policy: { ...world.deps.policy, ...changes } };
    const { writes, pulls, imports } = deps.policy;
    const onOff = (on: boolean): string => (on ? 'on' : 'off');
    const owner = `host:${name}:x`;
    const settings = {
      ...{ STRIPE_WRITES: onOff(writes), STRIPE_PULLS: onOff(pulls), STRIPE_IMPORT: onOff(imports) },
    };
    await saveRoleSigns(world.db, owner, [{ role: 'worker', state: null, problem: null, settings }]);
    const neighbours = createNeighbours(deps, owner);
    const options = { owner, concurrency: 8, leaseMs: 60_000, leaves: neighbours.leaves };
    return { neighbours, owner, lane: createLane(deps, options, () => undefined) };
  }
  const die = (one: Worker) =>
    world.db.raw(`update role_signs set seen_at = seen_at - interval '1 minute' where owner = :owner`, {
      owner: one.owner,
    });
  async function lookAll(...workers: Worker[]): Promise<number> {
    let taken = 0;
    for (const { neighbours } of workers) taken += await neighbours.look();
    return taken;
  }
  const nameAtStripe = () => world.simulator.customers()[0]?.name;

  it('leaves an edit to the one that may write, and does not take it again', async () => {
    const { id } = await world.create({ name: 'Before' });
    await world.run();
    const [less, more] = [await worker('less', { writes: false }), await worker('more')];
    await world.update(id, { name: 'After' });
    await world.run(less.lane);
    expect(await mappingOf(world.db, id)).to.include({ state: 'waiting', reason: 'writes_off' });
    expect(await lookAll(less, more)).to.equal(1);
    await world.run(less.lane);
    expect(nameAtStripe()).to.equal('Before');
    await world.run(more.lane);
    expect(nameAtStripe()).to.equal('After');
    expect(await mappingOf(world.db, id)).to.include({ state: 'linked', reason: null });
    expect(await lookAll(less, more)).to.equal(0);
  });

  it('leaves an edit of theirs to the one that may pull', async () => {
    const { id } = await world.create({ name: 'Before' });
    await world.run();
    const [less, more] = [await worker('less', { pulls: false }), await worker('more')];
    const { externalId } = await mappingOf(world.db, id);
    world.simulator.dashboard.updateCustomer(externalId ?? '', { name: 'Theirs' });
    await world.bringTheirs();
    await world.run(less.lane);
    expect(await mappingOf(world.db, id)).to.include({ state: 'waiting', reason: 'pulls_off' });
    await lookAll(less, more);
    await world.run(less.lane);
    await world.run(more.lane);
    expect(await mappingOf(world.db, id)).to.include({ state: 'linked', reason: null });
  });

  it('takes waiting work back once the other one shows no sign of life', async () => {
    const { id } = await world.create();
    await world.receive();
    const [less, more] = [await worker('less', { writes: false }), await worker('more')];
    await world.run(less.lane);
    await lookAll(less, more);
    await die(more);
    await lookAll(less);
    await world.run(less.lane);
    const waiting = await mappingOf(world.db, id);
    expect(waiting).to.include({ state: 'waiting', reason: 'writes_off' });
    expect(waiting.clean).to.equal(waiting.dirty);
  });

  it('has its last work taken over once more when it ends', async () => {
    const { id } = await world.create();
    await world.receive();
    const [less, more] = [await worker('less', { writes: false }), await worker('more')];
    await lookAll(more);
    await world.run(less.lane);
    await die(less);
    expect(await lookAll(more)).to.equal(1);
    await world.run(more.lane);
    expect(await mappingOf(world.db, id)).to.include({ state: 'linked' });
    expect(await lookAll(more)).to.equal(0);
  });

  it('leaves alone what a person decides about: records that came before the other one ran', async () => {
    world.simulator.dashboard.createCustomer({ name: 'Early', email: 'early@example.com' });
    await world.bringTheirs();
    const less = await worker('less', { imports: false });
    await world.run(less.lane);
    const more = await worker('more');
    expect(await lookAll(less, more)).to.equal(0);
    world.simulator.dashboard.createCustomer({ name: 'Late', email: 'late@example.com' });
    await world.bringTheirs();
    await world.run(less.lane);
    expect(await lookAll(less, more)).to.equal(1);
    await world.run(more.lane);
    const { rows } = await world.db.raw<{ rows: { name: string }[] }>('select name from customers');
    expect(rows).to.deep.equal([{ name: 'Late' }]);
  });

  it('raises nothing where all have the same settings, or where none may do the work', async () => {
    const { id } = await world.create();
    await world.receive();
    const two = [await worker('one', { writes: false }), await worker('other', { writes: false })];
    for (const one of two) await world.run(one.lane);
    expect(await lookAll(...two)).to.equal(0);
    expect(await mappingOf(world.db, id)).to.include({ state: 'waiting', reason: 'writes_off' });
    for (const one of two) expect(one.neighbours.leaves()).to.deep.equal([]);
  });
});
