import { expect } from 'chai';
import type { Customer } from '../support/customers.ts';
import { waitingRow } from '../support/first-link.ts';
import { expectAgreement } from '../support/invariants.ts';
import { pauseAt } from '../support/signal.ts';
import { mappingOf } from '../support/sync-rows.ts';
import { useTwoWay } from '../support/two-way.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, startApi, type Body } from './start-api.ts';

const mappings = '/api/v1/mappings';

describe('linking by consent', () => {
  // Our rows stay unlinked while writes are off.
  const world = useTwoWay({ policy: { writes: false } });
  const writing = () => world.worker({ policy: { writes: true } });
  let api: Awaited<ReturnType<typeof startApi>>;
  beforeEach(async () => {
    api = await startApi({ db: world.db, clock: world.clock });
  });
  afterEach(() => api.server.close());

  const list = async (query = ''): Promise<Body[]> => {
    const answer = await api.send('GET', mappings + query);
    expect(answer.status, answer.text).to.equal(200);
    expectDescribed('get', mappings, answer);
    return answer.list;
  };
  const link = async (id: unknown) => {
    const answer = await api.send('POST', `${mappings}/${String(id)}/link`);
    expectDescribed('post', `${mappings}/{id}/link`, answer);
    return answer;
  };

  /** A row of ours without a record, and a record at Stripe with its email. */
  async function waitingPair(): Promise<{ row: Customer; cus: string; waiting: Body }> {
    const row = await world.create({ name: 'Ada', email: 'ada@example.com' });
    const { id: cus } = world.simulator.dashboard.createCustomer({
      name: 'Ada L.',
      email: 'Ada@example.com',
    });
    await world.rest();
    const [waiting] = await list('?state=waiting&reason=ask_link');
    if (!waiting) throw new Error('no pair waits for consent');
    return { row, cus, waiting };
  }

  it('lists the pairs that wait for consent, and links one after it was given, with our owner tag', async () => {
    const { row, cus, waiting } = await waitingPair();
    expect(waiting).to.deep.include({
      ...{ system: 'stripe', external_id: cus, customer: null, state: 'waiting', reason: 'ask_link' },
      detail: { customer: row.id },
    });
    const answer = await link(waiting.id);
    expect(answer.json).to.deep.equal({
      ...{ outcome: 'consented', mapping: waiting.id, customer: row.id, external_id: cus },
    });
    await world.rest(writing());
    expect(await mappingOf(world.db, row.id)).to.include({ externalId: cus, state: 'linked' });
    expect(Object.values(world.simulator.customers()[0]?.metadata ?? {})).to.deep.equal([row.createdEventId]);
    expect(await list()).to.deep.equal([]);
    await expectAgreement(world);
  });

  it('takes the consent once, and keeps who gave it and when', async () => {
    const { waiting } = await waitingPair();
    await link(waiting.id);
    expect((await link(waiting.id)).json).to.include({ outcome: 'consented_already' });
    const [shown] = await list('?reason=ask_link');
    expect(shown?.['detail']).to.deep.include({
      ...{ consent: true, consented_by: null, consented_at: world.clock.now().toISOString() },
    });
    await world.rest(writing());
  });

  it('keeps the consent though a step that began earlier settles after it', async () => {
    const { row, cus, waiting } = await waitingPair();
    world.simulator.dashboard.updateCustomer(cus, { name: 'Ada Lovelace' });
    const held = pauseAt('adopt.read');
    const lane = writing();
    const running = world.rest(lane);
    await held.reached;
    await link(waiting.id);
    held.resume();
    await running;
    await world.rest(lane);
    expect(await mappingOf(world.db, row.id)).to.include({ externalId: cus, state: 'linked' });
    await expectAgreement(world);
  });

  it('keeps the consent over a failure of the external system', async () => {
    const { row, cus, waiting } = await waitingPair();
    await link(waiting.id);
    world.simulator.faults.add({ kind: 'error_before_effect', method: 'GET', path: '/v1/customers/:id' });
    await world.rest(writing());
    expect(await mappingOf(world.db, row.id)).to.include({ externalId: cus, state: 'linked' });
    await expectAgreement(world);
  });

  it('does not link with another row that has got the email since the consent was asked for', async () => {
    const { row, cus, waiting } = await waitingPair();
    const other = await world.create({ name: 'Bea', email: 'bea@example.com' });
    await link(waiting.id);
    world.simulator.dashboard.updateCustomer(cus, { email: 'bea@example.com' });
    await world.rest();
    for (const { id } of [row, other]) expect((await mappingOf(world.db, id)).externalId).to.equal(null);
    const [still] = await list('?reason=ask_link');
    expect(still).to.deep.include({ external_id: cus, detail: { customer: other.id } });
  });

  it('refuses a pair that does not wait for consent: 409, with its state', async () => {
    const { row, waiting } = await waitingPair();
    const own = await mappingOf(world.db, row.id);
    const unlinked = await link(own.id);
    expectProblem(unlinked, 409, 'cannot_link');
    // The reason depends on which of the two a worker takes first: writes are off, or the record is
    // known.
    expect(unlinked.json.state).to.equal('waiting');
    expect(unlinked.json['reason']).to.be.oneOf(['writes_off', 'not_linked']);
    await link(waiting.id);
    await world.rest(writing());
    const linked = await link(own.id);
    expectProblem(linked, 409, 'cannot_link');
    expect(linked.json.detail).to.match(/is linked with customer \d+ already/);
    const { id: twin } = world.simulator.dashboard.createCustomer({ name: 'Doppelgänger', email: row.email });
    await world.rest(writing());
    const [alias] = await list('?state=alias');
    expect(alias).to.include({ external_id: twin, customer: row.id });
    expectProblem(await link(alias?.id), 409, 'cannot_link');
    const before = await waitingRow(world, { name: 'Was here', email: 'washere@example.com' });
    const first = await link((await mappingOf(world.db, before.id)).id);
    expectProblem(first, 409, 'cannot_link');
    expect(first.json.detail).to.include('twinbox link --dry-run');
  });

  it('answers 404 for a mapping that does not exist, and 400 for an invalid id', async () => {
    expectProblem(await link(4_711), 404, 'mapping_not_found');
    for (const id of ['0', '-1', 'x', '9007199254740993'])
      expectProblem(await link(id), 400, 'invalid_request');
  });

  it('pages by id and filters', async () => {
    for (let n = 1; n <= 5; n += 1) world.simulator.dashboard.createCustomer({ name: `Nameless ${n}` });
    await world.create({ name: 'Ours' });
    await world.rest();
    const all = await list('?reason=lacks_field');
    expect(all).to.have.length(5);
    const first = await api.send('GET', `${mappings}?limit=3&reason=lacks_field`);
    const next = /^<([^>]+)>; rel="next"$/.exec(first.headers.get('Link') ?? '')?.[1];
    const rest = await api.send('GET', next ?? '');
    expect([...first.list, ...rest.list]).to.deep.equal(all);
    expect(rest.headers.get('Link')).to.equal(null);
    expect(await list('?state=parked')).to.deep.equal([]);
    expect((await list('?reason=writes_off')).map(({ state }) => state)).to.deep.equal(['waiting']);
    for (const query of ['?state=linked', '?limit=101', '?reason=a%20b', '?after=x'])
      expectProblem(await api.send('GET', mappings + query), 400, 'invalid_request');
  });
});
