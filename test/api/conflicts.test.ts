import { expect } from 'chai';
import type { Customer } from '../support/customers.ts';
import type { Lane } from '../../workers/lane.ts';
import { expectAgreement } from '../support/invariants.ts';
import { pauseAt, waitUntil } from '../support/signal.ts';
import { conflictsOf, deliveriesOf, mappingOf } from '../support/sync-rows.ts';
import { useTwoWay, withRules } from '../support/two-way.ts';
import { everythingIn } from '../support/explainer.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, startApi, type Answer, type Body } from './start-api.ts';

const conflicts = '/api/v1/conflicts';

describe('reversing a conflict', () => {
  const world = useTwoWay();
  let api: Awaited<ReturnType<typeof startApi>>;
  beforeEach(async () => {
    const planners = new Map([['stripe', world.deps]]);
    api = await startApi({ db: world.db, clock: world.clock, planners });
  });
  afterEach(() => api.server.close());

  const reverse = (id: unknown) =>
    api.send('POST', `${conflicts}/${String(id)}/reverse`, { headers: { 'X-Request-Id': 'reverse-1' } });
  const newest = async (query = ''): Promise<Body> => {
    const answer = await api.send('GET', conflicts + query);
    expect(answer.status, answer.text).to.equal(200);
    const [first] = answer.list;
    if (!first) throw new Error('there is no conflict');
    return first;
  };
  const there = (): string | null | undefined => world.simulator.customers()[0]?.name;
  const versionsOf = async (id: number): Promise<number | undefined> =>
    (await deliveriesOf(world.db, id)).filter(({ version }) => version !== null).length;

  async function linked(name = 'Base'): Promise<{ row: Customer; cus: string }> {
    const row = await world.create({ name });
    await world.rest();
    return { row, cus: (await mappingOf(world.db, row.id)).externalId ?? '' };
  }

  /** Both sides change the name at the same moment. */
  async function bothMoved(lane?: Lane): Promise<{ row: Customer; cus: string; conflict: Body }> {
    const { row, cus } = await linked();
    world.simulator.dashboard.updateCustomer(cus, { name: 'Theirs' });
    await world.deliver();
    await world.receiveInbound();
    await world.update(row.id, { name: 'Ours' });
    await world.rest(lane);
    return { row, cus, conflict: await newest() };
  }

  it('gives the row the value that was given up, as an ordinary change that is pushed', async () => {
    const { row, conflict } = await bothMoved();
    expect(conflict).to.include({
      ...{ kind: 'both_moved', customer: row.id, system: 'stripe', field: 'name', base: 'Base' },
      ...{ ours_from: 'internal', theirs_from: 'stripe' },
      ...{ ours: 'Ours', theirs: 'Theirs', rule: 'internal_wins', winner: 'ours', reversible: true },
    });
    expect(there()).to.equal('Ours');
    const before = (await mappingOf(world.db, row.id)).shadow;
    const answer = await reverse(conflict.id);
    expect(answer.status, answer.text).to.equal(200);
    expectDescribed('post', '/api/v1/conflicts/{id}/reverse', answer);
    expect(answer.json['outcome']).to.equal('reversed');
    expect(answer.json['customer']).to.include({ name: 'Theirs', version: 3 });
    expect(answer.json['conflict']).to.include({ note: 'reversed', reversible: false });
    expect((await mappingOf(world.db, row.id)).shadow).to.deep.equal(before);
    expect(api.nudges()).to.equal(1);
    await world.rest();
    expect(there()).to.equal('Theirs');
    const { rows } = await world.db.raw<{ rows: { source: string; context: unknown }[] }>(
      `select source, context from sync_events where entity_id = :id and version = 3 and event_type = 'customer.updated'`,
      { id: row.id },
    );
    expect(rows).to.deep.equal([
      { source: 'internal', context: { request_id: 'reverse-1', conflict: conflict.id } },
    ]);
    const carried = (await deliveriesOf(world.db, row.id)).find(({ version }) => version === 3);
    expect(carried?.status).to.equal('applied');
    await expectAgreement(world);
  });

  it('keeps the reason of whoever reverses, and refuses a body that is something else', async () => {
    const { conflict } = await bothMoved();
    const path = `${conflicts}/${String(conflict.id)}/reverse`;
    const wrong = await api.send('POST', path, { body: { why: 'x' } });
    expectProblem(wrong, 400, 'invalid_request');
    expectDescribed('post', '/api/v1/conflicts/{id}/reverse', wrong);
    const answer = await api.send('POST', path, { body: { reason: 'they asked' } });
    expect(answer.json['outcome'], answer.text).to.equal('reversed');
    const [entry] = (await api.send('GET', '/api/v1/audit?action=reverse_conflict')).list;
    expect(entry).to.include({ reason: 'they asked' });
    await world.rest();
  });

  it('says before what would be written where, and then does exactly that', async () => {
    const { row, cus, conflict } = await bothMoved();
    const show = async (): Promise<Body> => {
      const answer = await api.send('GET', `${conflicts}/${String(conflict.id)}`);
      expectDescribed('get', '/api/v1/conflicts/{id}', answer);
      return answer.json['preview'] as Body;
    };
    const everything = async () => [await world.db('customers'), await everythingIn(world)];
    const [before, calls] = [await everything(), world.calls().length];
    const events = await world.db('sync_events');
    const preview = await show();
    expect(preview).to.include({ outcome: 'reversed' });
    expect(preview['here']).to.deep.equal({ customer: row.id, field: 'name', from: 'Ours', to: 'Theirs' });
    const { id: mapping } = await mappingOf(world.db, row.id);
    expect(preview['there']).to.deep.equal([
      {
        ...{ system: 'stripe', mapping, external_id: cus },
        effect: { would: 'update', there: ['name'], here: [] },
      },
    ]);
    expect(await everything(), 'nothing is kept').to.deep.equal(before);
    expect(await world.db('sync_events')).to.deep.equal(events);
    expect(world.calls().length, 'no system is called').to.equal(calls);
    expect((await reverse(conflict.id)).status).to.equal(200);
    expect(await show()).to.deep.equal({ outcome: 'reversed_already', here: null, there: [] });
    await world.rest();
    expect(there()).to.equal('Theirs');
  });

  it('shows that a later edit would be in the way, without noting it', async () => {
    const { row, conflict } = await bothMoved();
    await world.update(row.id, { name: 'Later' });
    const shown = await api.send('GET', `${conflicts}/${String(conflict.id)}`);
    expect(shown.json['preview']).to.deep.equal({ outcome: 'overtaken', here: null, there: [] });
    expect(shown.json['note']).to.equal(null);
    expect((await newest())['note']).to.equal(null);
    await world.rest();
  });

  it('happens once, however often it is requested, also at the same moment', async () => {
    const { row, conflict } = await bothMoved();
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => reverse(conflict.id)));
    expect(answers.map(({ json }) => json['outcome']).sort()).to.deep.equal([
      'reversed',
      ...Array<string>(4).fill('reversed_already'),
    ]);
    await world.rest();
    const again = await reverse(conflict.id);
    expect(again.json).to.include({ outcome: 'reversed_already' });
    expect(again.json['customer']).to.include({ name: 'Theirs', version: 3 });
    expect(await versionsOf(row.id)).to.equal(3);
    await expectAgreement(world);
  });

  it('gives our value back where their value had won', async () => {
    const lane = world.worker({ integration: withRules(world.integration, { conflict: 'external_wins' }) });
    const { conflict } = await bothMoved(lane);
    expect(conflict).to.include({ winner: 'theirs', ours: 'Ours', theirs: 'Theirs' });
    expect(there()).to.equal('Theirs');
    expect((await reverse(conflict.id)).json['customer']).to.include({ name: 'Ours' });
    await world.rest(lane);
    expect(there()).to.equal('Ours');
    await expectAgreement(world);
  });

  it('brings back an edit that was overwritten unseen', async () => {
    const { row, cus } = await linked();
    world.simulator.dashboard.updateCustomer(cus, { name: 'Unseen' });
    await world.update(row.id, { name: 'Ours' });
    await world.run();
    await world.rest();
    const conflict = await newest();
    expect(conflict).to.include({ kind: 'overwritten_unseen', theirs: 'Unseen', winner: 'ours' });
    expect((await reverse(conflict.id)).status).to.equal(200);
    await world.rest();
    expect(there()).to.equal('Unseen');
    await expectAgreement(world);
  });

  it('leaves a later edit unchanged: 409 overtaken, and nothing is written', async () => {
    const { row, conflict } = await bothMoved();
    await world.update(row.id, { name: 'Later' });
    const answer = await reverse(conflict.id);
    expectProblem(answer, 409, 'overtaken');
    expectDescribed('post', '/api/v1/conflicts/{id}/reverse', answer);
    expect(answer.json.current).to.include({ name: 'Later', version: 3 });
    expect((await newest())['note']).to.equal('overtaken');
    await world.rest();
    expect(there()).to.equal('Later');
    // The row has again the value that survived, so the conflict can be reversed again.
    await world.update(row.id, { name: ' Ours ' });
    expect((await reverse(conflict.id)).json['outcome']).to.equal('reversed');
    await world.rest();
    expect(there()).to.equal('Theirs');
    await expectAgreement(world);
  });

  it('answers overtaken where a pull is about to be stored', async () => {
    const { row, cus, conflict } = await bothMoved();
    world.simulator.dashboard.updateCustomer(cus, { name: 'Pulled' });
    const held = pauseAt('write-ours.before-commit');
    const running = world.rest();
    await held.reached;
    const answering = reverse(conflict.id);
    await waitUntil(() => isAnyoneWaiting(), {
      timeoutMs: 5_000,
      what: 'the reversal waits for the mapping',
    });
    held.resume();
    expectProblem(await answering, 409, 'overtaken');
    await running;
    expect((await conflictsOf(world.db, row.id)).map(({ note }) => note)).to.deep.equal(['overtaken']);
    await expectAgreement(world);
  });

  it('answers overtaken for a deleted customer', async () => {
    const { row, conflict } = await bothMoved();
    await world.remove(row.id);
    const answer = await reverse(conflict.id);
    expectProblem(answer, 409, 'overtaken');
    expect(answer.json.current).to.equal(null);
    await world.rest();
  });

  it('does not take an email that another customer has by then', async () => {
    const { row, cus } = await linked();
    world.simulator.dashboard.updateCustomer(cus, { email: 'theirs@example.com' });
    await world.deliver();
    await world.receiveInbound();
    await world.update(row.id, { email: 'ours@example.com' });
    await world.rest();
    const rival = await world.create({ email: 'THEIRS@example.com' });
    const answer = await reverse((await newest()).id);
    expectProblem(answer, 409, 'duplicate_email');
    expect(answer.json['customer_id']).to.equal(rival.id);
    expectDescribed('post', '/api/v1/conflicts/{id}/reverse', answer);
    await world.rest();
  });

  it('refuses a conflict that no call can reverse, and says what to do', async () => {
    const { row, cus } = await linked();
    world.simulator.dashboard.updateCustomer(cus, { name: null });
    await world.rest();
    const expectRefused = async (kind: string, instead: RegExp): Promise<Answer> => {
      const conflict = await newest(`?kind=${kind}`);
      expect(conflict).to.include({ kind, reversible: false });
      const answer = await reverse(conflict.id);
      expectProblem(answer, 409, 'cannot_reverse');
      expect(answer.json.detail).to.match(instead);
      return answer;
    };
    expectDescribed(
      'post',
      '/api/v1/conflicts/{id}/reverse',
      await expectRefused('null_refused', /always has a name/),
    );
    world.simulator.dashboard.createCustomer({ name: 'Doppelgänger', email: row.email });
    await world.rest();
    await expectRefused('external_duplicate', /npx twinbox link .* --record ID chooses it/);
    const other = await world.create({ email: 'other@example.com' });
    await world.rest();
    const { externalId } = await mappingOf(world.db, other.id);
    world.simulator.dashboard.updateCustomer(externalId ?? '', { email: row.email });
    await world.rest();
    await expectRefused('duplicate_email', /Change the email of one of them/);
    await world.update(other.id, { name: 'Edited here' });
    world.simulator.dashboard.deleteCustomer(externalId ?? '');
    await world.deliver();
    await world.receiveInbound();
    await world.rest();
    await expectRefused('deleted_there', /create a customer with them/);
  });

  it('answers 404 for an id that no conflict has, and 400 for an invalid id', async () => {
    const unknown = '00000000-0000-7000-8000-000000000000';
    expectProblem(await reverse(unknown), 404, 'conflict_not_found');
    expectProblem(await api.send('GET', `${conflicts}/${unknown}`), 404, 'conflict_not_found');
    expectProblem(await reverse('7'), 400, 'invalid_request');
    expectProblem(await api.send('GET', `${conflicts}/x'--`), 400, 'invalid_request');
    expectProblem(await api.send('PUT', `${conflicts}/${unknown}/reverse`), 405, 'method_not_allowed');
  });

  async function isAnyoneWaiting(): Promise<boolean> {
    const { rows } = await world.db.raw<{ rows: object[] }>(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return rows.length > 0;
  }
});
