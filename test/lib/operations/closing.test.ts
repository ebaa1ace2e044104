import { expect } from 'chai';
import { listEvents } from '../../../db/events/list.ts';
import { readJob } from '../../../db/replays/jobs.ts';
import { readPlanPage } from '../../../db/replays/plans.ts';
import { readClosing } from '../../../db/mappings/closed-pairs.ts';
import { customer as customerEntity } from '../../../lib/catalogue/built-in.ts';
import { closeSelected } from '../../../lib/operations/closing.ts';
import { compareAll, exitStatusOf } from '../../../lib/operations/comparison.ts';
import { readGroups } from '../../../lib/operations/error-groups.ts';
import { startReplay } from '../../../lib/operations/replay-jobs.ts';
import { plan } from '../../../lib/operations/replay-plan.ts';
import { runReplayRounds } from '../../../lib/operations/replay-round.ts';
import { readSelection, type SelectionWords } from '../../../lib/operations/selection-words.ts';
import { useTwoWay } from '../../support/two-way.ts';

const by = { actor: 'key:ops/1', reason: 'the key was renewed' };

describe('closing', () => {
  const world = useTwoWay();

  async function parked(): Promise<number> {
    world.simulator.faults.add({
      ...({ kind: 'error_before_effect', method: 'POST', path: '/v1/customers', times: 1 } as const),
      status: 400,
    });
    const { id } = await world.create();
    await world.rest();
    return id;
  }

  const groups = (closed = false) => readGroups(world.db, customerEntity, { closed });
  const attention = async () =>
    (await listEvents(world.db, { systems: ['stripe'], limit: 10, needsAttention: true })).length;

  async function close(words: SelectionWords) {
    const of = { systems: ['stripe'], entity: 'customer', now: world.clock.now() };
    const selected = await readSelection(world.db, words, of);
    if (selected.outcome !== 'selected') throw new Error(selected.outcome);
    return closeSelected(world.deps, { selection: selected.selection, ...by });
  }

  it('takes a group out of what needs attention, keeps its pairs and deliveries, and is recorded', async () => {
    await parked();
    const id = await parked();
    const [group] = await groups();
    const before = await world.db('sync_deliveries').orderBy('event_id');
    expect(await close({ group: group?.fingerprint ?? '' })).to.deep.equal({
      outcome: 'closed',
      ...{ selected: 2, closed: 2, left: 0 },
    });
    expect(await groups()).to.deep.equal([]);
    expect(await attention()).to.equal(0);
    const { rows } = await world.db.raw<{ rows: { id: number }[] }>(`select id from external_mappings`);
    for (const pair of rows) expect(await readClosing(world.db, pair.id)).to.include(by);
    const [closed] = await groups(true);
    expect(closed).to.include({ fingerprint: group?.fingerprint, count: 0, closed: 2 });
    expect(await world.db('sync_deliveries').orderBy('event_id')).to.deep.equal(before);
    expect(await close({ customer: id })).to.deep.include({ closed: 0, left: 1 });
    const asked = await world.db<{ action: string; reason: string }>('operator_actions');
    expect(asked.map(({ action, reason }) => [action, reason])).to.deep.equal([['close', by.reason]]);
    expect(await world.db('operator_action_pairs')).to.have.length(2);
  });

  it('leaves the pair out of replays that do not name it', async () => {
    const [id, open] = [await parked(), await parked()];
    const [group] = await groups();
    const of = { systems: ['stripe'], entity: 'customer', now: world.clock.now() };
    await close({ customer: id });
    const pairsOf = async (words: SelectionWords) => {
      const selected = await readSelection(world.db, words, of);
      if (selected.outcome !== 'selected') return selected.outcome;
      const { hash } = await plan(world.db, selected.selection, world.clock.now());
      const page = await readPlanPage(world.db, { hash, after: 0, limit: 10 });
      return page.map(({ rowId }) => rowId);
    };
    const [event] = await world
      .db<{ event_id: string }>('sync_deliveries')
      .whereIn('mapping_id', world.db('external_mappings').where({ internal_id: id }).select('id'));
    const fingerprint = group?.fingerprint ?? '';
    for (const words of [{}, { status: 'parked' }, { group: fingerprint }, { since: '1d' }])
      expect(await pairsOf(words), JSON.stringify(words)).to.deep.equal([open]);
    const named = [{ id: event?.event_id ?? '' }, { customer: id }, { closed: true }];
    for (const words of [...named, { group: fingerprint, closed: true }])
      expect(await pairsOf(words), JSON.stringify(words)).to.deep.equal([id]);
    expect(await pairsOf({ customer: id, closed: false })).to.deep.equal([]);
    await close({ customer: open });
    expect(await pairsOf({ group: fingerprint })).to.equal('no_group');
  });

  it('is listed by a comparison, and leaves its result certain', async () => {
    const id = await parked();
    const before = await compareAll(world.deps);
    expect(exitStatusOf(before)).to.equal(2);
    await close({ customer: id });
    const { findings, ...rest } = await compareAll(world.deps);
    expect(findings.map(({ kind, customer }) => [kind, customer])).to.deep.equal([['closed', id]]);
    expect(exitStatusOf({ findings, ...rest })).to.equal(0);
  });

  it('skips a pair that a replay still has in its queue', async () => {
    const id = await parked();
    const of = { systems: ['stripe'], entity: 'customer', now: world.clock.now() };
    const selected = await readSelection(world.db, {}, of);
    if (selected.outcome !== 'selected') throw new Error(selected.outcome);
    const { hash } = await plan(world.db, selected.selection, world.clock.now());
    const begun = await startReplay(world.deps, { plan: hash, rate: 10, stopShare: 1, max: null, ...by });
    if (begun.outcome !== 'started') throw new Error(begun.outcome);
    world.advance(1_000);
    await close({ customer: id });
    await runReplayRounds(world.deps);
    expect(await readJob(world.db, begun.job.id)).to.include({ skipped: 1, raised: 0, queued: 0 });
  });

  it('is of no more deliveries than were asked for', async () => {
    await parked();
    await parked();
    expect(await close({ status: 'parked', max: 1 })).to.deep.include({ selected: 1, closed: 1 });
  });

  it('is over when the pair gets an event and fails again: the group comes back under its name', async () => {
    const [first, second] = [await parked(), await parked()];
    const [group] = await groups();
    await close({ group: group?.fingerprint ?? '' });
    world.simulator.faults.add({
      ...({ kind: 'error_before_effect', method: 'POST', path: '/v1/customers', times: 1 } as const),
      status: 400,
    });
    await world.update(first, { name: 'Again' });
    await world.rest();
    const [again, ...others] = await groups();
    expect(others).to.deep.equal([]);
    expect(again).to.include({ fingerprint: group?.fingerprint, count: 1, closed: 1 });
    expect(await attention()).to.be.greaterThan(0);
    expect(second).to.be.greaterThan(0);
  });

  it('of a group that a replay has emptied needs no person: it is gone, and comes back under its name', async () => {
    const id = await parked();
    const [group] = await groups();
    const of = { systems: ['stripe'], entity: 'customer', now: world.clock.now() };
    const selected = await readSelection(world.db, { group: group?.fingerprint ?? '' }, of);
    if (selected.outcome !== 'selected') throw new Error(selected.outcome);
    const { hash } = await plan(world.db, selected.selection, world.clock.now());
    await startReplay(world.deps, { plan: hash, rate: 10, stopShare: 1, max: null, ...by });
    await runReplayRounds(world.deps);
    await world.rest();
    await runReplayRounds(world.deps);
    expect(await groups()).to.deep.equal([]);
    expect(await groups(true)).to.deep.equal([]);
    await parked();
    expect((await groups()).map(({ fingerprint, count }) => [fingerprint, count])).to.deep.equal([
      [group?.fingerprint, 1],
    ]);
    expect(id).to.be.greaterThan(0);
  });

  it('is not for a pair that a worker still has to look at', async () => {
    const id = await parked();
    await world.update(id, { name: 'Soon' });
    await world.receive();
    expect(await close({ customer: id })).to.deep.include({ selected: 1, closed: 0, left: 1 });
  });
});
