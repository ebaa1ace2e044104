import { expect } from 'chai';
import { withTransaction } from '../../../db/server/connection.ts';
import { releaseDeletes } from '../../../db/connections.ts';
import { raiseHeldDeletes } from '../../../db/mappings/writes/decisions.ts';
import { raiseWaiting } from '../../../db/mappings/dirty.ts';
import { createLinkOperations } from '../../../lib/operations/links.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { pauseAt } from '../../support/signal.ts';
import { linkedPair, mappingsIn, unlinkedRow, useTwoWay } from '../../support/two-way.ts';

const MINUTE = 60_000;

/** A person has decided, and something else comes between the decision and what it asks for. */
describe('what a person has decided about a pair', () => {
  const world = useTwoWay();

  /** More than the fuse lets through a second time. */
  const HELD = 25;

  async function heldOutbound(): Promise<number[]> {
    const ids: number[] = [];
    for (let n = 0; n < 20 + HELD; n++) ids.push((await world.create()).id);
    await world.rest();
    for (const id of ids) await world.remove(id);
    await world.run();
    expect(await states()).to.deep.equal({ tombstoned: 20, 'waiting fuse': HELD });
    return ids;
  }

  async function heldInbound(): Promise<void> {
    const pairs = [];
    for (let n = 0; n < 20 + HELD; n++) pairs.push(await linkedPair(world));
    for (const { externalId } of pairs) world.simulator.dashboard.deleteCustomer(externalId);
    await world.rest();
    expect(await states()).to.deep.equal({ tombstoned: 20, 'waiting fuse': HELD });
  }

  async function release(): Promise<void> {
    await withTransaction(world.db, async (tx) => {
      await releaseDeletes(tx, 'stripe', world.clock.now());
      await raiseHeldDeletes(tx, 'stripe', world.clock.now());
    });
  }

  const unanswered = { kind: 'error_before_effect', method: 'GET', status: 500, times: HELD } as const;

  it('survives a guard that cannot read: released deletes go out, all of them', async () => {
    await heldOutbound();
    world.simulator.faults.add(unanswered);
    await release();
    await world.rest();
    expect(await states()).to.deep.equal({ tombstoned: 20 + HELD });
    await expectAgreement(world);
  });

  it('survives a read that fails: released deletions of theirs are taken over, all of them', async () => {
    await heldInbound();
    world.simulator.faults.add(unanswered);
    await release();
    await world.rest();
    expect(await states()).to.deep.equal({ tombstoned: 20 + HELD });
    await expectAgreement(world);
  });

  it('survives parking: what a wrong key did not see goes out with the right one', async () => {
    const ids = await heldOutbound();
    const notThere = { status: 404, code: 'resource_missing', stored: false };
    world.simulator.faults.add({ kind: 'error_before_effect', method: 'GET', ...notThere, times: HELD });
    await release();
    await world.rest();
    expect(await states()).to.deep.equal({ tombstoned: 20, 'parked missing': HELD });
    for (const id of ids) await world.notify(id);
    await world.rest();
    expect(await states()).to.deep.equal({ tombstoned: 20 + HELD });
    await expectAgreement(world);
  });

  it('survives a step that had begun before it was given', async () => {
    await heldOutbound();
    const held = (await mappingsIn(world.db)).find(({ reason }) => reason === 'fuse');
    await world.notify(held?.internalId ?? 0);
    const guard = pauseAt('settle.before');
    const running = world.lane.runOnce();
    await guard.reached;
    await release();
    guard.resume();
    await running;
    await world.lane.drain();
    await world.rest();
    expect(await states()).to.deep.equal({ tombstoned: 20 + HELD });
  });

  it('leaves the pair where it was, listed with its reason, while the read for it fails', async () => {
    const { id } = await linkedPair(world);
    world.simulator.reset();
    await world.update(id, { name: 'Edited' });
    await world.run();
    expect(await states()).to.deep.equal({ 'parked missing': 1 });
    await world.db.raw(`update external_mappings set decision = '{"kind": "recreate"}'`);
    await world.notify(id);
    world.simulator.faults.add({ ...unanswered, times: 1 });
    await world.run();
    expect(await states()).to.deep.equal({ 'parked missing': 1 });
    await world.rest();
    expect(await states()).to.deep.equal({ detached: 1, linked: 1 });
    await expectAgreement(world);
  });

  it('survives waiting for something else: with pulls off a consent is kept until they are on', async () => {
    const id = await unlinkedRow(world, 'ada@x.test');
    world.simulator.dashboard.createCustomer({ name: 'Theirs', email: 'ada@x.test' });
    await world.rest();
    const [asked] = (await mappingsIn(world.db)).filter(({ reason }) => reason === 'ask_link');
    const { rows } = await world.db.raw<{ rows: { id: number }[] }>(
      `select id from external_mappings where reason = 'ask_link'`,
    );
    expect(asked?.internalId).to.equal(null);
    await createLinkOperations(world).consent(rows[0]?.id ?? 0, 'test');
    await world.rest(world.worker({ policy: { pulls: false } }));
    expect(await states()).to.include({ 'waiting pulls_off': 1 });
    await raiseWaiting(world.db, 'stripe', 'pulls_off', world.clock.now());
    world.advance(MINUTE);
    await world.rest();
    const linked = (await mappingsIn(world.db)).filter(({ internalId }) => internalId === id);
    expect(linked).to.have.length(1);
    expect(linked[0]).to.include({ state: 'linked', externalId: asked?.externalId });
    await expectAgreement(world);
  });

  async function states(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { state, reason } of await mappingsIn(world.db)) {
      const name = reason === null ? state : `${state} ${reason}`;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }
});
