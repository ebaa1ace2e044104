import { expect } from 'chai';
import { operationsOf, doubled, standsOf } from '../support/choice.ts';
import { useTwoWay } from '../support/two-way.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, startApi } from './start-api.ts';

describe('choosing the record of a customer over the API', () => {
  const world = useTwoWay();
  let api: Awaited<ReturnType<typeof startApi>>;
  beforeEach(async () => {
    api = await startApi({ db: world.db, clock: world.clock });
  });
  afterEach(() => api.server.close());

  const link = async (id: number, body: unknown) => {
    const answer = await api.send('POST', `/api/v1/customers/${id}/link`, { body });
    expectDescribed('post', '/api/v1/customers/{id}/link', answer);
    return answer;
  };
  const accept = async (id: number) => {
    const answer = await api.send('POST', `/api/v1/customers/${id}/accept-deletion`);
    expectDescribed('post', '/api/v1/customers/{id}/accept-deletion', answer);
    return answer;
  };

  it('takes one call, whose answer names the record that was linked before', async () => {
    const { id, first, second } = await doubled(world);
    const answer = await link(id, { system: 'stripe', external_id: second });
    expect([answer.status, answer.json]).to.deep.equal([
      200,
      { outcome: 'linked', customer: id, external_id: second, instead_of: first },
    ]);
    expect(api.nudges()).to.equal(1);
    await world.rest();
    expect((await api.send('GET', `/api/v1/customers/${id}`)).json).to.have.deep.property(
      'external_mappings',
      { stripe: second },
    );
    expect((await link(id, { system: 'stripe', external_id: second })).json).to.include({
      outcome: 'linked_already',
    });
  });

  it('has a worker read the record first where it is not known yet', async () => {
    const { id, first } = await doubled(world);
    const answer = await link(id, { system: 'stripe', external_id: 'cus_typed_wrong' });
    expect(answer.json).to.include({ outcome: 'consented', instead_of: first });
    await world.rest();
    expect((await standsOf(world, id))[0]).to.equal(`${first} primary linked`);
  });

  it('is refused with the reason', async () => {
    const { id, second } = await doubled(world);
    expectProblem(await link(99_999, { system: 'stripe', external_id: second }), 404, 'customer_not_found');
    for (const body of [
      {},
      { system: 'stripe' },
      { system: 'other', external_id: second },
      { system: 'stripe', external_id: 'a b' },
      { system: 'stripe', external_id: 'cus_\u0000' },
      { system: 'stripe', external_id: 'cus_\ud800' },
    ])
      expectProblem(await link(id, body), 400, 'invalid_request');
    expectProblem(await accept(id), 409, 'cannot_link');
    world.simulator.dashboard.deleteCustomer(second);
    await world.rest();
    expectProblem(await link(id, { system: 'stripe', external_id: second }), 409, 'cannot_link');
    world.simulator.faults.add({ kind: 'drop_answer', method: 'POST', times: 2 });
    await world.update(id, { name: 'Ada King' });
    await world.run();
    expectProblem(await link(id, { system: 'stripe', external_id: 'cus_other' }), 409, 'request_open');
    await world.rest();
  });

  it('accepts by one call the deletion of a linked record while another record of the customer lives', async () => {
    const { id, first } = await doubled(world);
    world.simulator.dashboard.deleteCustomer(first);
    await world.rest();
    const waiting = (await api.send('GET', `/api/v1/customers/${id}`)).json;
    expect(waiting.external_mappings).to.deep.equal({});
    expect(waiting.sync).to.have.nested.include({
      'stripe.state': 'waiting',
      'stripe.reason': 'alias_lives',
    });
    expect((await accept(id)).json).to.deep.equal({ outcome: 'accepted', customer: id, external_id: first });
    expect((await accept(id)).json).to.include({ outcome: 'accepted_already' });
    await world.rest();
    expectProblem(await api.send('GET', `/api/v1/customers/${id}`), 404, 'customer_not_found');
  });

  it('lists a second record that was left at the external system when its customer was deleted, with that reason', async () => {
    const { id, second } = await doubled(world);
    await world.remove(id);
    await world.rest();
    const answer = await api.send('GET', '/api/v1/mappings?reason=left_there');
    expectDescribed('get', '/api/v1/mappings', answer);
    expect(answer.list).to.have.length(1);
    expect(answer.list[0]).to.deep.include({
      ...{ external_id: second, customer: id, state: 'alias', reason: 'left_there' },
      detail: { email: 'Ada@example.com' },
    });
    expect(await operationsOf(world).choose(id, second, null)).to.have.property('outcome', 'not_found');
  });
});
