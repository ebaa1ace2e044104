import { expect } from 'chai';
import { compareAll } from '../../lib/operations/comparison.ts';
import { syncPart } from '../../lib/health/readiness.ts';
import { mappingOf } from '../support/sync-rows.ts';
import { linkedPair, useTwoWay } from '../support/two-way.ts';
import { expectDescribed } from './described.ts';
import { startApi } from './start-api.ts';

describe('the sync state of a customer in the API', () => {
  const world = useTwoWay();
  let api: Awaited<ReturnType<typeof startApi>>;
  beforeEach(async () => {
    api = await startApi({ db: world.db, clock: world.clock });
  });
  afterEach(() => api.server.close());

  async function syncOf(id: number) {
    const answer = await api.send('GET', `/api/v1/customers/${id}`);
    expectDescribed('get', '/api/v1/customers/{id}', answer);
    return answer.json.sync?.['stripe'];
  }

  it('is pending since the creation while no worker has received the event', async () => {
    const { id, createdAt } = await world.create();
    world.advance(60_000);
    expect(await syncOf(id)).to.deep.equal({
      ...{ state: 'pending', reason: null, version: null, since: createdAt.toISOString() },
    });
    await world.rest();
    expect(await syncOf(id)).to.include({ state: 'linked', reason: null, version: 1 });
  });

  it('is pending since the first of two edits, with the version that the external system has', async () => {
    const { id } = await world.create();
    await world.rest();
    world.advance(60_000);
    const { updatedAt } = await world.update(id, { name: 'Second' });
    expect(await syncOf(id)).to.include({ state: 'pending', version: 1, since: updatedAt.toISOString() });
    world.advance(60_000);
    await world.update(id, { name: 'Third' });
    await world.receive();
    expect(await syncOf(id)).to.include({ state: 'pending', version: 1, since: updatedAt.toISOString() });
    await world.rest();
    expect(await syncOf(id)).to.include({ state: 'linked', version: 3 });
  });

  it('is linked with the newest version after a change at the external system', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Theirs' });
    await world.rest();
    expect(await syncOf(id)).to.include({ state: 'linked', version: 2 });
  });

  it('is parked with the version that the external system has; the answer to a new change says pending', async () => {
    const { id } = await world.create({ email: 'refused@localhost' });
    await world.rest();
    expect(await syncOf(id)).to.include({ state: 'parked', reason: 'email_invalid', version: null });
    const { id: other } = await world.create();
    await world.rest();
    const changed = await api.send('PATCH', `/api/v1/customers/${other}`, { body: { name: 'New' } });
    expect(changed.json.sync?.['stripe']).to.include({ state: 'pending', version: 1 });
    await world.rest();
  });

  it('counts the attempts of a parked customer', async () => {
    const { id } = await world.create({ email: 'refused@localhost' });
    await world.rest();
    const attempts = async (): Promise<unknown> =>
      (await api.send('GET', `/api/v1/mappings?customer=${id}`)).list[0]?.['attempts'];
    expect(await attempts()).to.equal(1);
    await world.notify(id);
    await world.rest();
    expect(await attempts()).to.equal(2);
  });

  it('of parked customers is a warning in the log and in /ready, with their number and the reason', async () => {
    const { id } = await world.create({ email: 'refused@localhost' });
    await world.create({ email: 'refused-too@localhost' });
    await world.rest();
    const lines = world.log.filter(({ event }) => event === 'reconcile.parked');
    expect(lines).to.have.length(2);
    const line = lines.find(({ entity }) => entity === `customer:${id}`);
    expect(line).to.include({ reason: 'email_invalid' });
    expect(line?.['request_id']).to.match(/^req_/);
    const { warnings = [] } = await syncPart(world.db, ['stripe'])();
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.match(
      /^2 parked since 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d \(2 email_invalid\): "npx twinbox groups" shows why$/,
    );
  });
});

describe('a comparison while workers are busy', () => {
  const world = useTwoWay();

  it('reads a pair again before it says that a record with our owner tag has no mapping', async () => {
    const { id } = await world.create();
    await world.rest();
    const { id: mapping, externalId } = await mappingOf(world.db, id);
    // As between two reads, the first before the answer to the create was settled and the second
    // after it.
    await world.db('external_mappings').where({ id: mapping }).update({ external_id: null });
    const integration = {
      ...world.integration,
      async fetch(asked: string) {
        const fetched = await world.integration.fetch(asked);
        await world.db('external_mappings').where({ id: mapping }).update({ external_id: externalId });
        return fetched;
      },
    };
    const { findings } = await compareAll({ ...world.deps, integration });
    expect(findings.map(({ kind, why }) => [kind, why])).to.deep.equal([
      ['pending', 'not_linked_yet'],
      ['pending', 'linked_meanwhile'],
    ]);
  });

  it('reads every pair again before it reports drift, and calls a pair that has changed meanwhile pending', async () => {
    const { id, externalId } = await linkedPair(world);
    const still = await linkedPair(world);
    for (const one of [externalId, still.externalId])
      world.simulator.dashboard.updateCustomer(one, { name: 'Seen by no webhook yet' });
    let reads = 0;
    const integration = {
      ...world.integration,
      async *list(options: Parameters<typeof world.integration.list>[0]) {
        yield* world.integration.list(options);
        reads += 1;
        // The webhook of the first pair comes after both pairs were judged.
        await world.notify(id);
      },
    };
    const { findings } = await compareAll({ ...world.deps, integration });
    expect(reads).to.equal(1);
    expect(findings.map(({ kind, customer, why }) => [kind, customer, why])).to.have.deep.members([
      ['pending', id, 'changed_meanwhile'],
      ['drift', still.id, 'name'],
    ]);
    await world.rest();
  });
});
