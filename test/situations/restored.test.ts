// After a restore: a customer that was created after the backup is at Stripe with our owner tag,
// and has no row in our table.
import { expect } from 'chai';
import { readReading } from '../../db/account-readings.ts';
import { listCustomers } from '../support/customers.ts';
import { countUnmatched } from '../../db/external-records.ts';
import { createCursor, readRestoreSigns } from '../../db/relay/identity.ts';
import { copyDatabase, moveDatabase } from '../../db/relay/restore.ts';
import { readAccountRecords } from '../../lib/intake/account-reading.ts';
import { keyPrefix } from '../../lib/sync/intent-key.ts';
import { compareAll } from '../../lib/operations/comparison.ts';
import { createChoiceOperations } from '../../lib/operations/record-choice.ts';
import { decideUnmatched } from '../../lib/intake/unmatched.ts';
import { newEventId } from '../../lib/uuid.ts';
import { DEFAULT_ACCOUNT } from '../../simulator/http/keys.ts';
import { expectAgreement } from '../support/invariants.ts';
import { emptyTables } from '../support/sync.ts';
import { linkedPair, mappingsIn, useTwoWay } from '../support/two-way.ts';
import { customer as customerEntity } from '../../lib/catalogue/built-in.ts';

const place = { system: 'stripe', account: DEFAULT_ACCOUNT, externalType: 'customer' };

describe('a record whose row was lost by a restore', () => {
  const world = useTwoWay();
  const lostRecord = (email = 'lost@example.com') =>
    world.simulator.dashboard.createCustomer({
      name: 'Lost',
      email,
      metadata: { [`twinbox_${world.deps.policy.instanceId}`]: newEventId(world.clock.now()) },
    });

  it('becomes a row by link --import, with its values, and its tag names the new row', async () => {
    const record = lostRecord();
    await world.rest();
    expect(await mappingsIn(world.db)).to.have.nested.property('[0].reason', 'lost_row');
    expect(await countUnmatched(world.db, place)).to.include({ undecided: 1 });
    expect(await decideUnmatched(world.deps, place, 'import', 'test')).to.equal(1);
    await world.rest();
    const [row] = await listCustomers(world.db, { limit: 9 });
    expect(row).to.include({ name: 'Lost', email: 'lost@example.com' });
    expect(row?.mappings).to.have.nested.property('[0].externalId', record.id);
    expect(world.simulator.customers().map(({ metadata }) => Object.values(metadata))).to.deep.equal([
      [row?.createdEventId],
    ]);
    await expectAgreement(world);
  });

  it('is left alone by link --leave', async () => {
    lostRecord();
    await world.rest();
    expect(await decideUnmatched(world.deps, place, 'leave', 'test')).to.equal(1);
    await world.rest();
    expect(await mappingsIn(world.db)).to.have.nested.property('[0].reason', 'left_alone');
    expect(await listCustomers(world.db, { limit: 9 })).to.deep.equal([]);
  });

  it('is offered to a new row with the same email, and not created a second time', async () => {
    const record = lostRecord('Ada@Example.com');
    await world.rest();
    const again = await world.create({ name: 'Ada', email: 'ada@example.com' });
    await world.rest();
    expect(world.simulator.customers()).to.have.length(1);
    const operations = createChoiceOperations({
      entity: customerEntity,
      db: world.db,
      clock: world.clock,
      nudge: () => undefined,
      target: { system: 'stripe', externalType: 'customer' },
    });
    expect(await operations.choose(again.id, record.id, 'test')).to.include({ outcome: 'consented' });
    await world.rest();
    expect(world.simulator.customers()).to.have.length(1);
    expect(await mappingsIn(world.db)).to.deep.include.members([
      { externalId: record.id, internalId: again.id, role: 'primary', state: 'linked', reason: null },
    ]);
    await expectAgreement(world);
  });

  it('is found though no event has shown it yet: after a move nothing is created before every record was read', async () => {
    await linkedPair(world, { name: 'Alan', email: 'alan@example.com' });
    await createCursor(world.db, 'here');
    lostRecord('ada@example.com');
    for (const event of world.undelivered()) world.lose(event);
    await moveDatabase(world.db, 'here');
    expect((await readReading(world.db, place))?.doneAt).to.equal(null);
    await world.create({ name: 'Ada', email: 'ada@example.com' });
    await world.rest();
    expect((await mappingsIn(world.db)).map(({ reason }) => reason)).to.include('account_unread');
    const signal = new AbortController().signal;
    while ((await readAccountRecords(world.deps, signal)) === 'reading') continue;
    await world.rest();
    expect(world.simulator.customers()).to.have.length(2);
    expect((await mappingsIn(world.db)).map(({ reason }) => reason)).to.include('not_linked');
  });

  it('that our own request created is distinguished from a tag that a person wrote by hand', async () => {
    await createCursor(world.db, 'here');
    const { metadata } = lostRecord();
    await world.rest();
    expect(await readRestoreSigns(world.db), 'anybody can write a tag').to.equal(null);

    const body = new URLSearchParams({ name: 'Lost too', email: 'too@example.com' });
    for (const [name] of Object.entries(metadata))
      body.set(`metadata[${name}]`, newEventId(world.clock.now()));
    const key = `${keyPrefix(world.deps)}${newEventId(world.clock.now())}`;
    const response = await fetch(`${world.simulator.url}/v1/customers`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_twinbox_fake', 'idempotency-key': key },
      body,
    });
    expect(response.status).to.equal(200);
    await world.rest();
    const signs = await readRestoreSigns(world.db);
    expect(signs).to.include({ by: 'requests' });
    expect(signs?.example).to.include(key);
    // No intent of ours belongs to that request, and the invariants would report it.
    world.simulator.reset();
    await emptyTables(world.db);
  });

  it('is not concluded from a request whose intent a person removed from its pair by hand', async () => {
    await createCursor(world.db, 'here');
    const { id } = await linkedPair(world);
    await world.update(id, { name: 'Sent' });
    world.simulator.faults.add({ kind: 'drop_answer', method: 'POST' });
    await world.run();
    await world.db.raw(`update external_mappings set intent = null where internal_id = :id`, { id });
    world.advance(60_000);
    await world.rest();
    expect(await readRestoreSigns(world.db)).to.equal(null);
    expect(world.simulator.customers().map(({ name }) => name)).to.deep.equal(['Sent']);
    // The invariants would report the missing intent.
    world.simulator.reset();
    await emptyTables(world.db);
  });
});

describe('a pair of the original', () => {
  const world = useTwoWay();

  it('is no difference in a copy of the database: its pair is the pair of the original', async () => {
    const { id } = await linkedPair(world, { name: 'Alan', email: 'alan@example.com' });
    await createCursor(world.db, 'here');
    await copyDatabase(world.db, 'there');
    const { findings } = await compareAll(world.deps);
    expect(findings.map(({ kind, customer, why }) => ({ kind, customer, why }))).to.deep.include({
      ...{ kind: 'pending', customer: id, why: 'not_received' },
    });
    expect(findings.filter(({ kind }) => kind === 'drift')).to.deep.equal([]);
  });
});
