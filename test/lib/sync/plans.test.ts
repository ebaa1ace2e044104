import { expect } from 'chai';
import type { Tx } from '../../../db/server/connection.ts';
import { claimMappings } from '../../../db/mappings/claims.ts';
import { findRowByIdentity, findByTag } from '../../../db/mappings/adopt.ts';
import { receiveInternalEvents } from '../../../db/deliveries.ts';
import { receiveExternalEvents } from '../../../db/inbound.ts';
import { countDeletesOutSince, readClosedIntents, readIntentsByRequest } from '../../../db/closed-intents.ts';
import { raiseHeldDeletes } from '../../../db/mappings/writes/decisions.ts';
import { raiseUncarried, raiseWaiting } from '../../../db/mappings/dirty.ts';
import { loadStep } from '../../../db/mappings/load.ts';
import { reconcile } from '../../../lib/sync/reconcile.ts';
import { newEventId, uuidLowerBound } from '../../../lib/uuid.ts';
import { rowsRead } from '../../support/rows-read.ts';
import { onlyNamed } from '../../support/stored-events.ts';
import { deliveriesOf, mappingOf } from '../../support/sync-rows.ts';
import { emptyTables, useSync, type SyncWorld } from '../../support/sync.ts';

const MANY = 30_000;

describe('the statements of a step', () => {
  const world = useSync();
  const target = { system: 'stripe', entityType: 'customer', externalType: 'customer' };
  let customer = 0;
  let last = '';

  const pieces: [string, (tx: Tx) => Promise<unknown>][] = [
    ['receive, by the number that the bus carried', (tx) => receiveOurs(tx, 3)],
    ['receive, where the bus carried none', (tx) => receiveOurs(tx, null)],
    ['receive of an external event', receiveTheirs],
    ['claim', claim],
    ['load', async (tx) => loadStep(tx, (await mappingOf(tx, customer)).id, 2)],
    ['a step of an update, with its settle', step],
    ['the look for echoes', echoes],
    [
      'the fuse',
      (tx) => countDeletesOutSince(tx, 'stripe', uuidLowerBound(world.clock.now().getTime() - 600_000)),
    ],
    ['the look for whose a record is', whose],
    ['raising what waits', (tx) => raiseWaiting(tx, 'stripe', 'writes_off', world.clock.now())],
    ['raising what no transform could carry', (tx) => raiseUncarried(tx, 'stripe', world.clock.now())],
    ['raising held deletes', (tx) => raiseHeldDeletes(tx, 'stripe', world.clock.now())],
  ];
  it('read no table whole, however large it is', async () => {
    customer = (await world.create()).id;
    await world.run();
    await world.update(customer, { name: 'Ada' });
    await world.run();
    await fill(world);
    const large: unknown[] = [];
    for (const [piece, work] of pieces) {
      const { scanned, fetched } = await rowsRead(world.db, work);
      for (const [how, counts] of Object.entries({ scanned, fetched }))
        for (const [table, rows] of Object.entries(counts))
          if (rows > 200) large.push([piece, how, table, rows]);
    }
    expect(large).to.deep.equal([]);
    world.simulator.reset();
    await emptyTables(world.db);
  });

  async function receiveOurs(tx: Tx, syncEventId: number | null): Promise<void> {
    const { rows } = await tx.raw<{ rows: { id: number; entity_id: number }[] }>(
      `delete from sync_deliveries where event_id = :last returning sync_event_id as id, :customer::bigint as entity_id`,
      { last, customer },
    );
    const id = syncEventId === null ? null : (rows[0]?.id ?? null);
    const event = {
      eventId: last,
      syncEventId: id,
      eventType: 'customer.created',
      entityType: 'customer',
      entityId: customer,
      version: 1,
    };
    expect(await receiveInternalEvents(tx, [event], { ...target, now: world.clock.now() })).to.equal(1);
  }

  async function receiveTheirs(tx: Tx): Promise<void> {
    const { intentId } = (await deliveriesOf(tx, customer))[0]!;
    const events = ['cus_stranger', 'cus_filled_17'].map((externalId, n) => ({
      eventId: newEventId(world.clock.now()),
      syncEventId: n + 1,
      eventType: 'stripe.customer.updated',
      entityType: 'customer',
      account: 'acct_1TwinboxSimulator',
      externalId,
      key: `tb1:test.x:${intentId}`,
      intentId,
      ownerTag: newEventId(world.clock.now()),
      inbound: onlyNamed(externalId),
    }));
    expect(await receiveExternalEvents(tx, events, { ...target, now: world.clock.now() })).to.equal(2);
  }

  async function claim(tx: Tx): Promise<{ id: number; fence: number }[]> {
    const now = world.clock.now();
    return claimMappings(tx, {
      system: 'stripe',
      account: 'acct_1TwinboxSimulator',
      owner: 'test',
      now,
      leaseMs: 60_000,
      limit: 8,
    });
  }

  async function step(tx: Tx): Promise<void> {
    const [taken] = await claim(tx);
    expect(taken?.id).to.equal((await mappingOf(tx, customer)).id);
    await reconcile({ ...world.deps, db: tx }, { ...taken!, deadline: performance.now() + 60_000 });
    expect(world.simulator.customers()[0]).to.include({ name: 'Grace' });
  }

  async function echoes(tx: Tx): Promise<void> {
    const { intentId } = (await deliveriesOf(tx, customer))[0]!;
    expect(await readClosedIntents(tx, [intentId ?? ''])).to.have.length(1);
    expect(await readIntentsByRequest(tx, ['req_filled_17'])).to.have.length(1);
  }

  async function whose(tx: Tx): Promise<void> {
    const where = { ...target, account: 'acct_1TwinboxSimulator' };
    expect(await findRowByIdentity(tx, where, 'FILLED17@example.com')).to.include({
      externalId: 'cus_filled_17',
    });
    const { rows } = await tx.raw<{ rows: { ownerTag: string }[] }>(
      `select created_event_id as "ownerTag" from customers where id = :customer`,
      { customer },
    );
    expect(await findByTag(tx, where, rows[0]?.ownerTag ?? '')).to.include({ customerId: customer });
  }

  /** Thousands of pairs with their history, and one edit that is due. */
  async function fill({ db }: SyncWorld): Promise<void> {
    await db.transaction(async (tx) => {
      await tx.raw(`set local session_replication_role = replica`);
      await tx.raw(
        `with made as (
           insert into customers (name, email, last_event_id, created_event_id)
           select 'Filled ' || n, 'filled' || n || '@example.com', next_sync_event_id(), new_event_id() from generate_series(1, ${MANY}) n
           returning *
         ), events as (
           insert into sync_events (id, event_id, event_type, entity_type, entity_id, entity_key, version, source, payload)
           select last_event_id, created_event_id, 'customer.created', 'customer', id, 'customer:' || id, 1, 'internal', '{}' from made
           returning *
         ), mapped as (
           insert into external_mappings (internal_id, system, account, external_id, state, dirty, clean)
           select id, 'stripe', 'acct_1TwinboxSimulator', 'cus_filled_' || substr(name, 8), 'linked', 1, 1 from made
           returning *
         ), told as (
           insert into sync_deliveries (event_id, target, sync_event_id, mapping_id, event_type, version, status, created_at, settled_at)
           select e.event_id, 'stripe', e.id, m.id, 'customer.created', 1, 'applied', now(), now()
           from mapped m join events e on e.entity_id = m.internal_id
         ), closed as (
           insert into sync_intents (id, mapping_id, number, operation, key, body, fields, version, closed_at, result)
           select new_event_id(), id, 1, case when id % 2 = 0 then 'create' else 'delete' end, 'k' || id, '{}', '{}', 1, now(), 'done' from mapped
           returning *
         )
         insert into sync_attempts (id, mapping_id, intent_id, operation, request_id, latency_ms, created_at)
         select new_event_id(), i.mapping_id, i.id, 'create', 'req_' || substr(m.external_id, 5), 1, now()
         from closed i join mapped m on m.id = i.mapping_id`,
      );
    });
    for (const table of [
      'customers',
      'external_mappings',
      'sync_events',
      'sync_deliveries',
      'sync_intents',
      'sync_attempts',
    ])
      await db.raw(`analyze ${table}`);
    const { rows } = await db.raw<{ rows: { event_id: string }[] }>(
      `select event_id from sync_events order by id desc limit 1`,
    );
    last = rows[0]?.event_id ?? '';
    world.clock.set(new Date(Date.now() + 3_600_000));
    await world.update(customer, { name: 'Grace' });
    await world.receive();
  }
});
