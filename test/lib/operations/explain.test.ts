import { expect } from 'chai';
import { createChoiceOperations } from '../../../lib/operations/record-choice.ts';
import { explain } from '../../../lib/operations/explain.ts';
import type { Resolution } from '../../../lib/operations/resolutions.ts';
import { explainedPairs } from '../../support/explained.ts';
import { commandsOf, createExplainer, kindsOf } from '../../support/explainer.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { linkedPair, unlinkedRow, useTwoWay } from '../../support/two-way.ts';
import { showWorker } from '../../support/workers-shown.ts';
import { customer as customerEntity } from '../../../lib/catalogue/built-in.ts';
import { resolutionsOf } from '../../support/resolutions.ts';

const SYSTEM = 'stripe';

describe('the explanation of a customer', () => {
  const world = useTwoWay({ policy: { looksBeforeCreate: true } });
  beforeEach('a worker shows that it lives', () => showWorker(world.db));

  const { ask, one } = createExplainer(world);

  it('says of a linked pair that both sides agree, and that nothing is to be done', async () => {
    const id = await explainedPairs.linked(world);
    const { customer, pairs, conflicts, notReceived } = await ask({ customer: id });
    expect(customer).to.include({ id, version: 1 });
    expect({ conflicts, notReceived }).to.deep.equal({ conflicts: 0, notReceived: [] });
    const [pair] = pairs;
    expect(pair).to.deep.include({
      ...{ why: null, version: 1, isDone: true, open: [], read: null, rung: 'agreement' },
      ...{ effect: { would: 'nothing', why: 'both sides agree' }, obstacles: [], remedies: [] },
      fields: [
        { field: 'name', ours: 'Ada Lovelace', known: 'Ada Lovelace', left: null, differs: false },
        { field: 'email', ours: 'ada@example.com', known: 'ada@example.com', left: null, differs: false },
      ],
    });
  });

  it('reads once with read, and shows an edit that nothing has reported', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Ada', email: 'ada@example.com' });
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Ada L.' });
    const calls = world.calls().length;
    const pair = await one(id, { read: true });
    expect(world.calls().slice(calls)).to.deep.equal(['GET /v1/customers/cus']);
    expect(pair.read).to.deep.equal({ state: 'present' });
    expect(pair.fields[0]).to.deep.equal({
      ...{ field: 'name', ours: 'Ada', known: 'Ada', left: null, read: 'Ada L.', differs: true },
    });
    expect(pair).to.deep.include({ rung: 'pull', effect: { would: 'update', there: [], here: ['name'] } });
    expect(kindsOf(pair)).to.deep.equal(['not_noticed']);
    expect(commandsOf(pair)).to.deep.equal(['verify --repair']);
    expect((await one(id)).rung).to.equal('agreement');
  });

  it('says that a record could not be read, and explains the rest', async () => {
    const { id } = await linkedPair(world);
    world.simulator.faults.add({ kind: 'reset', method: 'GET' });
    const pair = await one(id, { read: true });
    expect(pair.read).to.deep.include({ state: 'unreadable', code: 'connection_lost' });
    expect(pair.effect).to.include({ would: 'unknown' });
    expect(pair.mapping.state).to.equal('linked');
  });

  it('says why a customer is parked, and what ends it', async () => {
    const id = await explainedPairs.parked(world);
    const pair = await one(id);
    expect(pair.why).to.match(/^Stripe refuses the request \(email_invalid\): Invalid email address/);
    expect(pair.open).to.deep.equal([{ type: 'customer.created', status: 'parked', count: 1 }]);
    expect(kindsOf(pair)).to.deep.equal(['parked']);
    expect(commandsOf(pair)).to.deep.equal([
      ...[`resolve ${id} --recreate`, `resolve ${id} --record ID`, `resolve ${id} --let-go`],
      `replay --customer ${id}`,
    ]);
    const read = await one(id, { read: true });
    expect(read.effect).to.deep.equal({ would: 'refused', operation: 'create', code: 'email_invalid' });
    expect(read.read).to.deep.equal({ state: 'no_record' });
  });

  it('says that a create is searched for first, where it may not call', async () => {
    const { id } = await world.create({ email: 'new@example.com' });
    await world.receive();
    const pair = await one(id);
    expect(pair.effect).to.deep.include({ would: 'unknown', needs: 'look' });
    expect(pair).to.include({ isDone: false, rung: 'sameIdentity' });
    expect((await one(id, { read: true })).effect).to.deep.equal({ would: 'create' });
  });

  it('says whose consent is awaited, and names the records', async () => {
    const id = await explainedPairs.waiting(world);
    const pair = await one(id);
    const [record] = world.simulator.customers();
    expect(pair.why).to.include(
      `A record with the email of the customer exists at Stripe already: ${record?.id ?? ''}.`,
    );
    expect(kindsOf(pair)).to.deep.equal(['consent']);
    expect(commandsOf(pair)).to.deep.equal([
      `link ${id} --record ${record?.id ?? ''}`,
      `link ${id} --create`,
    ]);
  });

  it('explains a record that waits for consent with the customer that it names', async () => {
    const id = await explainedPairs.waiting(world);
    await world.deliver();
    await world.receiveInbound();
    await world.run();
    const { pairs } = await ask({ customer: id });
    expect(pairs.map(({ mapping }) => mapping.reason?.code)).to.deep.equal(['not_linked', 'ask_link']);
    const record = pairs[1];
    if (!record) throw new Error('no record');
    expect(commandsOf(record)).to.deep.equal([
      ...[`link ${record.mapping.id}`, `resolve --mapping ${record.mapping.id} --let-go`],
    ]);
  });

  it('shows what both sides changed, and counts the conflicts', async () => {
    const id = await explainedPairs.conflicting(world);
    const { conflicts, pairs } = await ask({ customer: id }, { read: true });
    expect(conflicts).to.equal(1);
    expect(pairs[0]).to.deep.include({
      ...{ rung: 'pull', isDone: false, obstacles: [] },
      effect: { would: 'update', there: ['name'], here: ['email'] },
      open: [
        { type: 'customer.updated', status: 'queued', count: 1 },
        { type: 'stripe.customer.updated', status: 'queued', count: 1 },
      ],
    });
    expect(pairs[0]?.fields.map(({ differs }) => differs)).to.deep.equal([true, true]);
    expect((await one(id)).effect).to.deep.include({ would: 'unknown', needs: 'read' });
    await world.rest();
  });

  it('says of an ended pair that it has ended, and of one that was let go who did it', async () => {
    const pair = await one(await explainedPairs.ended(world));
    expect(pair).to.deep.include({ rung: 'ended', fields: [], obstacles: [], remedies: [] });
    expect(pair.mapping.state).to.equal('tombstoned');
    const parked = await explainedPairs.parked(world);
    await resolve(parked, { action: 'let_go', actor: 'cli:ada', why: 'a robot' });
    const ended = await one(parked);
    expect(ended.why).to.equal('A person detached the pair (cli:ada): a robot.');
    expect(commandsOf(ended)).to.deep.equal([
      `resolve ${parked} --recreate`,
      `resolve ${parked} --record ID`,
    ]);
  });

  it('explains a second record beside the pair that its customer lives by', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Fay', email: 'fay@example.com' });
    const second = world.simulator.dashboard.createCustomer({ name: 'Fay', email: 'fay@example.com' }).id;
    await world.rest();
    const { pairs } = await ask({ customer: id });
    expect(pairs.map(({ mapping }) => mapping.role)).to.deep.equal(['primary', 'alias']);
    const { pairs: asked, customer } = await ask({ record: second });
    expect(customer?.id).to.equal(id);
    const [alias] = asked;
    if (!alias) throw new Error('no alias');
    expect(alias.mapping).to.include({ role: 'alias', knownEmail: 'fay@example.com' });
    expect(alias).to.include({ rung: 'alias' });
    expect(commandsOf(alias)).to.deep.equal([`link ${id} --record ${second}`]);
    const target = { system: SYSTEM, externalType: 'customer' };
    const operations = createChoiceOperations({
      entity: customerEntity,
      db: world.db,
      clock: world.clock,
      nudge: () => undefined,
      target,
    });
    expect(await operations.choose(id, second, null)).to.include({
      outcome: 'linked',
      insteadOf: externalId,
    });
    await world.rest();
  });

  it('explains a damaged mapping, whatever stands in its shadow', async () => {
    const { id, externalId } = await linkedPair(world);
    const { shadow } = await mappingOf(world.db, id);
    const damage = (value: unknown): Promise<unknown> =>
      world.db.raw(
        `update external_mappings set shadow = :value::jsonb, dirty = dirty + 1 where internal_id = :id`,
        {
          ...{ id, value: JSON.stringify(value) },
        },
      );
    await damage(['by hand']);
    expect((await one(id)).rung).to.equal('damaged');
    await world.run();
    const pair = await one(id);
    expect(pair.why).to.equal(
      'The row of the pair in external_mappings is not as the program writes it: shadow is no object of fields.',
    );
    expect(pair.effect).to.include({ would: 'unknown' });
    expect(commandsOf(pair)).to.include(`resolve ${id} --record ${externalId}`);
    expect((await ask({ mapping: pair.mapping.id })).customer?.id).to.equal(id);
    await damage(shadow);
    await world.rest();
  });

  it('names only decisions that are not refused', async () => {
    const { id } = await linkedPair(world);
    world.simulator.reset();
    await world.notify(id);
    await world.run();
    const pair = await one(id);
    expect(pair.why).to.include('404');
    expect(commandsOf(pair)).to.deep.equal([
      ...[`resolve ${id} --recreate`, `resolve ${id} --record ID`, `resolve ${id} --let-go`],
    ]);
    await resolve(id, { action: 'recreate', actor: null, why: null });
    const decided = await one(id);
    expect(decided.mapping.decision?.kind).to.equal('recreate');
    expect(commandsOf(decided)).to.deep.equal([]);
    await world.rest();
  });

  it('says of a customer that no worker has received how far its change has got', async () => {
    const { id } = await world.create();
    await world.db.raw('delete from role_signs');
    const { pairs, notReceived } = await ask({ customer: id });
    expect(pairs).to.deep.equal([]);
    expect(notReceived.map(({ system, newest }) => [system, newest])).to.deep.equal([
      ['stripe', 'unpublished'],
    ]);
    expect(notReceived[0]?.obstacles.map(({ kind }) => kind)).to.deep.equal(['no_worker']);
    await world.rest();
  });

  it('says that no record is made before the account was read', async () => {
    await world.db.raw('update account_readings set done_at = null');
    const { id } = await world.create();
    await world.receive();
    expect(kindsOf(await one(id))).to.deep.equal(['account_unread']);
    await world.run();
    const pair = await one(id);
    expect(kindsOf(pair)).to.deep.equal(['account_unread']);
    expect(commandsOf(pair)).to.deep.equal([]);
  });

  it('finds nothing where nothing is, and says how a refused create is tried again', async () => {
    const nothing = [{ customer: 987_654 }, { record: 'cus_unheard' }, { mapping: 987_654 }];
    for (const asked of nothing)
      expect(await explain(world.deps, asked, { read: false, system: null })).to.equal(null);
    const refused = await unlinkedRow(world, 'gus@example.com');
    expect(commandsOf(await one(refused))).to.include(`replay --customer ${refused}`);
  });

  async function resolve(customer: number, resolution: Resolution): Promise<void> {
    const { id } = await mappingOf(world.db, customer);
    const operations = resolutionsOf(world);
    const { outcome } = await operations.resolve(id, resolution);
    expect(outcome).to.be.oneOf(['decided', 'let_go']);
  }
});
