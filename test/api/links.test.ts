import { expect } from 'chai';
import { enableFailpoint } from '../../lib/failpoint.ts';
import { readAccountRecords } from '../../lib/intake/account-reading.ts';
import { workOnLinkPlan } from '../../lib/operations/link-work.ts';
import { waitingRow } from '../support/first-link.ts';
import { expectAgreement } from '../support/invariants.ts';
import { mappingOf } from '../support/sync-rows.ts';
import { useTwoWay } from '../support/two-way.ts';
import { expectProblem, startApi, type Answer } from './start-api.ts';

type Line = {
  outcome: string;
  count: number;
  says: string;
  examples: { customer: number | null; record: string | null }[];
};
type Plan = {
  id: string;
  state: string;
  read: number;
  attempts: number;
  hash: string | null;
  plan: { lines: Line[]; customers: number; records_undecided: number; calls: number } | null;
  failure: { code: string; detail: string } | null;
  changed: { customers: number | null; examples: Line['examples']; lines: object[] } | null;
  run: {
    actor: string;
    reason: string;
    records: string;
    customers: number;
    records_raised: number;
    records_decided: number;
    to_carry_out: number | null;
  } | null;
};

const PLANS = '/api/v1/link-plans';

describe('a first link over the API', () => {
  const world = useTwoWay({ policy: { imports: false } });
  const { signal } = new AbortController();
  let api: Awaited<ReturnType<typeof startApi>>;
  beforeEach(async () => {
    api = await startApi({ db: world.db, clock: world.clock });
  });
  afterEach(() => api.server.close());

  const work = () => workOnLinkPlan(world.deps, signal);
  const theirs = (name: string, email: string): string =>
    world.simulator.dashboard.createCustomer({ name, email }).id;
  const ask = (headers: Record<string, string> = {}): Promise<Answer> =>
    api.send('POST', PLANS, { body: { system: 'stripe' }, headers });
  const planIn = ({ json, status, text }: Answer, expected = 200): Plan => {
    expect(status, text).to.equal(expected);
    return json as unknown as Plan;
  };
  const read = async (id: string): Promise<Plan> => planIn(await api.send('GET', `${PLANS}/${id}`));
  const run = (id: string, body: object = {}, headers: Record<string, string> = {}): Promise<Answer> =>
    api.send('POST', `${PLANS}/${id}/run`, { body: { reason: 'looked at both sides', ...body }, headers });
  const countsOf = ({ plan }: Plan) =>
    Object.fromEntries((plan?.lines ?? []).map(({ outcome, count }) => [outcome, count]));

  async function ready(): Promise<Plan> {
    const { id } = planIn(await ask(), 202);
    await work();
    return read(id);
  }

  /** The consents that the audit trail has, with their reason. */
  const recorded = () =>
    world.db('operator_actions').select('actor', 'reason', 'detail').where({ action: 'link' }).orderBy('id');

  it('is planned by a worker, which writes nothing to a row or a record, and then carried out as shown', async () => {
    const paired = await waitingRow(world, { name: 'Ours', email: 'both@example.com' });
    const alone = await waitingRow(world, { name: 'Alone', email: 'alone@example.com' });
    const record = theirs('Theirs', 'BOTH@example.com');
    const mappings = await world.db('external_mappings').orderBy('id');
    const asked = planIn(await ask(), 202);
    expect(asked).to.include({ state: 'waiting', plan: null, hash: null, run: null });
    expect(await work()).to.equal(1);
    const plan = await read(asked.id);
    expect(plan).to.include({ state: 'ready', read: 1, failure: null });
    expect(plan.plan).to.include({ customers: 2, records_undecided: 0, calls: 3 });
    expect(plan.plan?.lines).to.deep.include({
      ...{ outcome: 'pair_by_email', count: 1, says: 'pairs by their email' },
      examples: [{ customer: paired.id, record }],
    });
    expect(countsOf(plan)).to.include({ pair_differs: 1, pair_field: 1, create: 1 });
    expect(JSON.stringify(plan)).not.to.include('Ours').and.not.include('@example.com');
    expect(await world.db('external_mappings').orderBy('id')).to.deep.equal(mappings);

    expect(planIn(await run(plan.id), 202)).to.include({ state: 'checking' });
    expect(await recorded(), 'a worker has not compared yet').to.deep.equal([]);
    await work();
    const stored = await read(plan.id);
    expect(stored.state).to.equal('done');
    expect(stored.run).to.deep.include({
      ...{ actor: 'unknown', reason: 'looked at both sides', records: 'wait' },
      ...{ customers: 2, records_decided: 0, to_carry_out: 2 },
    });
    expect(await recorded()).to.deep.equal([
      { actor: 'unknown', reason: 'looked at both sides', detail: { first_link: true, rows: 2 } },
    ]);
    await world.rest();
    expect((await read(plan.id)).run?.to_carry_out).to.equal(0);
    expect(await mappingOf(world.db, paired.id)).to.include({ state: 'linked', externalId: record });
    expect(await mappingOf(world.db, alone.id)).to.include({ state: 'linked' });
    await expectAgreement(world);
  });

  it('decides about the records that it showed as the choice says, and about no other', async () => {
    await readAccountRecords(world.deps, signal);
    await waitingRow(world, { name: 'Ours', email: 'ours@example.com' });
    const shown = theirs('Shown', 'shown@example.com');
    await world.rest();
    const plan = await ready();
    expect(plan.plan).to.include({ records_undecided: 1 });
    const later = theirs('Later', 'later@example.com');
    await world.rest();
    await run(plan.id, { records: 'import' });
    await work();
    expect((await read(plan.id)).run).to.include({ records: 'import', records_decided: 1 });
    const decisions = await world.db('external_records').select('external_id', 'decision');
    expect(decisions).to.deep.include({ external_id: shown, decision: 'import' });
    expect(decisions).to.deep.include({ external_id: later, decision: null });
    expect((await recorded()).at(-1)).to.deep.include({
      ...{ reason: 'looked at both sides' },
      detail: { first_link: true, decision: 'import', records: 1 },
    });
    await world.rest();
    const rows = await world.db('customers').select('name').where({ name: 'Shown' });
    expect(rows).to.have.length(1);
    await expectAgreement(world);
  });

  it('is refused at once where other customers wait than when the plan was made', async () => {
    await waitingRow(world, { name: 'First', email: 'first@example.com' });
    const plan = await ready();
    await waitingRow(world, { name: 'Second', email: 'second@example.com' });
    const refused = await run(plan.id);
    expectProblem(refused, 409, 'plan_stale');
    expect(refused.json['changed']).to.deep.equal({
      ...{ customers: null, examples: [] },
      lines: [{ says: 'customers wait for their first link', before: 1, after: 2 }],
    });
    expect((await read(plan.id)).state).to.equal('ready');
    expect(await recorded()).to.deep.equal([]);
  });

  it('stores nothing where another record came meanwhile, and says what has changed', async () => {
    const { id } = await waitingRow(world, { name: 'First', email: 'first@example.com' });
    const plan = await ready();
    const record = theirs('First', 'first@example.com');
    await run(plan.id);
    await work();
    const stale = await read(plan.id);
    expect(stale.state).to.equal('stale');
    expect(stale.changed).to.deep.include({ customers: 1, examples: [{ customer: id, record }] });
    expect(stale.changed?.lines).to.deep.include({ says: 'pairs by their email', before: 0, after: 1 });
    expect(await recorded()).to.deep.equal([]);
    expectProblem(await run(plan.id), 409, 'plan_stale');
    const again = await ready();
    expect(again.hash).not.to.equal(plan.hash);
    await run(again.id);
    await work();
    await world.rest();
    expect(await mappingOf(world.db, id)).to.include({ externalId: record });
  });

  it('goes on although a customer that waits was edited, and records came that are no customer’s', async () => {
    const { id } = await waitingRow(world, { name: 'First', email: 'first@example.com' });
    const plan = await ready();
    await world.update(id, { name: 'Another name' });
    theirs('New', 'new@example.com');
    await run(plan.id);
    await work();
    expect((await read(plan.id)).state).to.equal('done');
  });

  it('is read once where two people ask, and consented to once for a request that is sent twice', async () => {
    await waitingRow(world, { name: 'First', email: 'first@example.com' });
    const headers = { 'Idempotency-Key': 'link-1' };
    const first = planIn(await ask(headers), 202);
    expect(planIn(await ask(), 202).id, 'another person').to.equal(first.id);
    await work();
    const again = await ask(headers);
    expect(again.headers.get('Idempotent-Replayed')).to.equal('true');
    expect(planIn(again, 202)).to.include({ id: first.id, state: 'ready' });
    planIn(await run(first.id, {}, headers), 202);
    expectProblem(await run(first.id), 409, 'link_plan_not_ready');
    await work();
    expect(planIn(await run(first.id, {}, headers), 202).state).to.equal('done');
    expect(await work(), 'nothing is left').to.equal(0);
    expect(await recorded()).to.have.length(1);
  });

  it('fails with the reason while the system is paused, and calls nothing', async () => {
    await waitingRow(world, { name: 'First', email: 'first@example.com' });
    await api.send('POST', '/api/v1/lanes/stripe/pause', { body: { reason: 'prices move' } });
    const calls = world.calls().length;
    const failed = await ready();
    expect([failed.state, failed.failure?.code]).to.deep.equal(['failed', 'paused']);
    expect(world.calls()).to.have.length(calls);
    expectProblem(await run(failed.id), 409, 'link_plan_not_ready');
  });

  it('begins again where the system does not answer, and fails after the fifth time', async () => {
    await waitingRow(world, { name: 'First', email: 'first@example.com' });
    world.simulator.faults.add({
      ...({ kind: 'error_before_effect', method: 'GET', path: '/v1/customers', times: 5 } as const),
      ...{ status: 500, stored: false },
    });
    const { id } = planIn(await ask(), 202);
    for (let at = 1; at < 5; at += 1) {
      expect(await work().catch(() => 'thrown')).to.equal('thrown');
      expect(await read(id)).to.include({ state: 'reading', attempts: at });
    }
    await work();
    const failed = await read(id);
    expect([failed.state, failed.failure?.code]).to.deep.equal(['failed', 'api_error']);
  });

  it('lets a worker that lost its lease change nothing: another one has read both sides', async () => {
    await waitingRow(world, { name: 'First', email: 'first@example.com' });
    theirs('First', 'first@example.com');
    const { id } = planIn(await ask(), 202);
    const taken: Plan[] = [];
    const disable = enableFailpoint(
      'link-work.page',
      async () => {
        disable();
        expect(await work(), 'under the lease of the first').to.equal(0);
        await world.db.raw(`update leases set until = clock_timestamp()`);
        await work();
        taken.push(await read(id));
        await run(id);
      },
      { once: true },
    );
    await work().catch(() => undefined);
    expect(taken[0]?.state).to.equal('ready');
    expect(await read(id)).to.deep.include({ state: 'checking', hash: taken[0]?.hash, plan: taken[0]?.plan });
  });

  it('says what waits at each system, with the newest plan', async () => {
    const standing = () => api.send('GET', PLANS);
    expect((await standing()).json).to.deep.equal([
      { system: 'stripe', customers: 0, records_undecided: 0, newest: null },
    ]);
    await waitingRow(world, { name: 'First', email: 'first@example.com' });
    const { id } = await ready();
    const [stripe] = (await standing()).json as unknown as { customers: number; newest: Plan }[];
    expect(stripe?.customers).to.equal(1);
    expect(stripe?.newest).to.include({ id, state: 'ready' });
  });

  it('refuses what is no system, no plan, no reason and no choice', async () => {
    expectProblem(await api.send('POST', PLANS, { body: { system: 'nowhere' } }), 400, 'invalid_request');
    expectProblem(await api.send('GET', `${PLANS}/12`), 400, 'invalid_request');
    const unknown = '019a8a3c-7f00-7000-8000-000000000001';
    expectProblem(await api.send('GET', `${PLANS}/${unknown}`), 404, 'link_plan_not_found');
    expectProblem(await run(unknown), 404, 'link_plan_not_found');
    const { id } = planIn(await ask(), 202);
    expectProblem(await run(id, { reason: '  ' }), 400, 'invalid_request');
    expectProblem(await run(id, { records: 'delete' }), 400, 'invalid_request');
    expectProblem(await run(id), 409, 'link_plan_not_ready');
  });
});
