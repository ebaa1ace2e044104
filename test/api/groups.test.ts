import { expect } from 'chai';
import { useTwoWay } from '../support/two-way.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, startApi } from './start-api.ts';

const groups = '/api/v1/groups';

type Group = {
  fingerprint: string;
  class: string;
  code: string;
  field: string | null;
  count: number;
  example: { customer: number; event_id: string | null; says: string } | null;
} & Record<string, unknown>;

describe('GET /groups', () => {
  const world = useTwoWay();
  let api: Awaited<ReturnType<typeof startApi>>;
  beforeEach(async () => {
    api = await startApi({ db: world.db, clock: world.clock });
  });
  afterEach(() => api.server.close());

  const list = async (query = ''): Promise<Group[]> => {
    const answer = await api.send('GET', groups + query);
    expect(answer.status, answer.text).to.equal(200);
    expectDescribed('get', groups, answer);
    return answer.list as unknown as Group[];
  };

  const refuse = (status: number) =>
    world.simulator.faults.add({
      ...({ kind: 'error_before_effect', method: 'POST', path: '/v1/customers', times: 100 } as const),
      status,
    });

  it('is empty while no pair needs a person', async () => {
    await world.create({ name: 'Ada', email: 'ada@example.com' });
    await world.rest();
    expect(await list()).to.deep.equal([]);
  });

  it('brings the failures of one cause together, with what they mean and how they are cured', async () => {
    refuse(400);
    const ids: number[] = [];
    for (const name of ['ada', 'bea', 'cyd'])
      ids.push((await world.create({ name, email: `${name}@example.com` })).id);
    await world.rest();
    const [group, ...others] = await list();
    expect(others).to.deep.equal([]);
    expect(group).to.include({ system: 'stripe', class: 'permanent', code: 'api_error', field: null });
    expect(group).to.include({ count: 3, customers: 3, parked: 3, waiting: 0, retrying: 0 });
    expect(group?.['means']).to.be.a('string').and.not.to.equal('');
    expect(group?.['cure']).to.be.a('string').and.not.to.equal('');
    expect(group?.example?.customer).to.be.oneOf(ids);
    expect(group?.example?.event_id).to.be.a('string');
    expect(group?.example?.says).to.match(/^Stripe refuses the request \(api_error\)/);
    const shown = await api.send('GET', `${groups}/${group?.fingerprint}`);
    expect(shown.status, shown.text).to.equal(200);
    expectDescribed('get', `${groups}/{fingerprint}`, shown);
    expect((shown.json['pairs'] as { customer: number }[]).map(({ customer }) => customer)).to.have.members(
      ids,
    );
    expect(shown.text).not.to.match(/ada@|bea@|cyd@/);
  });

  it('counts pairs that fail and are tried again in the group of their failure', async () => {
    refuse(500);
    await world.create({ name: 'Ada', email: 'ada@example.com' });
    await world.run();
    const [group] = await list('?system=stripe');
    expect(group).to.include({ class: 'spent', count: 1, retrying: 1, parked: 0 });
  });

  it('has the same fingerprint while the cause is the same, and none once the pairs are well', async () => {
    refuse(400);
    const { id } = await world.create({ name: 'Ada', email: 'ada@example.com' });
    await world.rest();
    const [before] = await list();
    const { id: other } = await world.create({ name: 'Bea', email: 'bea@example.com' });
    await world.rest();
    const [after] = await list();
    expect(after?.fingerprint).to.equal(before?.fingerprint);
    expect(after?.count).to.equal(2);
    world.simulator.faults.clear();
    for (const each of [id, other])
      await api.send('PATCH', `/api/v1/customers/${each}`, { body: { name: `N${each}` } });
    await world.rest();
    expect(await list()).to.deep.equal([]);
    const gone = await api.send('GET', `${groups}/${before?.fingerprint}`);
    expectProblem(gone, 404, 'group_not_found');
    expectDescribed('get', `${groups}/{fingerprint}`, gone);
  });

  it('refuses a system that there is not, another parameter, and what is no fingerprint', async () => {
    for (const path of [
      `${groups}?system=nowhere`,
      `${groups}?colour=red`,
      `${groups}/x`,
      `${groups}/0198C0DE0000`,
    ])
      expectProblem(await api.send('GET', path), 400, 'invalid_request');
  });
});
