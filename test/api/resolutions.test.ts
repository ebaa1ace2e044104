import { expect } from 'chai';
import { linkedPair, useTwoWay } from '../support/two-way.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, startApi, type Body } from './start-api.ts';

const path = '/api/v1/mappings/{id}/resolve';

describe('resolving a stuck pair by the API', () => {
  const world = useTwoWay();
  let api: Awaited<ReturnType<typeof startApi>>;
  beforeEach(async () => {
    api = await startApi({ db: world.db, clock: world.clock });
  });
  afterEach(() => api.server.close());

  const resolve = async (id: unknown, body: object) => {
    const answer = await api.send('POST', path.replace('{id}', String(id)), { body });
    expectDescribed('post', path, answer);
    return answer;
  };

  async function missing(): Promise<{ customer: number; mapping: Body; externalId: string }> {
    const { id, externalId } = await linkedPair(world);
    world.simulator.reset();
    await world.update(id, { name: 'Ada' });
    await world.rest();
    const [mapping] = (await api.send('GET', '/api/v1/mappings?reason=missing')).list;
    if (!mapping) throw new Error('nothing is missing');
    return { customer: id, mapping, externalId };
  }

  it('creates a new record, and decides this only once', async () => {
    const { customer, mapping, externalId } = await missing();
    const body = { action: 'recreate', reason: 'the test data was deleted' };
    const said = { mapping: mapping.id, customer, external_id: externalId };
    expect((await resolve(mapping.id, body)).json).to.deep.equal({ outcome: 'decided', ...said });
    expect((await resolve(mapping.id, body)).json).to.deep.equal({ outcome: 'decided_already', ...said });
    const [shown] = (await api.send('GET', '/api/v1/mappings')).list;
    expect(shown?.['decision']).to.deep.include({ kind: 'recreate', why: 'the test data was deleted' });
    await world.rest();
    const { json } = await api.send('GET', `/api/v1/customers/${customer}`);
    expect(json.external_mappings).to.deep.equal({ stripe: world.simulator.customers()[0]?.id });
    expect(api.lines.find(({ message }) => message === 'pair.resolved')?.fields).to.include({
      ...{ customer, action: 'recreate', why: 'the test data was deleted' },
    });
  });

  it('detaches the pair: it is listed, and the answer for its customer says so', async () => {
    const { customer, mapping } = await missing();
    expect((await resolve(mapping.id, { action: 'let_go' })).json).to.include({ outcome: 'let_go' });
    await world.rest();
    const [shown] = (await api.send('GET', '/api/v1/mappings?state=detached')).list;
    expect(shown).to.include({ id: mapping.id, customer, state: 'detached' });
    const { json } = await api.send('GET', `/api/v1/customers/${customer}`);
    expect(json.sync).to.have.nested.include({ 'stripe.state': 'detached', 'stripe.reason': null });
    expect(json.external_mappings).to.deep.equal({});
  });

  it('refuses a pair that cannot be decided, and an unknown decision', async () => {
    const { mapping } = await missing();
    const { id } = await linkedPair(world);
    const [own] = (
      await world.db.raw<{ rows: { id: number }[] }>(
        `select id from external_mappings where internal_id = :id`,
        { id },
      )
    ).rows;
    const linked = own?.id ?? 0;
    expectProblem(await resolve(linked, { action: 'let_go' }), 409, 'cannot_resolve');
    expectProblem(await resolve(4711, { action: 'let_go' }), 404, 'mapping_not_found');
    for (const body of [
      {},
      { action: 'erase' },
      { action: 'record', external_id: 'a b' },
      { action: 'record', external_id: 'cus_\u0000' },
      { action: 'record', external_id: 'cus_\ud800' },
      { action: 'let_go', why: 'x' },
      { action: 'let_go', reason: '\ud800' },
    ])
      expectProblem(await resolve(linked, body), 400, 'invalid_request');
    expectProblem(await resolve(mapping.id, { action: 'record' }), 409, 'cannot_resolve');
  });
});
