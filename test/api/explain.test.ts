import { expect } from 'chai';
import { explanationLines } from '../../cli/explain-report.ts';
import { toExplanation } from '../../cli/remote/wire.ts';
import { explainStored } from '../../lib/operations/explain-systems.ts';
import { explanationJson } from '../../lib/operations/explain-json.ts';
import { everythingIn } from '../support/explainer.ts';
import { explainedPairs } from '../support/explained.ts';
import { inEnvironment } from '../support/environment.ts';
import { mappingOf } from '../support/sync-rows.ts';
import { linkedPair, useTwoWay } from '../support/two-way.ts';
import { showWorker } from '../support/workers-shown.ts';
import { runHere } from '../cli/in-process.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, startApi, type Body } from './start-api.ts';

describe('/explain', () => {
  const world = useTwoWay({ policy: { looksBeforeCreate: true } });
  let api: Awaited<ReturnType<typeof startApi>>;
  const planners = () => new Map([['stripe', world.deps]]);
  beforeEach(async () => {
    await showWorker(world.db);
    api = await startApi({ db: world.db, clock: world.clock, planners: planners() });
  });
  afterEach(() => api.server.close());

  async function explained(id: number): Promise<Body> {
    const answer = await api.send('GET', `/api/v1/customers/${id}/explain`);
    expect(answer.status, answer.text).to.equal(200);
    expectDescribed('get', '/api/v1/customers/{id}/explain', answer);
    return answer.json;
  }

  it('answers what the engine would do with each pair of a customer, calls no system and writes nothing', async () => {
    for (const [state, make] of Object.entries(explainedPairs)) {
      const id = await make(world);
      const [before, calls] = [await everythingIn(world), world.calls().length];
      const json = await explained(id);
      expect(await everythingIn(world), state).to.deep.equal(before);
      expect(world.calls().length, state).to.equal(calls);
      const same = await explainStored(planners(), 'customer', { customer: id });
      if (!same) throw new Error(`nothing is explained of ${state}`);
      expect(json, state).to.deep.equal(JSON.parse(JSON.stringify(explanationJson(same))));
      // What the command prints of an answer of the API is what it prints of the database.
      expect(explanationLines(toExplanation(json)), state).to.deep.equal(explanationLines(same));
    }
  });

  it('explains one pair by the number of its mapping, and is what the command asks of an API', async () => {
    const { id, externalId } = await linkedPair(world);
    const { id: mapping } = await mappingOf(world.db, id);
    const answer = await api.send('GET', `/api/v1/mappings/${mapping}/explain`);
    expectDescribed('get', '/api/v1/mappings/{id}/explain', answer);
    expect((answer.json['pairs'] as Body[])[0]).to.include({ mapping, rung: 'agreement' });
    const ask = (...args: string[]) =>
      inEnvironment({ TWINBOX_API_URL: api.server.url }, () => runHere('explain', ...args));
    const printed = await ask('customer', String(id), '--json');
    expect(printed.code, printed.stderr).to.equal(0);
    expect(JSON.parse(printed.stdout)).to.deep.equal(await explained(id));
    expect((await ask('mapping', String(mapping))).stdout).to.match(/rung +agreement/);
    expect(await ask('customer', '987654')).to.deep.include({ code: 3, stdout: '' });
    for (const args of [
      ['record', externalId],
      ['customer', String(id), '--read'],
    ]) {
      const { code, stderr } = await ask(...args);
      expect({ code, says: /work on the database itself/.test(stderr) }).to.deep.equal({
        code: 2,
        says: true,
      });
    }
  });

  it('answers 404 to an id that no row and no pair has, and 400 to one that is none', async () => {
    const unknown = await api.send('GET', '/api/v1/customers/987654/explain');
    expectProblem(unknown, 404, 'customer_not_found');
    const no = await api.send('GET', '/api/v1/mappings/987654/explain');
    expectProblem(no, 404, 'mapping_not_found');
    expectProblem(await api.send('GET', '/api/v1/mappings/x/explain'), 400, 'invalid_request');
  });
});
