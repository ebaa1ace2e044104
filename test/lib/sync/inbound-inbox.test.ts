import { targetsOf } from '../../../lib/sync/kinds.ts';
import { expect } from 'chai';
import { createInProcessBus } from '../../../lib/bus/in-process.ts';
import { readCustomer } from '../../support/customers.ts';
import { enableFailpoint } from '../../../lib/failpoint.ts';
import { takeIn } from '../../../lib/intake/inbound.ts';
import type { InboundEvent } from '../../../lib/integrations/integration.ts';
import { closeReceiveGap, type GapFound } from '../../../lib/intake/receive-gap.ts';
import { keyPrefix } from '../../../lib/sync/intent-key.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { fateOf, linkedPair, mappingsIn, useTwoWay } from '../../support/two-way.ts';
import { onlyEvent } from '../../support/only-event.ts';

const DAY = 24 * 3_600_000;

describe('inbound: the inbox', () => {
  const world = useTwoWay();

  async function take(changes: Partial<InboundEvent> = {}): Promise<string> {
    const [event] = world.undelivered();
    const told = onlyEvent(world.integration.ingress, structuredClone(event));
    const { db, clock, integration } = world;
    return takeIn(
      { db, clock, integration, retentionDays: 30, nudge: () => undefined },
      { ...told!, ...changes },
    );
  }

  async function refusals(): Promise<string[]> {
    const { rows } = await world.db.raw<{ rows: { reason: string }[] }>(
      `select reason from inbound_refusals order by id`,
    );
    return rows.map(({ reason }) => reason);
  }

  it('receives an event again, and stores it once, if its 2xx was never sent', async () => {
    world.simulator.dashboard.createCustomer({ name: 'Ada', email: 'ada@example.com' });
    enableFailpoint('inbox.stored', 'throw', { once: true });
    const events = world.undelivered();
    const failed = await world.deliver(events).catch(() => 'not answered');
    expect(failed).to.equal('not answered');
    expect(await world.deliver(events)).to.deep.equal(['known']);
    await world.rest();
    await expectAgreement(world);
  });

  it('answers an event that is too old to be stored with a look at its customer', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Long ago' });
    world.advance(31 * DAY);
    expect(await take({ created: new Date(world.clock.now().getTime() - 31 * DAY) })).to.equal('too_old');
    expect(await refusals()).to.deep.equal(['too_old']);
    await world.run();
    expect(await readCustomer(world.db, id)).to.include({ name: 'Long ago' });
  });

  it('takes an event of 29 days', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Weeks ago' });
    world.advance(29 * DAY);
    expect(await world.deliver()).to.deep.equal(['stored']);
    await world.receiveInbound();
    await world.run();
    expect(await readCustomer(world.db, id)).to.include({ name: 'Weeks ago' });
  });

  it('asks for an old event again while it is not known whose it is', async () => {
    world.simulator.dashboard.createCustomer({ name: 'Ada', email: 'ada@example.com' });
    await world.db.raw(`truncate connections`);
    expect(await take({ created: new Date(0) })).to.equal('unbound');
    expect(await refusals()).to.deep.equal([]);
  });

  for (const [changes, verdict] of [
    [{ account: 'acct_other' }, 'other_account'],
    [{ livemode: true }, 'other_livemode'],
    [{ foreignTag: true }, 'other_environment'],
  ] as const) {
    it(`makes no mapping of an old event that is not for this database (${verdict})`, async () => {
      world.simulator.dashboard.createCustomer({ name: 'Ada', email: 'ada@example.com' });
      expect(await take({ ...changes, created: new Date(0) })).to.equal(verdict);
      expect(await refusals()).to.deep.equal([verdict]);
      expect(await mappingsIn(world.db)).to.deep.equal([]);
    });
  }

  it('keeps an event that reconcile does not use, whatever its age', async () => {
    world.simulator.dashboard.createCustomer({ name: 'Ada', email: 'ada@example.com' });
    const other = { kind: 'other', externalId: null, after: null, previous: null } as const;
    expect(await take({ ...other, created: new Date(0) })).to.equal('stored');
    expect(await mappingsIn(world.db)).to.deep.equal([]);
  });

  it('catches up after 30 seconds without webhooks, in any order', async () => {
    const pairs = [await linkedPair(world), await linkedPair(world), await linkedPair(world)];
    for (let n = 1; n <= 5; n++)
      for (const { externalId } of pairs)
        world.simulator.dashboard.updateCustomer(externalId, { name: `${externalId} ${n}` });
    const made = world.simulator.dashboard.createCustomer({ name: 'New', email: 'new@example.com' });
    world.advance(30_000);
    const late = world.undelivered();
    await world.deliver(late.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
    await world.rest();
    for (const { id, externalId } of pairs)
      expect(await readCustomer(world.db, id)).to.include({ name: `${externalId} 5`, version: 2 });
    expect(await fateOf(world.db, made.id)).to.deep.equal(['created applied', 'updated echo']);
    await expectAgreement(world);
  });

  it('gives back from Postgres what the bus lost', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Lost on the bus' });
    await world.deliver();
    expect(await closeGap()).to.deep.equal({ found: 1, more: false });
    expect(await closeGap()).to.include({ found: 0 });
    await world.db.raw(`delete from relay_cursor`);
    await world.run();
    expect(await readCustomer(world.db, id)).to.include({ name: 'Lost on the bus' });
    await expectAgreement(world);
  });

  it('passes what is stored in another shape, with a note that says what is wrong, and receives the rest', async () => {
    const damaged = await linkedPair(world);
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(damaged.externalId, { name: 'Not readable' });
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Readable' });
    await world.deliver();
    await world.db.transaction(async (tx) => {
      await tx.raw(`set local session_replication_role = replica`);
      await tx.raw(
        `update sync_events set payload = jsonb_set(payload, '{external,after}', '[7]')
         where payload #>> '{external,id}' = :record and payload #>> '{external,kind}' = 'updated'`,
        { record: damaged.externalId },
      );
    });
    await closeGap();
    await world.db.raw(`delete from relay_cursor`);
    await world.run();
    expect(await readCustomer(world.db, id)).to.include({ name: 'Readable' });
    const { rows } = await world.db.raw<{ rows: { item: string }[] }>(`select item from skipped_items`);
    expect(rows.map(({ item }) => item).join()).to.match(/^event \S+: \/after must be object,null$/);
  });

  it('stores no event whose shape an integration has got wrong, and reads its record instead', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Changed there' });
    expect(await take({ unreadable: [7 as unknown as string] })).to.equal('unreadable');
    const { rows } = await world.db.raw<{ rows: { reason: string; detail: string }[] }>(
      `select reason, detail from inbound_refusals`,
    );
    expect(rows).to.deep.equal([{ reason: 'unreadable', detail: '/unreadable/0 must be string' }]);
    await world.run();
    expect(await readCustomer(world.db, id)).to.include({ name: 'Changed there' });
  });

  /** The relay has published all, and the bus has brought nothing. */
  async function closeGap(): Promise<GapFound> {
    await world.db.raw(
      `insert into relay_cursor (seen, floor, system_identifier, timeline, address_hash)
       select pg_current_snapshot(), max(id), 0, 0, '' from sync_events on conflict do nothing`,
    );
    const { db, clock, deps } = world;
    const groups = { outbound: 'out', inbound: 'in' };
    const target = { system: 'stripe', targets: targetsOf(deps), keyPrefix: keyPrefix(deps), groups };
    const receiving = { db, clock, wake: () => undefined, bus: createInProcessBus() };
    return closeReceiveGap(receiving, target);
  }
});
