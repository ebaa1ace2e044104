// One event or row that PostgreSQL refuses, or that cannot be read, stops only itself.
import { targetsOf } from '../../lib/sync/kinds.ts';
import { onlyCustomers } from '../support/only-target.ts';
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { Db } from '../../db/server/connection.ts';
import { findUndelivered } from '../../db/deliveries.ts';
import { readWalkPosition } from '../../db/relay/receive-gap.ts';
import { createInProcessBus } from '../../lib/bus/in-process.ts';
import { parseEnvelope } from '../../lib/events/parse.ts';
import { syncPart } from '../../lib/health/readiness.ts';
import { describeSkipped } from '../../lib/skipped.ts';
import { readAccountRecords } from '../../lib/intake/account-reading.ts';
import { compareAll } from '../../lib/operations/comparison.ts';
import { keyPrefix } from '../../lib/sync/intent-key.ts';
import { closeReceiveGap } from '../../lib/intake/receive-gap.ts';
import { receiveOutbound } from '../../lib/intake/receive.ts';
import { sweep } from '../../lib/intake/sweep.ts';
import { createHousekeeping } from '../../workers/housekeeping.ts';
import { drain, withWorld, writeEvent, writeEvents, type World } from '../relay/world.ts';
import { expectAgreement } from '../support/invariants.ts';
import { mappingOf } from '../support/sync-rows.ts';
import { linkedPair, useTwoWay } from '../support/two-way.ts';

const MINUTE = 60_000;

async function skippedIn(db: Db): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { said: string }[] }>(
    `select concat_ws(' ', loop, item, fault, about) as said from skipped_items order by first_at, item`,
  );
  return rows.map(({ said }) => said);
}

/** A rule of another owner on a table of ours, for as long as the work runs. */
async function withRule(db: Db, table: string, rule: string, work: () => Promise<void>): Promise<void> {
  await db.raw(`alter table ${table} add constraint house_rule check (${rule}) not valid`);
  try {
    await work();
  } finally {
    await db.raw(`alter table ${table} drop constraint house_rule`);
  }
}

describe('a row of sync_events that cannot be read', () => {
  /** Written by SQL, with values that no program of ours would write. */
  async function writeOdd(db: Db, column: string, value: string): Promise<{ id: number; eventId: string }> {
    const eventId = randomUUID();
    const columns = {
      event_id: `'${eventId}'`,
      version: '1',
      payload: `'{}'`,
      created_at: 'now()',
      [column]: value,
    };
    const { rows } = await db.raw<{ rows: { id: number }[] }>(
      `insert into sync_events (event_type, entity_type, entity_key, source, ${Object.keys(columns).join(', ')})
       values ('customer.updated', 'customer', 'customer:9', 'sql', ${Object.values(columns).join(', ')}) returning id`,
    );
    return { id: rows[0]?.id ?? 0, eventId };
  }

  const noticesOf = ({ arrivals }: World) =>
    arrivals.all.flatMap(({ topic, value }) => {
      if (topic !== 'sync.dlq') return [];
      const parsed = parseEnvelope(value);
      return parsed.kind === 'parked' ? [parsed.envelope.parked] : [];
    });

  it('is parked with the reason, and every other row is published in its order, whatever the page’s length', async () => {
    for (const pageSize of [2, 100])
      await withWorld(
        async (world) => {
          const { db, relay, arrivals } = world;
          const good = await writeEvents(db, 2);
          const odd = [
            await writeOdd(db, 'created_at', `'infinity'`),
            await writeOdd(db, 'created_at', `'280000-01-01'`),
          ];
          good.push(await writeEvent(db, { version: 3 }));
          odd.push(await writeOdd(db, 'payload', `'[1]'`), await writeOdd(db, 'version', String(2n ** 60n)));
          good.push(...(await writeEvents(db, 4)));
          await drain(relay);
          expect(
            arrivals.all
              .filter(({ topic }) => topic === 'sync.outbound')
              .map(({ syncEventId }) => syncEventId),
          ).to.deep.equal(good);
          expect(noticesOf(world).map(({ event_id, reason }) => ({ event_id, reason }))).to.deep.equal(
            odd.map(({ eventId }) => ({ event_id: eventId, reason: 'unreadable' })),
          );
          expect((await skippedIn(db)).map((one) => one.split(' ').slice(0, 3).join(' '))).to.have.members(
            odd.map(({ id }) => `relay sync_events ${id}`),
          );
          expect((await describeSkipped(db, new Date()))?.says).to.match(
            /^4 items skipped in the last day, the newest by relay: sync_events/,
          );
        },
        { pageSize },
      );
  });

  it('does not block the others even where its notice is refused, too', () =>
    withWorld(async (world) => {
      const { db, relay, arrivals } = world;
      await withRule(db, 'sync_events', `event_type <> 'delivery.parked'`, async () => {
        const odd = await writeOdd(db, 'created_at', `'-infinity'`);
        const good = await writeEvents(db, 3);
        await drain(relay);
        expect(arrivals.ids()).to.deep.equal(good);
        expect(await skippedIn(db)).to.deep.equal([
          `relay sync_events ${odd.id} 0A000`,
          `relay notice of sync_events ${odd.id} 23514 sync_events_default.house_rule`,
        ]);
      });
    }));
});

