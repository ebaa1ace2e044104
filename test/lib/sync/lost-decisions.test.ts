import { expect } from 'chai';
import { consentToAll, waitingRow } from '../../support/first-link.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { linkedPair, mappingsIn, useTwoWay } from '../../support/two-way.ts';
import { resolutionsOf } from '../../support/resolutions.ts';

const MINUTE = 60_000;

/** What a person has said about a pair meets another decision, or a record that was not named. */
describe('what a person has said about a pair', () => {
  const world = useTwoWay();

  const resolve = async (mappingId: number, externalId: string) => {
    const operations = resolutionsOf(world);
    return operations.resolve(mappingId, { action: 'record', externalId, why: null, actor: 'ops' });
  };

  const theirs = (email: string, metadata: Record<string, string> = {}): string => {
    const { id } = world.simulator.dashboard.createCustomer({ name: 'Theirs', email, metadata });
    for (const event of world.undelivered()) world.lose(event);
    return id;
  };

  /** Its own step comes after those of the others. */
  const putOff = (customer: number) =>
    world
      .db('external_mappings')
      .where({ internal_id: customer })
      .update({ next_attempt_at: new Date(world.clock.now().getTime() + MINUTE) });

  const readRow = async (id: number) => {
    const { rows } = await world.db.raw<{ rows: { createdEventId: string }[] }>(
      `select created_event_id as "createdEventId" from customers where id = :id`,
      { id },
    );
    return rows[0] ?? { createdEventId: '' };
  };

  it('names the same record still after another one could not be taken', async () => {
    const row = await waitingRow(world, { name: 'Ours', email: 'ada@x.test' });
    const named = theirs('ada@x.test');
    await consentToAll(world);
    expect(await resolve((await mappingOf(world.db, row.id)).id, 'cus_nowhere')).to.include({
      outcome: 'decided',
    });
    await world.run();
    expect(await mappingOf(world.db, row.id)).to.include({ state: 'waiting', decision: null });
    await world.notify(row.id);
    await world.rest();
    expect(await mappingOf(world.db, row.id)).to.include({ state: 'linked', externalId: named });
    expect(world.simulator.customers()).to.have.length(1);
    await expectAgreement(world);
  });

  it('goes before a record that only bears the owner tag of the row', async () => {
    const copy = world.simulator.dashboard.createCustomer({ name: 'Copy' });
    await world.rest();
    const row = await waitingRow(world, { name: 'Ours', email: 'ada@x.test' });
    const named = theirs('ada@x.test');
    await consentToAll(world);
    const { createdEventId } = await readRow(row.id);
    const metadata = { [`twinbox_${world.deps.policy.instanceId}`]: createdEventId };
    world.simulator.dashboard.updateCustomer(copy.id, { metadata });
    await putOff(row.id);
    await world.deliver();
    await world.receiveInbound();
    await world.run();
    world.advance(2 * MINUTE);
    await world.rest();
    const pairs = (await mappingsIn(world.db)).filter(({ internalId }) => internalId === row.id);
    expect(pairs.map(({ externalId, role }) => [externalId, role])).to.deep.include([named, 'primary']);
  });

  it('is that the pair is let go, and stays so when another record could not be taken', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Ada' });
    await world.db.raw(`update external_mappings set state = 'parked', reason = 'missing'`);
    const operations = resolutionsOf(world);
    const { id: mapping } = await mappingOf(world.db, id);
    await operations.resolve(mapping, { action: 'let_go', why: null, actor: 'ops' });
    expect(await resolve(mapping, 'cus_nowhere')).to.include({ outcome: 'decided' });
    await world.rest();
    expect(await mappingOf(world.db, id)).to.include({ state: 'detached', decision: null });
    await world.update(id, { name: 'Edited' });
    await world.rest();
    const record = world.simulator.customers().find((one) => one.id === externalId);
    expect(record).to.include({ name: 'Ada' });
    expect(world.simulator.customers()).to.have.length(1);
  });

  it('is no release any more once the record was read and lives', async () => {
    const { id } = await linkedPair(world);
    await world.db.raw(
      `update external_mappings set state = 'waiting', reason = 'fuse', reason_detail = '{"operation": "delete", "direction": "in"}',
         decision = '{"kind": "release"}', must_read = true`,
    );
    await world.update(id, { name: 'Edited' });
    await world.run();
    expect(await mappingOf(world.db, id)).to.include({ state: 'linked', decision: null });
    world.advance(MINUTE);
    await world.rest();
    await expectAgreement(world);
  });
});
