import { expect } from 'chai';
import { createSampler } from '../../lib/health/samples.ts';
import { startRoleSigns } from '../../lib/health/role-signs.ts';
import { linkedPair, useTwoWay } from '../support/two-way.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, startApi, type Body } from './start-api.ts';

const path = '/api/v1/samples';

describe('/samples', () => {
  const world = useTwoWay();
  let api: Awaited<ReturnType<typeof startApi>>;
  beforeEach(async () => {
    api = await startApi({ db: world.db, clock: world.clock });
  });
  afterEach(() => api.server.close());

  it('has the minutes that were measured, with a gap, and the processes with their version', async () => {
    const signs = await startRoleSigns({
      ...{ db: world.db, log: world.deps.log, owner: 'host:7:random' },
      roles: [{ name: 'worker', look: () => ({ state: '0 in hand' }) }],
    });
    const systems = [{ system: 'stripe', rate: null }];
    const sampler = createSampler({ ...world.deps, systems, lag: () => Promise.resolve(3) });
    await linkedPair(world);
    for (const minutes of [1, 2]) {
      world.advance(minutes * 60_000 + (minutes === 1 ? 5_000 : 0));
      await sampler.runOnce();
    }
    const answer = await api.send('GET', path);
    expectDescribed('get', path, answer);
    const samples = answer.json['samples'] as Body[];
    const [first, second] = samples.map(({ minute }) => Date.parse(String(minute)));
    expect((second ?? 0) - (first ?? 0), 'a minute is missing').to.equal(120_000);
    const [outbound] = samples[0]?.['lanes'] as Body[];
    expect(outbound).to.include({ system: 'stripe', direction: 'outbound', applied: 1, lag: 3 });
    expect(outbound?.['times_ms']).to.have.nested.property('whole.count', 1);
    const [worker] = answer.json['processes'] as Body[];
    expect(worker).to.include({ role: 'worker', process: 'host:7', living: true });
    expect(worker?.version).to.match(/^\d+\.\d+\.\d+/);
    const later = await api.send('GET', `${path}?since=2m`);
    expect(later.json['samples']).to.have.length(1);
    const overview = await api.send('GET', '/api/v1/overview');
    const [system] = overview.json['systems'] as Body[];
    expect(system?.['propagation_ms']).to.have.nested.property('outbound.count', 1);
    await signs.stop();
  });

  it('refuses a time that is none', async () => {
    expectProblem(await api.send('GET', `${path}?since=soon`), 400, 'invalid_request');
  });
});