describe('one bad event among others', () => {
  const world = useTwoWay();
  const target = { system: 'stripe', externalType: 'customer' };
  const everything = { system: 'stripe', after: 0, upTo: 2 ** 52, limit: 1_000 };
  const { signal } = new AbortController();
  const deps = () => ({ db: world.db, clock: world.clock, wake: () => undefined, log: world.deps.log });

  it('of ours whose writer gave it an unusual context is received like any other', async () => {
    const { id } = await world.create({}, { hop: 'many', bulk: 'no' });
    expect(await world.receive()).to.equal(1);
    await world.run();
    expect(await mappingOf(world.db, id)).to.include({ state: 'linked' });
  });

  it('of ours that the database refuses delays no other, and the change itself is published all the same', async () => {
    const rows = [await world.create(), await world.create(), await world.create()];
    const events = await findUndelivered(world.db, everything);
    const poison = events[1]!.eventId;
    await withRule(world.db, 'sync_deliveries', `event_id <> '${poison}'`, async () => {
      expect(await receiveOutbound(deps(), onlyCustomers(target), events)).to.equal(2);
      await world.lane.runOnce();
      await world.lane.drain();
    });
    for (const { id } of rows) expect(await mappingOf(world.db, id)).to.include({ state: 'linked' });
    expect(await skippedIn(world.db)).to.deep.equal([
      `receive event ${poison} 23514 sync_deliveries_default.house_rule`,
    ]);
    await world.rest();
    await expectAgreement(world);
  });

  it('of Stripe’s that cannot be stored is refused with the reason and its record is read; sweep and webhooks continue', async () => {
    for (const way of ['webhook', 'sweep']) {
      await withRule(
        world.db,
        'sync_events',
        `event_type not like 'stripe.%' or payload::text not like '%Poison ${way}%'`,
        async () => {
          for (const name of ['Before', 'Poison', 'Behind'])
            world.simulator.dashboard.createCustomer({
              name: `${name} ${way}`,
              email: `${name}@${way}.example`,
            });
          world.advance(5 * MINUTE);
          if (way === 'webhook')
            expect(await world.deliver()).to.deep.equal(['stored', 'unstorable', 'stored']);
          else {
            expect(await sweep(world.deps, { retentionDays: 35, signal })).to.include({ stored: 2 });
            for (const event of world.undelivered()) world.lose(event);
          }
          await world.rest();
        },
      );
      const { rows } = await world.db.raw<{ rows: { name: string }[] }>(
        `select name from customers where name like '%${way}' order by name`,
      );
      expect(rows.map(({ name }) => name)).to.deep.equal([`Before ${way}`, `Behind ${way}`, `Poison ${way}`]);
    }
    const { rows } = await world.db.raw<{ rows: { said: string }[] }>(
      `select concat_ws(' ', reason, detail) as said from inbound_refusals order by id`,
    );
    expect(new Set(rows.map(({ said }) => said))).to.deep.equal(
      new Set(['unstorable 23514 sync_events_default.house_rule']),
    );
    await expectAgreement(world);
  });

  it('of Stripe’s that cannot be received delays no other, and its record is read', async () => {
    const pairs = [await linkedPair(world), await linkedPair(world), await linkedPair(world)];
    for (const { externalId } of pairs)
      world.simulator.dashboard.updateCustomer(externalId, { name: `New ${externalId}` });
    await world.deliver();
    await withRule(
      world.db,
      'sync_deliveries',
      `inbound is null or inbound ->> 'kind' <> 'updated' or inbound ->> 'externalId' <> '${pairs[0]!.externalId}'`,
      async () => {
        expect(await world.receiveInbound()).to.equal(2);
        await world.run();
      },
    );
    for (const { id, externalId } of pairs) {
      const { rows } = await world.db.raw<{ rows: { name: string }[] }>(
        'select name from customers where id = :id',
        { id },
      );
      expect(rows[0]?.name).to.equal(`New ${externalId}`);
    }
    expect(await skippedIn(world.db)).to.have.length(1);
  });

  it('that cannot be read is passed by the walk that looks for events that the bus lost', async () => {
    await world.db.raw(
      `insert into sync_events (event_id, event_type, entity_type, entity_id, entity_key, version, source, payload)
       values (gen_random_uuid(), 'customer.updated', 'customer', 1, 'customer:1', ${2n ** 60n}, 'sql', '{}')`,
    );
    const { id } = await world.create();
    await world.db.raw(`delete from relay_cursor`);
    await world.db.raw(
      `insert into relay_cursor (seen, floor, system_identifier, timeline, address_hash)
       select pg_current_snapshot(), max(id), 0, 0, '' from sync_events`,
    );
    const gap = {
      system: target.system,
      targets: targetsOf(world.deps),
      keyPrefix: keyPrefix(world.deps),
      groups: { outbound: 'out', inbound: 'in' },
    };
    let more = true;
    for (let rounds = 0; more && rounds < 200; rounds += 1)
      ({ more } = await closeReceiveGap({ ...deps(), bus: createInProcessBus() }, gap));
    const { rows } = await world.db.raw<{ rows: { last: number }[] }>(
      'select max(id) as last from sync_events',
    );
    expect(await readWalkPosition(world.db, 'receive-gap:stripe')).to.equal(rows[0]?.last);
    expect(await mappingOf(world.db, id)).to.include({ dirty: 1 });
    expect(await skippedIn(world.db)).to.have.length(1);
    await world.db.raw(
      `set session_replication_role = replica; delete from sync_events where version > 1000; reset session_replication_role`,
    );
    await world.rest();
  });

  it('does not stop the first contact: one record cannot be stored, the others are, and the reading ends', async () => {
    const { dashboard } = world.simulator;
    for (const name of ['a', 'b', 'c']) dashboard.createCustomer({ name, email: `${name}@first.example` });
    await world.db.raw('delete from account_readings');
    await withRule(world.db, 'external_records', `identity <> 'b@first.example'`, async () => {
      expect(
        await readAccountRecords({ ...world.deps, policy: { ...world.deps.policy, imports: false } }, signal),
      ).to.equal('not_yet');
    });
    const { rows } = await world.db.raw<{ rows: { identity: string }[] }>(
      'select identity from external_records order by identity',
    );
    expect(rows.map(({ identity }) => identity)).to.deep.equal(['a@first.example', 'c@first.example']);
    expect((await skippedIn(world.db)).join()).to.match(
      /^reading cus_\w+ 23514 external_records.house_rule$/,
    );
    await world.rest();
  });

  it('does not stop verify: it names the pair that cannot be read and compares the others', async () => {
    const pairs = [await linkedPair(world), await linkedPair(world), await linkedPair(world)];
    const damage = (value: string) =>
      world.db.raw(
        `update external_mappings set dirty = ${value}, clean = ${value} where internal_id = :id`,
        { id: pairs[1]!.id },
      );
    await damage(String(2n ** 60n));
    const report = await compareAll(world.deps);
    expect(report).to.deep.include({ agree: 2, unknownThere: 0 });
    expect(report.findings.map(({ kind, why, customer }) => ({ kind, why, customer }))).to.deep.equal([
      { kind: 'parked', why: 'unreadable', customer: pairs[1]!.id },
    ]);
    const part = await syncPart(world.db, ['stripe'], world.clock)();
    expect(part.figures).to.include({ skipped: 1 });
    expect(part.warnings?.join()).to.match(
      /1 item skipped in the last day, the newest by verify: external_mappings \d+ \(unsafe_integer\): the pair is not compared/,
    );
    await damage('1');
  });

  it('is one step of housekeeping that fails: the others are made', async () => {
    // The relay has published something, so that the bus is asked how far it is received.
    await world.db.raw(`insert into relay_cursor (seen, floor, system_identifier, timeline, address_hash)
                        values (pg_current_snapshot(), 1000000, 1, 1, '')`);
    const lane = { deps: world.deps, wake: () => undefined, lane: { status: () => ({ bound: true }) } };
    let asked = 0;
    const progress = (): Promise<null> => {
      asked += 1;
      return Promise.resolve(null);
    };
    const house = createHousekeeping([lane], { retentionDays: 35, groupId: 'test', bus: { progress } });
    await world.db.raw('alter table operator_actions rename to operator_actions_away');
    const failed: unknown = await house.runOnce().catch((error: unknown) => error);
    await world.db.raw('alter table operator_actions_away rename to operator_actions');
    await world.db('relay_cursor').delete();
    expect(failed).to.include({ code: '42P01' });
    expect(asked).to.be.greaterThan(0);
    expect(house.status().failures).to.equal(1);
  });
});
