import { expect } from 'chai';
import { recordAction } from '../../db/operator-actions.ts';
import { useTwoWay } from '../support/two-way.ts';
import { mappingOf } from '../support/sync-rows.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, startApi, type Answer } from './start-api.ts';

type Item = {
  at: string;
  what: string;
  system: string | null;
  event_id: string | null;
  detail: Record<string, unknown>;
};
type Missing = {
  step: string;
  system: string | null;
  event_id: string;
  promised_within: string;
  status: string;
};

const DAY_MS = 86_400_000;

describe('GET /customers/{id}/timeline', () => {
  const world = useTwoWay();
  let api: Awaited<ReturnType<typeof startApi>>;
  beforeEach(async () => {
    api = await startApi({ db: world.db, clock: world.clock });
  });
  afterEach(() => api.server.close());

  const path = (id: number) => `/api/v1/customers/${id}/timeline`;
  const read = async (id: number, query = ''): Promise<Answer> => {
    const answer = await api.send('GET', path(id) + query);
    expect(answer.status, answer.text).to.equal(200);
    expectDescribed('get', '/api/v1/customers/{id}/timeline', answer);
    return answer;
  };
  const items = ({ json }: Answer) => json['items'] as Item[];
  const missing = ({ json }: Answer) => json['missing'] as Missing[];

  /** Made by a request of the API, and changed at the system afterwards. */
  async function ada(): Promise<number> {
    const { json } = await api.send('POST', '/api/v1/customers', {
      body: { name: 'Ada', email: 'ada@example.com' },
      headers: { 'X-Request-Id': 'request-of-ada' },
    });
    await world.rest();
    world.simulator.dashboard.updateCustomer(world.simulator.customers()[0]?.id ?? '', { name: 'Ada L.' });
    await world.rest();
    return Number(json.id);
  }

  it('tells request, row, delivery, write, call, outcome, echo and what came in, in the order of time', async () => {
    const id = await ada();
    const answer = await read(id, '?order=oldest');
    const told = items(answer);
    const of = (what: string) => told.filter((item) => item.what === what);
    expect(told.map(({ at }) => at)).to.deep.equal(told.map(({ at }) => at).toSorted());
    const [created] = of('change');
    expect(created?.detail).to.deep.include({
      event_type: 'customer.created',
      version: 1,
      source: 'internal',
    });
    expect(created?.detail['context']).to.deep.include({ request_id: 'request-of-ada' });
    expect(of('received').map(({ event_id: event }) => event)).to.deep.equal([created?.event_id]);
    expect(of('write').map(({ detail }) => [detail['operation'], detail['result']])).to.deep.equal([
      ['create', 'done'],
    ]);
    const [call] = of('call').filter(({ detail }) => detail['operation'] === 'create');
    expect(call?.detail).to.include({ http_status: 200, error: null });
    expect(call?.detail['request_id']).to.match(/^req_/);
    expect(call?.detail['latency_ms']).to.be.a('number');
    const [settled] = of('settled');
    expect(settled?.detail).to.include({ status: 'applied', attempts: 1 });
    expect(settled?.detail['after_ms']).to.be.a('number');
    const [echo, edit] = of('inbound');
    expect(echo?.detail).to.deep.include({ status: 'echo', confirms: [created?.event_id] });
    expect(settled?.detail['confirmed_by']).to.equal(echo?.event_id);
    expect(settled?.detail['confirmed_after_ms']).to.be.a('number');
    expect(edit?.detail).to.include({ status: 'applied', event_type: 'stripe.customer.updated' });
    expect(of('change').at(-1)?.detail).to.include({ event_type: 'customer.updated', source: 'stripe' });
    expect(missing(answer)).to.deep.equal([]);
    expect(answer.json['beyond_retention']).to.equal(null);
  });

  it('never tells a name, an email or another value, unless it is asked for values', async () => {
    const id = await ada();
    const { text } = await read(id);
    expect(text).not.to.match(/Ada|ada@/);
    const told = items(await read(id, '?values=true')).filter(({ what }) => what === 'change');
    const names = told.map(({ detail }) => (detail['values'] as { name?: string } | undefined)?.name);
    expect(names.length).to.be.greaterThan(0);
    expect(
      names.every((name) => name?.startsWith('Ada')),
      JSON.stringify(names),
    ).to.equal(true);
    const { errors } = await api.send('GET', `${path(id)}?values=yes`);
    expect(errors[0]).to.include({ in: 'query', pointer: '/values', code: 'enum' });
  });

  it('gives every item once over its pages, in both orders', async () => {
    const id = await ada();
    const newest = items(await read(id));
    const oldest = items(await read(id, '?order=oldest'));
    expect(oldest).to.deep.equal(newest.toReversed());
    for (const [order, whole] of Object.entries({ newest, oldest })) {
      const walked: Item[] = [];
      let next: string | undefined = `${path(id)}?order=${order}&limit=2`;
      while (next !== undefined) {
        const page = await api.send('GET', next);
        expect(page.status, page.text).to.equal(200);
        walked.push(...items(page));
        next = /<([^>]+)>; rel="next"/.exec(page.headers.get('Link') ?? '')?.[1];
      }
      expect(walked).to.deep.equal(whole);
    }
  });

  it('tells conflicts, and what operators asked for with their reasons', async () => {
    const id = await ada();
    await api.send('PATCH', `/api/v1/customers/${id}`, { body: { name: 'Ada O.' } });
    world.simulator.dashboard.updateCustomer(world.simulator.customers()[0]?.id ?? '', { name: 'Ada T.' });
    await world.rest();
    const { id: mappingId } = await mappingOf(world.db, id);
    const at = world.clock.now();
    await world.db.transaction((tx) =>
      recordAction(tx, {
        ...{ action: 'replay', system: 'stripe', actor: 'os:eve', reason: 'after the fix', detail: {}, at },
        pairs: [{ mappingId, eventId: null }],
      }),
    );
    await world.db.transaction((tx) =>
      recordAction(tx, {
        action: 'pause',
        system: 'stripe',
        actor: 'os:eve',
        reason: 'prices',
        detail: {},
        at,
      }),
    );
    const told = items(await read(id));
    expect(told.filter(({ what }) => what === 'operator').map(({ detail }) => detail)).to.have.deep.members([
      { action: 'replay', actor: 'os:eve', reason: 'after the fix' },
      { action: 'pause', actor: 'os:eve', reason: 'prices' },
    ]);
    const [conflict] = told.filter(({ what }) => what === 'conflict');
    expect(conflict?.detail).to.include({ field: 'name' });
    expect(conflict?.system).to.equal('stripe');
  });

  it('shows a step that is missing past its promise: receipt, outcome, echo', async () => {
    const { json } = await api.send('POST', '/api/v1/customers', {
      body: { name: 'Ada', email: 'ada@example.com' },
    });
    const id = Number(json.id);
    const [{ event_id: created } = { event_id: '' }] = items(await read(id));
    const steps = async () =>
      missing(await read(id))
        // No relay publishes what follows.
        .filter(({ event_id: event }) => event === created)
        .map(({ step, system, status }) => ({ step, system, status }));
    expect(await steps()).to.deep.equal([]);
    world.advance(16_000);
    expect(await steps()).to.deep.equal([{ step: 'publication', system: null, status: null }]);
    await world.receive();
    expect(await steps()).to.deep.equal([]);
    world.advance(61_000);
    expect(await steps()).to.deep.equal([{ step: 'outcome', system: 'stripe', status: 'queued' }]);
    await world.run();
    expect(await steps()).to.deep.equal([]);
    world.advance(16 * 60_000);
    expect(await steps()).to.deep.equal([{ step: 'echo', system: 'stripe', status: 'applied' }]);
    await world.rest();
    expect(await steps()).to.deep.equal([]);
  });

  it('says what retention has taken, and not that there was nothing', async () => {
    const id = await ada();
    await world.db.raw(`update customers set created_at = created_at - interval '90 days'`);
    const [{ at: oldest } = { at: '' }] = items(await read(id, '?order=oldest'));
    const cutoff = world.clock.now().getTime() - 30 * DAY_MS;
    const { before } = (await read(id)).json['beyond_retention'] as { before: string };
    expect(Date.parse(before)).to.equal(Math.min(Date.parse(oldest), cutoff));
  });

  it('answers 404 for a customer that there never was, and 400 for what a query may not have', async () => {
    const gone = await api.send('GET', path(999));
    expectProblem(gone, 404, 'customer_not_found');
    expectDescribed('get', '/api/v1/customers/{id}/timeline', gone);
    const id = await ada();
    const link = (await read(id, '?limit=1')).headers.get('Link') ?? '';
    const after = /after=([^&>]+)/.exec(link)?.[1] ?? '';
    for (const query of [`after=${after}&order=oldest`, `after=${after}0`, 'order=up', 'since=2h', 'limit=0'])
      expectProblem(await api.send('GET', `${path(id)}?${query}`), 400, 'invalid_request');
    expectProblem(await api.send('GET', `${path(id + 1)}?after=${after}`), 400, 'invalid_request');
  });

  it('still tells the story of a deleted customer', async () => {
    const id = await ada();
    await api.send('DELETE', `/api/v1/customers/${id}`);
    await world.rest();
    expect(items(await read(id)).map(({ detail }) => detail['event_type'])).to.include('customer.deleted');
    // Once the row has gone, its age is not known.
    await world.db.transaction((tx) => tx.raw('select purge_customer(?)', [id]));
    expect((await read(id)).json['beyond_retention']).to.have.property('before');
  });
});
