import { expect } from 'chai';
import { readActionsCovering } from '../../db/operator-actions.ts';
import { syncPart } from '../../lib/health/readiness.ts';
import { explain } from '../../lib/operations/explain.ts';
import { linkedPair, useTwoWay } from '../support/two-way.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, startApi, type Answer, type Body } from './start-api.ts';

const lanes = '/api/v1/lanes';

describe('/lanes', () => {
  const world = useTwoWay();
  let api: Awaited<ReturnType<typeof startApi>>;
  beforeEach(async () => {
    api = await startApi({ db: world.db, clock: world.clock, apiKeys: ['a-static-key-of-a-test'] });
  });
  afterEach(() => api.server.close());

  const send = (method: string, path: string, body?: unknown, headers = {}): Promise<Answer> =>
    api.send(method, path, {
      headers: { Authorization: 'Bearer a-static-key-of-a-test', ...headers },
      ...(body !== undefined && { body }),
    });
  const act = async (verb: 'pause' | 'resume', body: object, status = 200): Promise<Body> => {
    const answer = await send('POST', `${lanes}/stripe/${verb}`, body);
    expect(answer.status, answer.text).to.equal(status);
    expectDescribed('post', `${lanes}/{system}/${verb}`, answer);
    return answer.json;
  };
  const list = async (): Promise<Body> => {
    const answer = await send('GET', lanes);
    expectDescribed('get', lanes, answer);
    const [stripe] = answer.list;
    if (!stripe) throw new Error('no system is listed');
    return stripe;
  };

  it('pauses and resumes a system, a direction and a customer, and shows which is paused and why', async () => {
    const { id } = await linkedPair(world);
    expect(await act('pause', { reason: 'month end' })).to.deep.include({
      ...{ outcome: 'paused', system: 'stripe', direction: null, customer: null, why: 'month end' },
    });
    expect(await act('pause', { reason: 'again' })).to.include({
      outcome: 'paused_already',
      why: 'month end',
    });
    expect(await act('pause', { direction: 'inbound' })).to.include({ direction: 'inbound', why: null });
    expect(await act('pause', { customer: id })).to.include({ customer: id, in_progress: 0 });
    const shown = await list();
    expect(shown).to.include({ system: 'stripe', account: 'acct_1TwinboxSimulator' });
    const [outbound, inbound] = shown['lanes'] as Body[];
    expect(outbound).to.include({ direction: 'outbound', state: 'paused', why: 'month end' });
    expect(outbound?.['by']).to.match(/^key:[0-9a-f]{8}$/);
    expect(inbound).to.include({ state: 'paused' });
    expect(shown['paused_customers']).to.deep.include({ count: 1 });
    expect(await act('resume', {})).to.deep.include({ outcome: 'resumed', still_paused: ['inbound'] });
    expect(((await list())['lanes'] as Body[]).map(({ state }) => state as string)).to.deep.equal([
      'no_worker',
      'paused',
    ]);
    await act('resume', { direction: 'inbound' });
    expect(await act('resume', { customer: id })).to.include({ outcome: 'resumed' });
    expect(await act('resume', { customer: id })).to.include({ outcome: 'not_paused' });
  });

  it('answers a repeat with an Idempotency-Key as the first time, and pauses once', async () => {
    const headers = { 'Idempotency-Key': 'pause-1' };
    const first = await send('POST', `${lanes}/stripe/pause`, { direction: 'outbound' }, headers);
    await act('resume', { direction: 'outbound' });
    const again = await send('POST', `${lanes}/stripe/pause`, { direction: 'outbound' }, headers);
    expect(again.text).to.equal(first.text);
    expect(again.headers.get('Idempotent-Replayed')).to.equal('true');
    expect(await world.db('lane_pauses')).to.have.length(0);
  });

  it('refuses what is no system, no direction and no customer', async () => {
    expectProblem(await send('POST', `${lanes}/acme/pause`, {}), 404, 'lane_not_found');
    expectProblem(await send('POST', `${lanes}/stripe/pause`, { customer: 999 }), 404, 'customer_not_found');
    for (const body of [
      { direction: 'both' },
      { customer: 0 },
      { customer: 1, direction: 'inbound' },
      { reason: 'a\u0000b' },
      { reason: 'a\ud800' },
      { why: 'x' },
      [],
    ])
      expectProblem(await send('POST', `${lanes}/stripe/pause`, body), 400, 'invalid_request');
    await act('resume', { deletes: true, direction: 'outbound' }, 400);
    expectProblem(await send('GET', `${lanes}?system=stripe`), 400, 'invalid_request');
  });

  it('is told by explain, timeline, events and readiness', async () => {
    const { id } = await linkedPair(world, { name: 'Before' });
    const says = async (): Promise<string[]> => {
      const found = await explain(world.deps, { customer: id }, { read: false, system: null });
      return (found?.pairs ?? []).flatMap(({ obstacles, remedies }) => [
        ...obstacles.map((obstacle) => obstacle.says),
        ...remedies.map(({ command }) => command),
      ]);
    };
    await act('pause', { direction: 'outbound', reason: 'a check' });
    await act('pause', { customer: id, reason: 'a dispute' });
    await world.update(id, { name: 'Ours' });
    await world.receive();
    const before = (await says()).join('\n');
    expect(before)
      .to.match(/this customer at Stripe has been paused since .* by key:\w+: a dispute/)
      .and.match(/sending to Stripe has been paused since .* by key:\w+: a check/)
      .and.include(`npx twinbox resume stripe --customer ${id}`)
      .and.include('npx twinbox resume stripe --direction outbound');
    const { warnings } = await syncPart(world.db, ['stripe'], world.clock)();
    expect(warnings?.join('\n'))
      .to.include('outbound is paused')
      .and.include('1 customers are paused at stripe');
    await act('resume', { customer: id });
    await world.run();
    expect((await says()).join('\n'))
      .to.include('sending to Stripe has been paused')
      .and.not.include('STRIPE_WRITES');
    await act('resume', { direction: 'outbound' });
    await world.rest();
    const { json } = await send('GET', `/api/v1/customers/${id}/timeline?order=oldest`);
    const told = (json['items'] as Body[]).filter(({ what }) => what === 'operator');
    expect(told.map(({ detail }) => (detail as unknown as Body)['action'])).to.deep.equal([
      ...['pause_outbound', 'pause_row', 'resume_row', 'resume_outbound'],
    ]);
    const [event] = await world
      .db<{ event_id: string }>('sync_events')
      .where('event_type', 'customer.updated');
    const covering = await readActionsCovering(world.db, event?.event_id ?? '');
    expect(covering.map(({ action }) => action)).to.deep.equal([
      ...['pause_outbound', 'pause_row', 'resume_row', 'resume_outbound'],
    ]);
    const audit = await send('GET', `/api/v1/audit?customer=${id}`);
    expect(audit.list.map(({ action }) => action)).to.deep.equal([
      'resume_outbound',
      'resume_row',
      'pause_row',
    ]);
  });
});
