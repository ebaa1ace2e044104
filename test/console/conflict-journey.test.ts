// A conflict that is reversed through the console, from the page of the list to the row.
import { expect } from 'chai';
import { startApi } from '../api/start-api.ts';
import { mappingOf } from '../support/sync-rows.ts';
import { useTwoWay } from '../support/two-way.ts';
import { createVisitor, fieldOf } from './visitor.ts';

describe('acts of the console over HTTP', () => {
  const world = useTwoWay();
  let api: Awaited<ReturnType<typeof startApi>>;
  beforeEach(async () => {
    const planners = new Map([['stripe', world.deps]]);
    api = await startApi({ db: world.db, clock: world.clock, planners, console: {} });
  });
  afterEach(() => api.server.close());

  it('reverse a conflict, once for a form that is sent twice, and pause and resume the customer', async () => {
    const row = await world.create({ name: 'Base' });
    await world.rest();
    const record = (await mappingOf(world.db, row.id)).externalId ?? '';
    world.simulator.dashboard.updateCustomer(record, { name: 'Theirs' });
    await world.deliver();
    await world.receiveInbound();
    await world.update(row.id, { name: 'Ours' });
    await world.rest();

    const visitor = createVisitor(api.server.url);
    const list = await visitor.get('/console/conflicts');
    const [, path = ''] = /href="(\/console\/conflicts\/[0-9a-f-]{36})"/.exec(list.text) ?? [];
    const page = await visitor.get(path);
    expect(page.text).to.include('Reversing it now would write');
    const fields = {
      token: fieldOf(page.text, 'token'),
      once: fieldOf(page.text, 'once'),
      reason: 'they asked',
    };
    for (const answer of [
      await visitor.post(`${path}/reverse`, fields),
      await visitor.post(`${path}/reverse`, fields),
    ])
      expect([answer.status, answer.to]).to.deep.equal([303, `/console/customers/${row.id}`]);
    await world.rest();
    expect(world.simulator.customers()[0]?.name).to.equal('Theirs');
    expect((await visitor.get(path)).text).to.include('To go back, change the customer.');

    for (const verb of ['pause', 'resume']) {
      const act = `/console/customers/${row.id}/${verb}`;
      const form = await visitor.get(act);
      expect(form.status, form.text).to.equal(200);
      const names = ['token', 'once', 'mapping', 'system'];
      const sent = Object.fromEntries(names.map((name) => [name, fieldOf(form.text, name)]));
      expect((await visitor.post(act, { ...sent, reason: 'a call' })).status).to.equal(303);
    }
    const { list: audit } = await api.send('GET', '/api/v1/audit');
    expect(audit.map(({ reason }) => reason)).to.deep.equal(['a call', 'a call', 'they asked']);
    expect(audit.map(({ action }) => action)).to.deep.equal(['resume_row', 'pause_row', 'reverse_conflict']);
  });
});
