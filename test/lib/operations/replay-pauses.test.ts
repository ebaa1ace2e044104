import { expect } from 'chai';
import { readJob } from '../../../db/replays/jobs.ts';
import { createLaneOperations } from '../../../lib/operations/lanes.ts';
import { startReplay } from '../../../lib/operations/replay-jobs.ts';
import { plan } from '../../../lib/operations/replay-plan.ts';
import { runReplayRounds } from '../../../lib/operations/replay-round.ts';
import { readSelection } from '../../../lib/operations/selection-words.ts';
import { useTwoWay } from '../../support/two-way.ts';

const by = { actor: 'key:ops/1', reason: 'the key was renewed' };

describe('a replay beside a pause and a wrong clock', () => {
  const world = useTwoWay();

  /** So many customers whose creates Stripe has refused. */
  async function park(count: number): Promise<void> {
    world.simulator.faults.add({
      ...({ kind: 'error_before_effect', method: 'POST', path: '/v1/customers', times: count } as const),
      status: 400,
    });
    for (let n = 0; n < count; n++) await world.create();
    await world.rest();
  }

  async function begun(rate: number): Promise<{ id: number }> {
    const { db, clock, deps } = world;
    const now = clock.now();
    const selected = await readSelection(db, {}, { systems: ['stripe'], entity: 'customer', now });
    if (selected.outcome !== 'selected') throw new Error(selected.outcome);
    const { hash } = await plan(db, selected.selection, now);
    const started = await startReplay(deps, { plan: hash, rate, stopShare: 0.5, max: null, ...by });
    if (started.outcome !== 'started') throw new Error(started.outcome);
    return started.job;
  }

  async function rounds(count: number): Promise<void> {
    for (let round = 0; round < count; round++) {
      await runReplayRounds(world.deps);
      await world.run();
      world.advance(1_000);
    }
  }

  it('counts no pair as failed that waits for the end of a pause, and counts it when the pause has ended', async () => {
    await park(30);
    const { db, clock, deps } = world;
    const lanes = createLaneOperations({ db, clock, entity: deps.entity });
    await lanes.pause({ system: 'stripe', direction: 'outbound' }, by);
    const { id } = await begun(20);
    await rounds(4);
    expect(await readJob(world.db, id)).to.include({ state: 'running', queued: 0, raised: 30, failed: 0 });
    await lanes.resume({ system: 'stripe', direction: 'outbound' }, by);
    await runReplayRounds(world.deps);
    expect(await readJob(world.db, id)).to.include({ raised: 30, failed: 0 });
    await rounds(4);
    expect(await readJob(world.db, id)).to.include({ state: 'finished', done: 30, failed: 0 });
  });

  it('goes on at once where the clock of an earlier round was ahead', async () => {
    await park(3);
    const { id } = await begun(1);
    world.advance(3_600_000);
    await runReplayRounds(world.deps);
    world.advance(-3_600_000);
    await world.run();
    await rounds(5);
    expect(await readJob(world.db, id)).to.include({ queued: 0, raised: 2, done: 1 });
  });
});
