import { expect } from 'chai';
import { runReplayRounds } from '../../lib/operations/replay-round.ts';
import { useTwoWay } from '../support/two-way.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, startApi, type Answer } from './start-api.ts';

const replays = '/api/v1/replays';
const plans = '/api/v1/replay-plans';
const closings = '/api/v1/deliveries';

describe('/replays', () => {
  const world = useTwoWay();
  let api: Awaited<ReturnType<typeof startApi>>;
  beforeEach(async () => {
    const planners = new Map([['stripe', world.deps]]);
    api = await startApi({ db: world.db, clock: world.clock, planners });
  });
  afterEach(() => api.server.close());

  async function park(count: number): Promise<number[]> {
    world.simulator.faults.add({
      ...({ kind: 'error_before_effect', method: 'POST', path: '/v1/customers', times: count } as const),
      status: 400,
    });
    const ids: number[] = [];
    for (let n = 0; n < count; n++) ids.push((await world.create()).id);
    await world.rest();
    return ids;
  }

  const post = (path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> =>
    api.send('POST', path, { body, headers });

  async function plan(body: object = {}): Promise<Answer> {
    const answer = await post(plans, body);
    expect(answer.status, answer.text).to.equal(200);
    expectDescribed('post', plans, answer);
    return answer;
  }

  async function begin(body: object): Promise<Answer> {
    const answer = await post(replays, body);
    expectDescribed('post', replays, answer);
    return answer;
  }

  it('reads the last writes of all pairs of a page at once', async () => {
    await park(1);
    const counts: number[] = [];
    for (const pairs of [1, 4]) {
      if (pairs > 1) await park(pairs - 1);
      const { json } = await plan({ status: 'parked' });
      let statements = 0;
      const count = ({ sql }: { sql: string }) => void (statements += sql.includes('sync_intents') ? 1 : 0);
      world.db.on('query', count);
      const { json: page } = await api.send('GET', `${plans}/${String(json['plan'])}`);
      world.db.removeListener('query', count);
      expect(page['items']).to.have.length(pairs);
      expect((page['items'] as { effect: object }[])[0]?.effect).to.include({ would: 'refused' });
      counts.push(statements);
    }
    expect(counts).to.deep.equal([2, 2]);
  });

  it('plans in pages with effects, calls no system, and changes nothing', async () => {
    const ids = await park(3);
    await world.update(ids[0] ?? 0, { name: 'Corrected' });
    await world.receive();
    const calls = world.calls().length;
    const before = await world.db('external_mappings').orderBy('id');
    const { json, text } = await plan({ status: 'parked,queued', rate: 2 });
    expect(json['counts']).to.deep.include({
      deliveries: 4,
      pairs: 3,
      customers: 3,
      with_record: 0,
      more: false,
    });
    expect(json['counts']).to.deep.include({ statuses: { parked: 3, queued: 1 }, systems: { stripe: 3 } });
    expect(json).to.deep.include({ calls: { least: 0, most: 6 }, seconds: 2, rate: 2 });
    const page = `${plans}/${String(json['plan'])}?limit=3`;
    const first = await api.send('GET', page);
    expectDescribed('get', `${plans}/{hash}`, first);
    expect(first.json).to.deep.include({ ...json, rate: 10, seconds: 1 });
    const slow = await api.send('GET', `${page}&rate=0.5`);
    expect(slow.json).to.include({ rate: 0.5, seconds: 6 });
    expectProblem(await api.send('GET', `${page}&rate=5e-1`), 400, 'invalid_request');
    expect(first.json['selection']).to.deep.equal({ status: 'queued,parked' });
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('Link') ?? '')?.[1] ?? '';
    const second = await api.send('GET', next);
    expect(second.headers.get('Link')).to.equal(null);
    const items = [first, second].flatMap(
      (each) => each.json['items'] as { customer: number; effect: object }[],
    );
    expect(items.map(({ customer }) => customer)).to.have.members([...ids, ids[0]]);
    expect(items.map(({ effect }) => (effect as { would: string }).would)).to.deep.equal([
      ...['superseded', 'refused', 'refused', 'create'],
    ]);
    expect(world.calls()).to.have.length(calls);
    expect(await world.db('external_mappings').orderBy('id')).to.deep.equal(before);
    expect(text + first.text + second.text).not.to.match(/@example/);
  });

  it('begins a job from a plan, shows its progress, and takes the same request once', async () => {
    const ids = await park(2);
    const { json } = await plan();
    const body = { plan: json['plan'], rate: 50, reason: 'the fault is gone' };
    const headers = { 'Idempotency-Key': 'replay-1' };
    const made = await post(replays, body, headers);
    expect(made.status, made.text).to.equal(201);
    expectDescribed('post', replays, made);
    expect(made.json).to.include({ state: 'running', pairs: 2, queued: 2, reason: 'the fault is gone' });
    const again = await post(replays, body, headers);
    expect(again.headers.get('Idempotent-Replayed')).to.equal('true');
    expect(again.text).to.equal(made.text);
    await runReplayRounds(world.deps);
    await world.run();
    await runReplayRounds(world.deps);
    const path = `${replays}/${String(made.json.id)}`;
    const shown = await api.send('GET', path);
    expectDescribed('get', `${replays}/{id}`, shown);
    expect(shown.json).to.include({ state: 'finished', done: 2, failed: 0 });
    const list = await api.send('GET', `${replays}?limit=1`);
    expectDescribed('get', replays, list);
    expect(list.list.map(({ id }) => id)).to.deep.equal([made.json.id]);
    expectProblem(await post(`${path}/resume`, {}), 409, 'replay_ended');
    const story = await api.send('GET', `/api/v1/customers/${ids[0] ?? 0}/timeline`);
    expect(story.text).to.include('"action":"replay"').and.to.include('the fault is gone');
  });

  it('refuses a stale plan with the difference, and pairs of another replay', async () => {
    const [first = 0] = await park(3);
    const { json } = await plan();
    const other = await plan({ customer: first });
    const one = await begin({ plan: other.json['plan'], rate: 0.1 });
    expect(one.status, one.text).to.equal(201);
    const both = await begin({ plan: json['plan'], reason: 'all of them' });
    expectProblem(both, 409, 'replay_overlaps');
    expect(both.json['replays']).to.deep.equal([{ id: one.json.id, pairs: 1 }]);
    await world.update(first, { name: 'Corrected' });
    await world.rest();
    const stale = await begin({ plan: json['plan'], reason: 'all of them' });
    expectProblem(stale, 409, 'plan_stale');
    const difference = stale.json['difference'] as Record<string, { count: number; deliveries: object[] }>;
    expect(difference['left']).to.deep.include({ count: 1 });
    expect(difference['left']?.deliveries[0]).to.include({ customer: first });
    expect(difference['came']).to.deep.equal({ count: 0, deliveries: [] });
  });

  it('pauses, resumes and cancels', async () => {
    await park(3);
    const { json } = await plan();
    const made = await begin({ plan: json['plan'], rate: 1, reason: 'a test' });
    const act = async (verb: string, body: object = {}): Promise<Answer> => {
      const answer = await post(`${replays}/${String(made.json.id)}/${verb}`, body);
      expectDescribed('post', `${replays}/{id}/${verb}`, answer);
      return answer;
    };
    expect((await act('pause', { reason: 'lunch' })).json).to.include({ state: 'paused' });
    expect((await act('resume')).json).to.include({ state: 'running' });
    expect((await act('cancel')).json).to.include({ state: 'cancelled', cancelled: 3 });
    expectProblem(await act('pause'), 409, 'replay_ended');
    expectProblem(await post(`${replays}/999/pause`, {}), 404, 'replay_not_found');
  });

  it('closes a group and selected deliveries, with a reason', async () => {
    const [first = 0] = await park(3);
    const [group] = (await api.send('GET', '/api/v1/groups')).list;
    const one = await post('/api/v1/deliveries/close', { customer: first, reason: 'test data' });
    expectDescribed('post', '/api/v1/deliveries/close', one);
    expect(one.json).to.deep.equal({ selected: 1, closed: 1, left: 0 });
    const path = `/api/v1/groups/${String(group?.['fingerprint'])}/close`;
    expectProblem(await post(path, {}), 400, 'invalid_request');
    const rest = await post(path, { reason: 'test data' });
    expectDescribed('post', '/api/v1/groups/{fingerprint}/close', rest);
    expect(rest.json).to.deep.equal({ selected: 2, closed: 2, left: 0 });
    expect((await api.send('GET', '/api/v1/groups')).list).to.deep.equal([]);
    const closed = await api.send('GET', '/api/v1/groups?closed=true');
    expect(closed.list.map(({ count, closed: of }) => [count, of])).to.deep.equal([[0, 3]]);
    expectProblem(await post(path, { reason: 'again' }), 404, 'group_not_found');
    const story = await api.send('GET', `/api/v1/customers/${first}/timeline`);
    expect(story.text).to.include('"action":"close"').and.to.include('test data');
  });

  it('answers a repeat with a key as the first time, although the group has gone', async () => {
    const open = async (): Promise<string> => {
      await park(1);
      const [group] = (await api.send('GET', '/api/v1/groups')).list;
      return String(group?.['fingerprint']);
    };
    const group = await open();
    const closing = `/api/v1/groups/${group}/close`;
    for (const [path, body] of [
      [plans, { group }],
      ['/api/v1/deliveries/close', { group, reason: 'test data' }],
      [closing, { reason: 'test data' }],
    ] as const) {
      expect(await open()).to.equal(group);
      const headers = { 'Idempotency-Key': 'of-a-group' };
      const first = await post(path, body, headers);
      expect(first.status, first.text).to.equal(200);
      await post(closing, { reason: 'meanwhile' });
      const again = await post(path, body, headers);
      expect([again.status, again.text]).to.deep.equal([200, first.text]);
      expect(again.headers.get('Idempotent-Replayed')).to.equal('true');
    }
  });

  it('refuses what is not allowed, and says where', async () => {
    await park(2);
    const { json } = await plan();
    const refusals: [string, object, number, string][] = [
      [plans, { colour: 'red' }, 400, 'invalid_request'],
      [plans, { status: 'lost' }, 400, 'invalid_request'],
      [plans, { id: 'x' }, 400, 'invalid_request'],
      [plans, { since: 'yesterday' }, 400, 'invalid_request'],
      [plans, { direction: 'up' }, 400, 'invalid_request'],
      [plans, { system: 'nowhere' }, 400, 'invalid_request'],
      [`${closings}/close`, { reason: ' ' }, 400, 'invalid_request'],
      [`${closings}/close`, { reason: '\ud800' }, 400, 'invalid_request'],
      [replays, { plan: json['plan'], reason: ' \u200b ' }, 400, 'invalid_request'],
      [plans, { group: '0'.repeat(12) }, 404, 'group_not_found'],
      [replays, { plan: 'x' }, 400, 'invalid_request'],
      [replays, { plan: json['plan'], rate: 0 }, 400, 'invalid_request'],
      [replays, { plan: json['plan'] }, 400, 'invalid_request'],
      [replays, { plan: '0'.repeat(64), reason: 'x' }, 404, 'plan_not_found'],
      [replays, { plan: (await plan({ error: 'none' })).json['plan'] }, 409, 'nothing_selected'],
    ];
    for (const [path, body, status, code] of refusals) {
      const answer = await post(path, body);
      expectProblem(answer, status, code);
      expectDescribed('post', path, answer);
    }
    const missing = await begin({ plan: json['plan'] });
    expect(missing.errors.map(({ pointer }) => pointer)).to.deep.equal(['/reason']);
    expectProblem(await api.send('GET', `${plans}/${'0'.repeat(64)}`), 404, 'plan_not_found');
    expectProblem(await api.send('GET', `${replays}/9`), 404, 'replay_not_found');
    expectProblem(await api.send('GET', `${replays}/x`), 400, 'invalid_request');
  });
});
