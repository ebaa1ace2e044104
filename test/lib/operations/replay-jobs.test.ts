import { expect } from 'chai';
import { readJob, type ReplayJob } from '../../../db/replays/jobs.ts';
import { customer as customerEntity } from '../../../lib/catalogue/built-in.ts';
import { readGroups } from '../../../lib/operations/error-groups.ts';
import { beginReplay } from '../../../lib/operations/replay.ts';
import { actOnReplay, startReplay, type ReplayAsk } from '../../../lib/operations/replay-jobs.ts';
import { plan } from '../../../lib/operations/replay-plan.ts';
import { runReplayRound, runReplayRounds } from '../../../lib/operations/replay-round.ts';
import { readSelection, type SelectionWords } from '../../../lib/operations/selection-words.ts';
import { useTwoWay } from '../../support/two-way.ts';

const by = { actor: 'key:ops/1', reason: 'the key was renewed' };

describe('a replay as a job', () => {
  const world = useTwoWay();

  /** So many customers whose creates Stripe refuses. */
  async function park(count: number): Promise<number[]> {
    const fault = refuse();
    const ids: number[] = [];
    for (let n = 0; n < count; n++) ids.push((await world.create()).id);
    await world.rest();
    fault();
    return ids;
  }

  function refuse(): () => void {
    world.simulator.faults.add({
      ...({ kind: 'error_before_effect', method: 'POST', path: '/v1/customers', times: 10_000 } as const),
      status: 400,
    });
    return () => world.simulator.faults.clear();
  }

  async function select(words: SelectionWords = {}) {
    const { db, clock } = world;
    const of = { systems: ['stripe'], entity: 'customer', now: clock.now() };
    const selected = await readSelection(db, words, of);
    if (selected.outcome !== 'selected') throw new Error(JSON.stringify(selected));
    return selected.selection;
  }

  const planned = async (words?: SelectionWords) => plan(world.db, await select(words), world.clock.now());

  const start = (hash: string, ask: Partial<ReplayAsk> = {}) =>
    startReplay(world.deps, { plan: hash, rate: 100, stopShare: 0.5, max: null, ...by, ...ask });

  async function begun(words: SelectionWords = {}, ask: Partial<ReplayAsk> = {}): Promise<ReplayJob> {
    const result = await start((await planned(words)).hash, ask);
    if (result.outcome !== 'started') throw new Error(result.outcome);
    return result.job;
  }

  async function job(id: number): Promise<ReplayJob> {
    const found = await readJob(world.db, id);
    if (!found) throw new Error('no job');
    await expectCountsOfItems(found);
    return found;
  }

  /** The counts of the job are the numbers of its items. */
  async function expectCountsOfItems(found: ReplayJob): Promise<void> {
    const { rows } = await world.db.raw<{ rows: { state: string; n: number }[] }>(
      `select state, count(*) as n from replay_items where job_id = :id group by state`,
      { id: found.id },
    );
    const { queued, raised, done, failed, skipped, cancelled } = found;
    const counted = Object.entries({ queued, raised, done, failed, skipped, cancelled });
    expect(Object.fromEntries(rows.map(({ state, n }) => [state, n]))).to.deep.equal(
      Object.fromEntries(counted.filter(([, n]) => n > 0)),
    );
  }

  const creates = () => world.calls().filter((call) => call === 'POST /v1/customers').length;

  /** Rounds and steps until the job has no work left. */
  async function finish(id: number): Promise<ReplayJob> {
    for (let round = 0; round < 50; round++) {
      await runReplayRound(world.deps, id);
      await world.run();
      world.advance(1_000);
      const now = await job(id);
      if (now.queued + now.raised === 0 && now.state !== 'running') return now;
    }
    throw new Error('it did not end');
  }

  it('raises pairs at its rate, counts the results and finishes', async () => {
    await park(7);
    const before = creates();
    const made = await begun({}, { rate: 2 });
    expect(made).to.include({ state: 'running', pairs: 7, deliveries: 7, queued: 7, actor: by.actor });
    await runReplayRound(world.deps, made.id);
    expect(await job(made.id)).to.include({ queued: 5, raised: 2 });
    // No time has passed, so the rate allows no more.
    await runReplayRound(world.deps, made.id);
    expect(await job(made.id)).to.include({ queued: 5, raised: 2 });
    world.advance(1_500);
    await runReplayRound(world.deps, made.id);
    expect(await job(made.id)).to.include({ queued: 2, raised: 5 });
    const done = await finish(made.id);
    expect(done).to.include({ state: 'finished', queued: 0, raised: 0, done: 7, failed: 0 });
    expect(creates() - before).to.equal(7);
    expect(world.simulator.customers()).to.have.length(7);
    const { rows } = await world.db.raw<{ rows: { urgency: number }[] }>(
      `select distinct urgency from external_mappings`,
    );
    expect(rows).to.deep.equal([{ urgency: 2 }]);
  });

  it('writes nothing of a row into the log where a round fails', async () => {
    await park(1);
    const { hash } = await planned();
    await begun();
    await world.db.raw(`
      create function quote_row() returns trigger language plpgsql as $$
      begin raise exception 'ada@example.com is refused'; end $$;
      create trigger quote_row before update on replay_items for each row execute function quote_row()`);
    try {
      await beginReplay(world.deps, { plan: hash, rate: 1, stopShare: 0.5, max: null, ...by });
    } finally {
      await world.db.raw('drop function quote_row() cascade');
    }
    const [line] = world.log.filter(({ event }) => event === 'replay.round_failed');
    expect(line).to.include({ fault: 'P0001' });
    expect(JSON.stringify(line)).not.to.include('ada');
  });

  it('refuses a plan that does not hold any more, and says what came, left and changed', async () => {
    const [first = 0, second = 0] = await park(2);
    const { hash } = await planned({ status: 'parked,queued' });
    expect(hash).to.equal((await planned({ status: 'parked,queued' })).hash);
    await world.update(first, { name: 'Changed' });
    await world.receive();
    const result = await start(hash);
    expect(result.outcome).to.equal('stale');
    if (result.outcome !== 'stale') return;
    const told = result.difference.map(({ what, rowId, count }) => [what, rowId, count]);
    expect(told).to.deep.equal([
      ['came', first, 1],
      ['changed', first, 1],
    ]);
    expect((await readGroups(world.db, customerEntity)).map(({ count }) => count)).to.deep.equal([2]);
    await world.rest();
    const later = await start(hash);
    const left = later.outcome === 'stale' ? later.difference.filter(({ what }) => what === 'left') : [];
    expect(left.map(({ rowId }) => rowId)).to.deep.equal([first]);
    expect(second).to.be.greaterThan(0);
    expect(await world.db('replay_jobs')).to.deep.equal([]);
  });

  it('needs a reason for more than one pair, and a plan', async () => {
    const [one = 0] = await park(2);
    expect(await start((await planned()).hash, { reason: null })).to.deep.equal({
      outcome: 'reason_needed',
      pairs: 2,
    });
    expect(await start('0'.repeat(64))).to.deep.equal({ outcome: 'no_plan' });
    expect((await start((await planned({ error: 'nothing_like_it' })).hash)).outcome).to.equal('nothing');
    expect((await begun({ customer: one }, { reason: null })).pairs).to.equal(1);
  });

  it('refuses pairs that another open replay has, and takes them when that one is cancelled', async () => {
    const [one = 0] = await park(3);
    const first = await begun({ customer: one });
    const { hash } = await planned();
    expect(await start(hash)).to.deep.equal({ outcome: 'overlaps', jobs: [{ jobId: first.id, pairs: 1 }] });
    const ended = await actOnReplay(world.deps, { id: first.id, verb: 'cancel', ...by });
    expect(ended).to.deep.include({ outcome: 'ok', changed: true });
    const results = await Promise.all([start(hash), start(hash)]);
    expect(results.map(({ outcome }) => outcome).sort()).to.deep.equal(['overlaps', 'started']);
    await expectCountsOfItems(await job(first.id));
  });

  it('raises nothing while it is paused, goes on when it is resumed, and ends when it is cancelled', async () => {
    await park(6);
    const { id } = await begun({}, { rate: 2 });
    const act = (verb: 'pause' | 'resume' | 'cancel') => actOnReplay(world.deps, { id, verb, ...by });
    await runReplayRounds(world.deps);
    await act('pause');
    expect(await act('pause')).to.deep.include({ outcome: 'ok', changed: false });
    world.advance(60_000);
    await world.run();
    await runReplayRounds(world.deps);
    // What was raised before still gets its results.
    expect(await job(id)).to.include({ state: 'paused', queued: 4, raised: 0, done: 2 });
    await act('resume');
    await runReplayRounds(world.deps);
    expect(await job(id)).to.include({ state: 'running', queued: 2, raised: 2 });
    await act('cancel');
    expect(await act('resume')).to.deep.equal({ outcome: 'cannot', state: 'cancelled' });
    await world.run();
    await runReplayRounds(world.deps);
    // What was raised is looked at all the same, and counts as cancelled.
    expect(await job(id)).to.include({ state: 'cancelled', queued: 0, raised: 0, done: 2, cancelled: 4 });
    const asked = await world
      .db<{ action: string; actor: string; reason: string }>('operator_actions')
      .orderBy('id');
    expect(asked.map(({ action }) => action)).to.deep.equal([
      'replay',
      'pause_replay',
      'resume_replay',
      'cancel_replay',
    ]);
    for (const { actor, reason } of asked) expect({ actor, reason }).to.deep.equal(by);
  });

  it('goes on past pairs of paused customers, and a cancel gives them to another replay', async () => {
    const ids = await park(22);
    const held = ids.slice(0, 20);
    for (const id of held)
      await world.db.raw(
        `insert into row_pauses (system, entity_type, row_id, since, paused_by) values ('stripe', 'customer', ${id}, now(), 'test')`,
      );
    const { id } = await begun({}, { rate: 2, stopShare: 1 });
    for (let round = 0; round < 30; round += 1) {
      world.advance(2_000);
      await runReplayRounds(world.deps);
      await world.run();
    }
    expect(await job(id)).to.include({ state: 'running', queued: 0, raised: 20, done: 2 });
    await actOnReplay(world.deps, { id, verb: 'cancel', ...by });
    expect((await start((await planned()).hash)).outcome).to.equal('started');
  });

  it('gives every job its round, also beside one whose round fails', async () => {
    await park(2);
    const [first = 0, second = 0] = (await world
      .db('external_mappings')
      .orderBy('id')
      .pluck('internal_id')) as number[];
    const broken = await begun({ customer: first });
    const other = await begun({ customer: second });
    await world.db.raw(
      `create function fail_round() returns trigger language plpgsql as $$ begin raise exception 'broken'; end $$`,
    );
    await world.db.raw(
      `create trigger fail_round before update on replay_jobs for each row when (old.id = ${broken.id}) execute function fail_round()`,
    );
    const failure = await runReplayRounds(world.deps).catch((error: unknown) => String(error));
    await world.db.raw('drop function fail_round() cascade');
    expect(failure).to.include('broken');
    expect(await job(other.id)).to.include({ raised: 1 });
  });

  it('stops itself when too many fail, says why, and judges anew when it is resumed', async () => {
    await park(30);
    const fault = refuse();
    const made = await begun({}, { rate: 10 });
    for (let round = 0; round < 2; round++) {
      await runReplayRounds(world.deps);
      await world.run();
      world.advance(1_000);
    }
    const stopped = await job(made.id);
    expect(stopped).to.include({ state: 'stopped', failed: 10, queued: 20, done: 0 });
    expect(stopped.why).to.equal('10 of 10 pairs have failed, more than 50 %');
    fault();
    await actOnReplay(world.deps, { id: made.id, verb: 'resume', ...by });
    expect(await finish(made.id)).to.include({ state: 'finished', done: 20, failed: 10, why: null });
  });

  it('skips a pair that another event has settled meanwhile', async () => {
    const [first = 0] = await park(3);
    const made = await begun({}, { rate: 1 });
    await world.update(first, { name: 'Corrected' });
    await world.rest();
    const calls = world.calls().length;
    world.advance(10_000);
    expect(await finish(made.id)).to.include({ state: 'finished', done: 2, skipped: 1, failed: 0 });
    expect(world.calls().length - calls).to.be.greaterThan(1);
  });

  it('selects by group, direction, time and status', async () => {
    await park(2);
    world.advance(3_600_000);
    await world.create();
    await world.rest();
    const [group] = await readGroups(world.db, customerEntity);
    const pairs = async (words: SelectionWords) => (await planned(words)).counts.pairs;
    expect(await pairs({ group: group?.fingerprint ?? '' })).to.equal(2);
    expect(await pairs({ group: group?.fingerprint ?? '', status: 'applied' })).to.equal(0);
    expect(await pairs({ group: group?.fingerprint ?? '', status: 'applied,parked' })).to.equal(2);
    expect(await pairs({ status: 'applied' })).to.equal(1);
    expect(await pairs({ status: 'applied,parked' })).to.equal(3);
    expect(await pairs({ direction: 'out' })).to.equal(2);
    expect(await pairs({ direction: 'in' })).to.equal(0);
    expect(await pairs({ since: '30m' })).to.equal(0);
    expect(await pairs({ until: '30m' })).to.equal(2);
    expect(await pairs({ status: 'parked', max: 1 })).to.equal(1);
    expect((await planned({ max: 1 })).counts.more).to.equal(true);
    const of = { systems: ['stripe'], entity: 'customer', now: world.clock.now() };
    expect(await readSelection(world.db, { group: '0'.repeat(12) }, of)).to.include({ outcome: 'no_group' });
    const wrong = await readSelection(world.db, { status: 'lost', since: 'x', id: 'y', system: 'z' }, of);
    expect(wrong.outcome === 'invalid' && wrong.violations.map(({ pointer }) => pointer)).to.deep.equal([
      ...['/id', '/status', '/since', '/system'],
    ]);
  });
});
