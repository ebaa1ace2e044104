import { expect } from 'chai';
import { answerComparison } from '../../lib/operations/asked-comparison.ts';
import { openBreaker } from '../../db/limits/breakers.ts';
import { readNewestComparisons } from '../../db/health/comparisons.ts';
import { waitUntil } from '../support/signal.ts';
import { linkedPair, useTwoWay } from '../support/two-way.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, startApi, type Answer } from './start-api.ts';

type System = {
  state: string;
  verdict: string | null;
  because: { code: string; detail: string } | null;
  pairs: { kind: string; why: string | null; fields: string[] | null; external_id: string | null }[];
};

describe('the comparison of one customer', () => {
  const world = useTwoWay();
  let api: Awaited<ReturnType<typeof startApi>>;
  beforeEach(async () => {
    api = await startApi({ db: world.db, clock: world.clock });
  });
  afterEach(() => api.server.close());

  const pathOf = (id: number) => `/api/v1/customers/${id}/compare`;
  const ask = (id: number, headers: Record<string, string> = {}, body: object = {}): Promise<Answer> =>
    api.send('POST', pathOf(id), { body, headers });
  const systemIn = ({ json }: Answer): System => (json['systems'] as System[])[0] as System;

  /** As a worker's loop does, until it has answered one question. */
  const answerOne = () =>
    waitUntil(async () => (await answerComparison(world.deps, 'a worker')) > 0, {
      timeoutMs: 10_000,
      what: 'a question is answered',
    });

  async function compare(id: number): Promise<Answer> {
    const [answer] = await Promise.all([ask(id), answerOne()]);
    expect(answer.status, answer.text).to.equal(200);
    expectDescribed('post', '/api/v1/customers/{id}/compare', answer);
    return answer;
  }

  it('says that both sides agree, by one read, and writes nothing', async () => {
    const { id, externalId } = await linkedPair(world);
    const before = await world.db('external_mappings').orderBy('id');
    const calls = world.calls().length;
    const answer = await compare(id);
    expect(answer.json).to.deep.include({ customer: id, actor: 'api' });
    expect(systemIn(answer)).to.deep.include({ state: 'answered', verdict: 'agree', because: null });
    expect(systemIn(answer).pairs[0]).to.deep.include({ kind: 'agree', fields: [], external_id: externalId });
    expect(world.calls().slice(calls)).to.deep.equal(['GET /v1/customers/cus']);
    expect(await world.db('external_mappings').orderBy('id')).to.deep.equal(before);
    expect(
      await readNewestComparisons(world.db, ['stripe']),
      'no receipt: not all were compared',
    ).to.deep.equal([]);
  });

  it('needs no body', async () => {
    const { id } = await linkedPair(world);
    const [answer] = await Promise.all([api.send('POST', pathOf(id)), answerOne()]);
    expect(systemIn(answer).verdict, answer.text).to.equal('agree');
  });

  it('names the fields that differ, and no value', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Never Reported' });
    const answer = await compare(id);
    expect(systemIn(answer)).to.deep.include({ verdict: 'differ' });
    expect(systemIn(answer).pairs[0]).to.deep.include({ kind: 'drift', why: 'name', fields: ['name'] });
    expect(answer.text).not.to.include('Never Reported').and.not.to.include('@');
    const read = await api.send('GET', `/api/v1/comparisons/${String(answer.json.id)}`);
    expectDescribed('get', '/api/v1/comparisons/{id}', read);
    expect(read.json).to.deep.equal(answer.json);
  });

  it('tells a deleted record, one that is not known there, and a change that is on its way', async () => {
    const gone = await linkedPair(world);
    const lost = await linkedPair(world, { email: 'lost@example.com' });
    const { id: moving } = await linkedPair(world, { email: 'moving@example.com' });
    world.simulator.dashboard.deleteCustomer(gone.externalId);
    await world.update(moving, { name: 'On Its Way' });
    await world.receive();
    const deleted = systemIn(await compare(gone.id));
    expect([deleted.verdict, deleted.pairs[0]?.why]).to.deep.equal(['differ', 'deleted_there']);
    const pending = systemIn(await compare(moving));
    expect([pending.verdict, pending.pairs[0]?.kind]).to.deep.equal(['not_certain', 'pending']);
    const renamed = (to: string) =>
      world.db('external_mappings').where({ internal_id: lost.id }).update({ external_id: to });
    await renamed('cus_unknown');
    const missing = systemIn(await compare(lost.id));
    await renamed(lost.externalId);
    expect([missing.verdict, missing.pairs[0]?.why]).to.deep.equal(['missing', 'unknown_there']);
  });

  it('calls nothing that is paused, or whose breaker is open, and says why', async () => {
    const { id } = await linkedPair(world);
    const calls = world.calls().length;
    await api.send('POST', '/api/v1/lanes/stripe/pause', { body: { reason: 'prices move' } });
    expect(systemIn(await compare(id)).because?.code).to.equal('paused');
    await api.send('POST', '/api/v1/lanes/stripe/resume', { body: {} });
    const { rows } = await world.db.raw<{ rows: { account: string }[] }>('select account from connections');
    await openBreaker(world.db, {
      ...{ system: 'stripe', account: rows[0]?.account ?? '', now: world.clock.now() },
      why: { kind: 'retry', code: 'timeout', message: 'no answer' },
    });
    const open = systemIn(await compare(id));
    expect([open.verdict, open.because?.code]).to.deep.equal(['not_certain', 'breaker_open']);
    expect(world.calls()).to.have.length(calls);
  });

  it('says the code of a system that refuses to answer', async () => {
    const { id, externalId } = await linkedPair(world);
    const path = `/v1/customers/${externalId}`;
    world.simulator.faults.add({
      ...({ kind: 'error_before_effect', method: 'GET', path, times: 1 } as const),
      ...{ status: 500, stored: false },
    });
    const found = systemIn(await compare(id));
    expect([found.verdict, found.because?.code]).to.deep.equal(['not_certain', 'api_error']);
  });

  it('answers 504 where no answer comes, with the place where a late one will be', async () => {
    const { id } = await linkedPair(world);
    const hasty = await startApi({ db: world.db, clock: world.clock, compareWaitMs: 1 });
    const late = await hasty.send('POST', pathOf(id), { body: {} });
    await hasty.server.close();
    expectProblem(late, 504, 'system_silent');
    const comparison = late.json['comparison'] as { id: string; systems: System[] };
    expect(comparison.systems[0]?.state).to.equal('open');
    const path = `/api/v1/comparisons/${comparison.id}`;
    expect(late.json.detail).to.include(path);
    await answerOne();
    expect(systemIn(await api.send('GET', path)).verdict).to.equal('agree');
  });

  it('leaves a question alone whose caller waits no longer', async () => {
    const { id } = await linkedPair(world);
    const hasty = await startApi({ db: world.db, clock: world.clock, compareWaitMs: 1 });
    const late = await hasty.send('POST', pathOf(id), { body: {} });
    await hasty.server.close();
    world.advance(60_000);
    expect(await answerComparison(world.deps, 'a worker')).to.equal(0);
    const { id: comparison } = late.json['comparison'] as { id: string };
    const read = await api.send('GET', `/api/v1/comparisons/${comparison}`);
    expect(systemIn(read)).to.include({ state: 'unanswered', verdict: null });
  });

  it('asks once for a request that is sent twice with its key', async () => {
    const { id } = await linkedPair(world);
    const headers = { 'Idempotency-Key': 'compare-1' };
    const [first] = await Promise.all([ask(id, headers), answerOne()]);
    const again = await ask(id, headers);
    expect(again.headers.get('Idempotent-Replayed')).to.equal('true');
    expect(again.json).to.deep.equal(first.json);
    expect(await answerComparison(world.deps, 'a worker'), 'nothing else is asked').to.equal(0);
    expectProblem(await ask(id, headers, { system: 'stripe' }), 422, 'idempotency_key_reused');
  });

  it('refuses what is no customer, no system and no comparison', async () => {
    const { id } = await linkedPair(world);
    expectProblem(await ask(404_404), 404, 'customer_not_found');
    expectProblem(await ask(id, {}, { system: 'nowhere' }), 400, 'invalid_request');
    expectProblem(await api.send('GET', '/api/v1/comparisons/12'), 400, 'invalid_request');
    const unknown = '019a8a3c-7f00-7000-8000-000000000001';
    expectProblem(await api.send('GET', `/api/v1/comparisons/${unknown}`), 404, 'comparison_not_found');
  });
});
