import { expect } from 'chai';
import { useTwoWay } from '../support/two-way.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, startApi, type Answer } from './start-api.ts';

const events = '/api/v1/events';

describe('GET /events', () => {
  const world = useTwoWay();
  let api: Awaited<ReturnType<typeof startApi>>;
  beforeEach(async () => {
    api = await startApi({ db: world.db, clock: world.clock });
  });
  afterEach(() => api.server.close());

  const list = async (query = ''): Promise<Answer> => {
    const answer = await api.send('GET', events + query);
    expect(answer.status, answer.text).to.equal(200);
    expectDescribed('get', events, answer);
    return answer;
  };
  const types = async (query: string): Promise<unknown[]> =>
    (await list(query)).list.map(({ event_type: type }) => type);

  /** A linked customer with an edit of each side, and one whose create Stripe refuses. */
  async function twoCustomers(): Promise<{ ada: number; bea: number }> {
    const { id: ada } = await world.create({ name: 'Ada', email: 'ada@example.com' });
    await world.rest();
    const [record] = world.simulator.customers();
    world.simulator.dashboard.updateCustomer(record?.id ?? '', { name: 'Ada L.' });
    await world.rest();
    world.advance(60_000);
    world.simulator.faults.add({
      ...{ kind: 'error_before_effect', method: 'POST', path: '/v1/customers', status: 400 },
    });
    const { id: bea } = await world.create({ name: 'Bea', email: 'bea@example.com' });
    await world.rest();
    return { ada, bea };
  }

  it('lists the newest first, and filters by state, type, system, customer, error and time', async () => {
    const { ada, bea } = await twoCustomers();
    const all = (await list()).list;
    expect(all.map(({ id }) => id)).to.deep.equal(
      all.map(({ id }) => id).toSorted((a, b) => Number(b) - Number(a)),
    );
    expect(await types('?type=customer.created')).to.deep.equal(['customer.created', 'customer.created']);
    expect(await types('?type=stripe.*')).to.have.members([
      'stripe.customer.created',
      'stripe.customer.updated',
    ]);
    expect(await types('?type=invoice.*')).to.deep.equal([]);
    expect(await types(`?customer=${bea}`)).to.deep.equal(['delivery.parked', 'customer.created']);
    const ofAda = await types(`?customer=${ada}`);
    expect(ofAda)
      .to.have.length(all.length - 2)
      .and.to.include('stripe.customer.updated');
    expect(await types('?system=internal')).to.have.members(await types('?type=stripe.*'));
    const parked = (await list('?status=parked,waiting')).list;
    expect(parked).to.have.length(1);
    expect(parked[0]).to.deep.include({
      ...{
        customer: bea,
        deliveries: [{ target: 'stripe', status: 'parked', error: 'api_error' }],
      },
    });
    const ids = (answer: Answer) => answer.list.map(({ id }) => id);
    for (const same of [
      '?error=api_error',
      '?needs_attention=true',
      `?customer=${bea}&status=parked&system=stripe`,
    ])
      expect(ids(await list(same)), same).to.deep.equal(parked.map(({ id }) => id));
    expect(ids(await list('?error=other_code'))).to.deep.equal([]);
    expect(ids(await list('?status=applied&error=api_error'))).to.deep.equal([]);
    expect(ids(await list('?status=queued,published'))).to.deep.equal([]);
    expect(ids(await list('?since=1d'))).to.deep.equal(all.map(({ id }) => id));
    expect(ids(await list('?until=1d'))).to.deep.equal([]);
    const newest = String(all[0]?.['created_at']);
    expect(ids(await list(`?since=${newest}`)))
      .to.include(all[0]?.id)
      .and.not.to.include(all.at(-1)?.id);
    expect(ids(await list(`?until=${newest}`)))
      .to.include(all.at(-1)?.id)
      .and.not.to.include(all[0]?.id);
  });

  it('shows an event that waits for its worker as queued, and one without a delivery as unpublished', async () => {
    await world.create({ name: 'Ada', email: 'ada@example.com' });
    expect(await types('?status=unpublished')).to.deep.equal(['customer.created']);
    await world.receive();
    expect(await types('?status=unpublished')).to.deep.equal([]);
    for (const query of ['?status=queued', '?status=queued,parked&system=stripe', '?system=stripe'])
      expect(await types(query), query).to.deep.equal(['customer.created']);
    expect(await types('?status=queued&system=internal')).to.deep.equal([]);
  });

  it('gives every event once over its pages, with each filter', async () => {
    await twoCustomers();
    for (const filter of [
      '',
      'type=customer.*',
      'system=stripe',
      'status=applied,echo,parked,origin',
      'customer=1',
    ])
      await walks(filter);
  });

  async function walks(filter: string): Promise<void> {
    const whole = (await list(`?${filter}`)).list.map(({ id }) => id);
    const walked: unknown[] = [];
    let next: string | undefined = `${events}?${filter}&limit=1`;
    while (next !== undefined) {
      const page = await api.send('GET', next);
      expect(page.status, page.text).to.equal(200);
      walked.push(...page.list.map(({ id }) => id));
      next = /<([^>]+)>; rel="next"/.exec(page.headers.get('Link') ?? '')?.[1];
    }
    expect(walked, filter).to.deep.equal(whole);
  }

  it('refuses a cursor that was changed, or that another filter got', async () => {
    await twoCustomers();
    const first = await list('?limit=2&type=customer.*');
    const after = /after=([^&>]+)/.exec(first.headers.get('Link') ?? '')?.[1] ?? '';
    expect((await list(`?limit=50&type=customer.*&after=${after}`)).list).not.to.deep.equal([]);
    const [place = '', sum = ''] = after.split('.');
    for (const wrong of [
      ...[`${Number(place) + 1}.${sum}`, `${after}0`, after.slice(1), sum, place, '1.2.3', 'now', `.${sum}`],
      ...[encodeURIComponent("1' or true --"), '%F0%9F%92%A9%F0%9F%92%A9', 'x'.repeat(400)],
    ]) {
      const answer = await api.send('GET', `${events}?type=customer.*&after=${wrong}`);
      expectProblem(answer, 400, 'invalid_request');
      expect(answer.errors[0]).to.include({ in: 'query', pointer: '/after' });
    }
    expectProblem(await api.send('GET', `${events}?type=stripe.*&after=${after}`), 400, 'invalid_request');
    expectProblem(await api.send('GET', `${events}?after=${after}`), 400, 'invalid_request');
  });

  const wrong: Record<string, string> = {
    'colour=red': '/colour',
    'status=lost': '/status',
    'status=': '/status',
    'status=parked,,waiting': '/status',
    'type=customer.**': '/type',
    'type=%00': '/type',
    'system=nowhere': '/system',
    'customer=0': '/customer',
    'customer=ada': '/customer',
    'error=a%20b': '/error',
    'since=then': '/since',
    'since=2026-02-30T00:00:00Z': '/since',
    'since=2026-02-03T00:00:00': '/since',
    'since=5': '/since',
    'until=1y': '/until',
    'since=1h&until=2h': '/until',
    'needs_attention=yes': '/needs_attention',
    'needs_attention=true&status=parked': '/needs_attention',
    'limit=0': '/limit',
    'limit=101': '/limit',
    'limit=1&limit=2': '/limit',
  };
  for (const [query, pointer] of Object.entries(wrong)) {
    it(`refuses ${query}, and says where`, async () => {
      const answer = await api.send('GET', `${events}?${query}`);
      expectProblem(answer, 400, 'invalid_request');
      expect(answer.errors.map((error) => error.pointer)).to.deep.equal([pointer]);
    });
  }

  it('shows the whole way of one event, and 404 for one that there is not', async () => {
    const { ada } = await twoCustomers();
    const created = (await list(`?customer=${ada}&type=customer.created`)).list[0];
    const answer = await api.send('GET', `${events}/${String(created?.['event_id'])}`);
    expect(answer.status, answer.text).to.equal(200);
    expectDescribed('get', `${events}/{event_id}`, answer);
    expect(answer.json).to.include({ event_id: created?.['event_id'], customer: ada });
    const [delivery] = answer.json['deliveries'] as {
      calls: { request_id: string }[];
      confirmed_by: string;
    }[];
    expect(delivery?.calls[0]?.request_id).to.match(/^req_/);
    expect(delivery?.confirmed_by).to.be.a('string');
    const gone = await api.send('GET', `${events}/00000000-0000-7000-8000-000000000000`);
    expectProblem(gone, 404, 'event_not_found');
    expectDescribed('get', `${events}/{event_id}`, gone);
    expectProblem(await api.send('GET', `${events}/7`), 400, 'invalid_request');
  });
});
