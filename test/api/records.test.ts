import { expect } from 'chai';
import { insertRefusal } from '../../db/inbound.ts';
import { useTwoWay } from '../support/two-way.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, startApi, type Body } from './start-api.ts';

type List = 'deliveries' | 'attempts' | 'refusals';

describe('GET /deliveries, /attempts and /refusals', () => {
  const world = useTwoWay();
  let api: Awaited<ReturnType<typeof startApi>>;
  beforeEach(async () => {
    api = await startApi({ db: world.db, clock: world.clock });
  });
  afterEach(() => api.server.close());

  const list = async (name: List, query = ''): Promise<Body[]> => {
    const answer = await api.send('GET', `/api/v1/${name}${query}`);
    expect(answer.status, answer.text).to.equal(200);
    expectDescribed('get', `/api/v1/${name}`, answer);
    return answer.list;
  };

  async function walk(name: List, query: string): Promise<Body[]> {
    const walked: Body[] = [];
    let next: string | undefined = `/api/v1/${name}?limit=1${query}`;
    while (next !== undefined) {
      const page = await api.send('GET', next);
      expect(page.status, page.text).to.equal(200);
      walked.push(...page.list);
      next = /<([^>]+)>; rel="next"/.exec(page.headers.get('Link') ?? '')?.[1];
    }
    return walked;
  }

  /** One customer with its record, and one whose event waits for its worker. */
  async function customers(): Promise<{ ada: number; bea: number }> {
    const { id: ada } = await world.create({ name: 'Ada', email: 'ada@example.com' });
    await world.rest();
    const { id: bea } = await world.create({ name: 'Bea', email: 'bea@example.com' });
    await world.receive();
    return { ada, bea };
  }

  it('list the outcome of each event at each target, by state, target and customer', async () => {
    const { ada, bea } = await customers();
    const shown = async (query: string) =>
      (await list('deliveries', query)).map(({ customer, target, status }) => [customer, target, status]);
    const whole = [
      [bea, 'stripe', 'queued'],
      [ada, 'internal', 'echo'],
      [ada, 'stripe', 'applied'],
    ];
    expect(await shown('')).to.deep.equal(whole);
    expect(await shown('?status=queued,applied')).to.deep.equal([whole[0], whole[2]]);
    expect(await shown('?system=internal')).to.deep.equal([whole[1]]);
    expect(await shown(`?customer=${ada}`)).to.deep.equal(whole.slice(1));
    for (const query of ['', `&customer=${ada}`, '&system=stripe'])
      expect(await walk('deliveries', query)).to.deep.equal(await list('deliveries', `?${query.slice(1)}`));
  });

  it('list the calls, by customer and by the id that the system gave', async () => {
    const { ada, bea } = await customers();
    const calls = await list('attempts');
    expect(calls[0]).to.include({ system: 'stripe', customer: ada, error: null, status: 200 });
    expect(await list('attempts', `?customer=${bea}`)).to.deep.equal([]);
    expect(await list('attempts', `?customer=${ada}`)).to.deep.equal(calls);
    expect(await list('attempts', `?request_id=${String(calls[0]?.request_id)}`)).to.deep.equal([calls[0]]);
    expect(await walk('attempts', '')).to.deep.equal(calls);
  });

  it('list the inbound events that were refused, with the reason and never a body', async () => {
    for (const [at, reason] of ['too_old', 'other_account', 'too_old'].entries())
      await insertRefusal(world.db, {
        ...{ system: 'stripe', externalEventId: `evt_${at}`, reason, detail: null, now: world.clock.now() },
      });
    const ids = async (query: string) =>
      (await list('refusals', query)).map(({ external_event_id: id }) => id);
    expect(await ids('')).to.deep.equal(['evt_2', 'evt_1', 'evt_0']);
    expect(await ids('?reason=too_old&system=stripe')).to.deep.equal(['evt_2', 'evt_0']);
    expect(await walk('refusals', '&reason=too_old')).to.have.length(2);
  });

  it('refuse a filter that there is not, a wrong value, and a cursor of another list', async () => {
    await customers();
    const { headers } = await api.send('GET', '/api/v1/deliveries?limit=1');
    const after = /after=([^&>]+)/.exec(headers.get('Link') ?? '')?.[1] ?? '';
    for (const path of [
      ...['deliveries?status=unpublished', 'deliveries?status=lost', 'deliveries?system=nowhere'],
      ...[
        `deliveries?after=${after}x`,
        `deliveries?status=applied&after=${after}`,
        `attempts?after=${after}`,
      ],
      ...[
        'attempts?request_id=a%20b',
        'attempts?system=stripe',
        'refusals?reason=A',
        'refusals?system=internal',
      ],
      ...[`refusals?after=${after}`, 'deliveries?limit=0', 'attempts?customer=x'],
    ])
      expectProblem(await api.send('GET', `/api/v1/${path}`), 400, 'invalid_request');
  });
});
