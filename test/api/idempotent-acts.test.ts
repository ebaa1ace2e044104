import { expect } from 'chai';
import { doubled } from '../support/choice.ts';
import { databaseUrl } from '../../db/server/server.ts';
import { testServerUrl } from '../support/server.ts';
import { startApiProcess, transactionsEnd } from '../support/api-processes.ts';
import { pauseAt } from '../support/signal.ts';
import { linkedPair, useTwoWay } from '../support/two-way.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, startApi, type Answer, type Body } from './start-api.ts';

describe('an operation with an Idempotency-Key', () => {
  const world = useTwoWay();
  let api: Awaited<ReturnType<typeof startApi>>;
  let other: typeof api;
  beforeEach(async () => {
    api = await startApi({ db: world.db, clock: world.clock });
    other = await startApi({ db: world.db, clock: world.clock });
  });
  afterEach(async () => {
    await api.server.close();
    await other.server.close();
  });

  const post = (path: string, key: string, body?: unknown, at = api): Promise<Answer> =>
    at.send('POST', path, { headers: { 'Idempotency-Key': key }, ...(body !== undefined && { body }) });
  const actions = async (): Promise<number> => (await world.db('operator_actions')).length;

  function expectReplayed(first: Answer, second: Answer): void {
    expect(first.status, first.text).to.equal(200);
    expect(first.headers.has('Idempotent-Replayed')).to.equal(false);
    expect(second.headers.get('Idempotent-Replayed')).to.equal('true');
    expect([second.status, second.text]).to.deep.equal([200, first.text]);
  }

  /** Both sides changed the name at the same moment. */
  async function conflict(): Promise<{ id: number; path: string }> {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Theirs' });
    await world.deliver();
    await world.receiveInbound();
    await world.update(id, { name: 'Ours' });
    await world.rest();
    const [first] = (await api.send('GET', '/api/v1/conflicts')).list;
    return { id, path: `/api/v1/conflicts/${String(first?.id)}/reverse` };
  }

  async function missing(): Promise<Body> {
    const { id } = await linkedPair(world);
    world.simulator.reset();
    await world.update(id, { name: 'Ada' });
    await world.rest();
    const [mapping] = (await api.send('GET', '/api/v1/mappings?reason=missing')).list;
    if (!mapping) throw new Error('nothing is missing');
    return mapping;
  }

  const versionOf = async (id: number): Promise<number | undefined> =>
    (await api.send('GET', `/api/v1/customers/${id}`)).json.version;

  it('reverses a conflict once, and says "reversed" to each repeat, also after a later edit', async () => {
    const { id, path } = await conflict();
    const first = await post(path, 'reverse-1');
    expect(first.json['outcome']).to.equal('reversed');
    await world.update(id, { name: 'Edited since' });
    const again = await post(path, 'reverse-1', undefined, other);
    expectReplayed(first, again);
    expectDescribed('post', '/api/v1/conflicts/{id}/reverse', again);
    expect(await versionOf(id)).to.equal(4);
    // Without the key the answer is that of the present.
    expect((await api.send('POST', path)).json['outcome']).to.equal('reversed_already');
    await world.rest();
  });

  it('is refused while the operation is in its transaction, and answered after it', async () => {
    const { id, path } = await conflict();
    const paused = pauseAt('once.before-answer');
    const first = post(path, 'reverse-2');
    await paused.reached;
    expectProblem(await post(path, 'reverse-2', undefined, other), 409, 'idempotency_key_in_use');
    paused.resume();
    expectReplayed(await first, await post(path, 'reverse-2', undefined, other));
    expect(await versionOf(id)).to.equal(3);
    await world.rest();
  });

  it('leaves nothing if its process is killed before the commit, and the repeat does it', async function () {
    this.timeout(60_000);
    const { id, path } = await conflict();
    const { rows } = await world.db.raw<{ rows: { name: string }[] }>('select current_database() as name');
    const url = databaseUrl(await testServerUrl(), rows[0]?.name ?? '');
    for (const point of ['once.before-answer', 'once.before-commit']) {
      const victim = await startApiProcess(url, `${point}=kill`);
      expect(await victim.send('POST', path, { key: 'reverse-3' })).to.equal(null);
      await transactionsEnd(world.db);
      expect(await versionOf(id)).to.equal(2);
      expect(await world.db('idempotent_writes')).to.deep.equal([]);
    }
    const first = await post(path, 'reverse-3');
    expect(first.json['outcome']).to.equal('reversed');
    expectReplayed(first, await post(path, 'reverse-3', undefined, other));
    expect(await versionOf(id)).to.equal(3);
    await world.rest();
  });

  it('decides about a stuck pair once, and refuses the key for another decision', async () => {
    const mapping = await missing();
    const path = `/api/v1/mappings/${String(mapping.id)}/resolve`;
    const before = await actions();
    const first = await post(path, 'resolve-1', { action: 'recreate' });
    expectReplayed(first, await post(path, 'resolve-1', { action: 'recreate' }, other));
    expect(first.json['outcome']).to.equal('decided');
    expectProblem(await post(path, 'resolve-1', { action: 'let_go' }), 422, 'idempotency_key_reused');
    expect(await actions()).to.equal(before + 1);
    await world.rest();
  });

  it('links the chosen record once: a repeat does not choose it again after another choice', async () => {
    const { id, first: old, second } = await doubled(world);
    const path = `/api/v1/customers/${id}/link`;
    const chosen = await post(path, 'link-1', { system: 'stripe', external_id: second });
    await api.send('POST', path, { body: { system: 'stripe', external_id: old } });
    expectReplayed(chosen, await post(path, 'link-1', { system: 'stripe', external_id: second }, other));
    const { json } = await api.send('GET', `/api/v1/customers/${id}`);
    expect(json.external_mappings).to.deep.equal({ stripe: old });
    await world.rest();
  });

  it('keeps nothing of a refused operation', async () => {
    const mapping = await missing();
    const path = `/api/v1/mappings/${String(mapping.id)}/resolve`;
    const refused = await post(path, 'resolve-2', { action: 'record' });
    expectProblem(refused, 409, 'cannot_resolve');
    expect(await world.db('idempotent_writes')).to.deep.equal([]);
    expect((await post(path, 'resolve-2', { action: 'let_go' })).json['outcome']).to.equal('let_go');
    await world.rest();
  });
});
