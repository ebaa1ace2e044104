import { expect } from 'chai';
import type { Db } from '../../db/server/connection.ts';
import { acceptFailover, addressOf, adoptBus, judgeIdentity } from '../../db/relay/identity.ts';
import { readHolders } from '../../db/health/reports.ts';
import { takeLease } from '../../db/leases.ts';
import { copyDatabase, moveDatabase } from '../../db/relay/restore.ts';
import { changeShards } from '../../db/relay/shards.ts';
import type { Bus } from '../../lib/bus/bus.ts';
import { assertSameDatabase } from '../../lib/process/database-identity.ts';
import { transplant } from './transplant.ts';
import { createIdentityCheck } from '../../relay/identity-check.ts';
import { drain, quiet, readCursor, relayOn, withWorld, writeEvent, writeEvents } from './world.ts';

const failure = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

async function addMapping(db: Db, state: string, externalId: string): Promise<void> {
  await db.raw(
    `insert into external_mappings (internal_id, system, state, external_id) values (nextval('sync_event_ids'), 'stripe', :state, :externalId)`,
    { state, externalId },
  );
}

async function readMappings(db: Db) {
  const { rows } = await db.raw<{ rows: Record<string, unknown>[] }>(
    'select state, must_read, dirty::integer, clean::integer from external_mappings order by id',
  );
  return rows;
}

/**
 * As if the server had been restarted since: then nothing proves that another address leads to it.
 */
async function restart(db: Db): Promise<void> {
  await db.raw(`update database_place set server_started_at = server_started_at - interval '1 microsecond'`);
}

describe('the identity of a database', () => {
  it('consists of host list and database name, whoever asks; for an embedded server of its folder', () => {
    const one = addressOf({ url: 'postgresql://a:b@db1:5432,db2:5432/twinbox?sslmode=require' });
    expect(addressOf({ url: 'postgresql://c:d@DB2:5432,db1:5432/twinbox' })).to.equal(one);
    expect(addressOf({ url: 'postgresql://a:b@db1:5432/twinbox' })).to.not.equal(one);
    expect(addressOf({ url: 'postgresql://a:b@db1:5432,db2:5432/other' })).to.not.equal(one);
    const folder = { dataDirectory: '/x/.twinbox/postgres', database: 'twinbox' };
    expect(addressOf(folder)).to.not.equal(addressOf({ ...folder, database: 'other' }));
  });

  it('is looked at anew after a failure, whatever a check has found that began before', () =>
    withWorld(async ({ db, relay, arrivals }) => {
      await drain(relay);
      let now = 0;
      const identity = createIdentityCheck({
        ...{ db, bus: arrivals.bus, log: quiet, address: 'here', newest: null, firstShards: 1 },
        monotonic: () => now,
      });
      expect(await identity.keepChecked({ beside: true })).to.equal(1);
      now += 6_000;
      expect(await identity.keepChecked({ beside: true }), 'it runs beside the work').to.equal(null);
      await identity.settle();
      await changeShards(db, { shards: 2, actor: 'test' });
      identity.forget();
      expect(await identity.keepChecked({ beside: true })).to.equal(2);
    }));

  it('is new at first, then the same', () =>
    withWorld(async ({ db, relay }) => {
      expect(await assertSameDatabase(db, 'here')).to.equal('first');
      await relay.runOnce();
      expect(await assertSameDatabase(db, 'here')).to.equal('same');
    }));

  it('stops every process at another address, and the message names the choices', () =>
    withWorld(async ({ db, relay, arrivals }) => {
      await relay.runOnce();
      await relay.stop();
      await restart(db);
      const error = await failure(assertSameDatabase(db, 'elsewhere'));
      expect(error).to.include({ code: 'other_address', retryable: false });
      expect(String(error)).to.include('--after-restore move').and.include('--after-restore copy');
      await writeEvent(db);
      const elsewhere = relayOn(db, arrivals.bus, { address: 'elsewhere' });
      expect(await failure(elsewhere.runOnce())).to.include({ code: 'other_address' });
      expect(await failure(elsewhere.start()), 'its loop ends').to.include({ code: 'other_address' });
      expect(arrivals.all).to.deep.equal([]);
    }));

  it('stays the same after the cursor was written under a savepoint, by psql or an exception block', () =>
    withWorld(async ({ db, relay }) => {
      await relay.runOnce();
      for (const sql of [
        'savepoint s; update relay_cursor set unrouted = 0; release s',
        'do $$ begin update relay_cursor set unrouted = 0; exception when division_by_zero then null; end $$',
      ]) {
        await db.transaction((tx) => tx.raw(sql));
        expect(await assertSameDatabase(db, 'here')).to.equal('same');
      }
      await db.raw('update relay_cursor set unrouted = 0');
      await db.transaction(async (tx) => {
        await tx.raw('create temp table backup on commit drop as select * from relay_cursor');
        await tx.raw('delete from relay_cursor; insert into relay_cursor select * from backup');
      });
      expect(await failure(assertSameDatabase(db, 'here')), 'loaded rows').to.have.property(
        'code',
        'restored',
      );
    }));

  it('stops every process in another cluster', () =>
    withWorld(async ({ db, relay }) => {
      await relay.runOnce();
      await db.raw('update relay_cursor set system_identifier = 1');
      expect(await judgeIdentity(db, 'here')).to.equal('other_cluster');
      expect(await failure(assertSameDatabase(db, 'here'))).to.include({ code: 'other_cluster' });
    }));

  it('survives a fail-over, after which every mapping is compared once', () =>
    withWorld(async ({ db, relay, arrivals }) => {
      await relay.runOnce();
      await relay.stop();
      await addMapping(db, 'linked', 'cus_1');
      await addMapping(db, 'parked', 'cus_2');
      await addMapping(db, 'tombstoned', 'cus_3');
      await db.raw('update relay_cursor set timeline = timeline + 41');
      const id = await writeEvent(db);
      const warnings: string[] = [];
      const log = {
        info: () => undefined,
        error: () => undefined,
        warn: (text: string) => warnings.push(text),
      };
      for (let start = 0; start < 2; start += 1) {
        const next = relayOn(db, arrivals.bus, { log });
        await drain(next);
        await next.stop();
      }
      expect(arrivals.ids()).to.deep.equal([id]);
      expect(warnings).to.have.length(1);
      expect(await db.transaction((tx) => acceptFailover(tx)), 'for two relays that both saw it').to.include({
        noted: false,
      });
      expect(await readMappings(db)).to.deep.equal([
        { state: 'linked', must_read: true, dirty: 1, clean: 0 },
        { state: 'parked', must_read: true, dirty: 1, clean: 0 },
        { state: 'tombstoned', must_read: false, dirty: 0, clean: 0 },
      ]);
    }));
});

describe('after a restore', () => {
  for (const xidsAhead of [1_000_000, 40, 0]) {
    it(`a move delivers what the old cluster had not delivered, when its xids were ${xidsAhead} ahead`, () =>
      withWorld(async ({ db, relay, arrivals }) => {
        await writeEvents(db, 4);
        await drain(relay);
        await relay.stop();
        const ids = await writeEvents(db, 3);
        await addMapping(db, 'linked', 'cus_1');
        await transplant(db, xidsAhead);
        expect(await failure(assertSameDatabase(db, 'there'))).to.include({ code: 'other_cluster' });
        expect(await moveDatabase(db, 'there')).to.deep.equal({
          firstId: ids[0],
          newestId: (ids[2] ?? 0) + 1,
          mappings: 1,
        });
        arrivals.all.length = 0;
        const moved = relayOn(db, arrivals.bus, { address: 'there', pageSize: 2 });
        ids.push(await writeEvent(db));
        const late = await db.transaction();
        const lateId = await writeEvent(late);
        await drain(moved);
        // The counter of this cluster passes the old xids: none of those rows may count as new
        // again.
        for (let n = 0; n < 60; n += 1) await db.raw('select pg_current_xact_id()');
        await late.commit();
        ids.push(lateId, await writeEvent(db));
        await drain(moved);
        expect(arrivals.ids()).to.deep.equal(ids);
        expect((await readMappings(db))[0]).to.include({ must_read: true });
        await moved.stop();
      }));
  }

  it('a move in the middle of a window continues after its last page', () =>
    withWorld(
      async ({ db, relay, arrivals }) => {
        const ids = await writeEvents(db, 5);
        await relay.runOnce();
        await relay.stop();
        await transplant(db, 1_000);
        // An open window has its own snapshot.
        await db.raw(`update relay_cursor set win = (
          select format('%s:%s:', max(xid::text::bigint) + 1, max(xid::text::bigint) + 1) from sync_events)::pg_snapshot`);
        await moveDatabase(db, 'there');
        arrivals.all.length = 0;
        const moved = relayOn(db, arrivals.bus, { address: 'there' });
        await drain(moved);
        expect(arrivals.ids()).to.deep.equal(ids.slice(2));
        await moved.stop();
      },
      { pageSize: 2 },
    ));

  it('a copy gets its own name, detaches every external record, and leaves past events to the original', () =>
    withWorld(async ({ db, relay, arrivals }) => {
      const instance = async () =>
        (await db.raw<{ rows: { id: string }[] }>('select id from instance')).rows[0]?.id;
      await writeEvents(db, 2);
      await drain(relay);
      await relay.stop();
      await writeEvents(db, 2);
      const original = await instance();
      await addMapping(db, 'linked', 'cus_1');
      await db.raw(`update external_mappings set intent = '{}', lease_owner = 'x', dirty = 3`);
      await addMapping(db, 'tombstoned', 'cus_2');
      await db.raw(`insert into walk_positions values ('gap', 1, now())`);
      await transplant(db, 1_000);
      await takeLease(db, { name: 'worker:original', owner: 'original', lengthMs: 60_000 });
      const copied = await copyDatabase(db, 'there');
      expect(await readHolders(db), 'processes of the original').to.deep.equal([]);
      expect(copied.mappings).to.equal(2);
      expect(copied.instance)
        .to.equal(await instance())
        .and.match(/^[a-z0-9]{8}$/)
        .and.not.equal(original);
      expect(await readMappings(db)).to.deep.equal([
        { state: 'detached', must_read: false, dirty: 3, clean: 3 },
        { state: 'detached', must_read: false, dirty: 0, clean: 0 },
      ]);
      arrivals.all.length = 0;
      const copy = relayOn(db, arrivals.bus, { address: 'there' });
      const id = await writeEvent(db);
      await drain(copy);
      expect(arrivals.ids()).to.deep.equal([id]);
      await copy.stop();
    }));
});

describe('after a restore of a state from before the first relay', () => {
  for (const [way, relays] of [
    ['a move delivers all existing events', true],
    ['a copy leaves all of them to the original', false],
  ] as const)
    it(way, () =>
      withWorld(async ({ db, relay, arrivals }) => {
        await writeEvents(db, 3);
        await (relays ? moveDatabase(db, 'here') : copyDatabase(db, 'here'));
        expect(await assertSameDatabase(db, 'here')).to.equal('same');
        await drain(relay);
        expect(arrivals.ids()).to.have.length(relays ? 3 : 0);
      }),
    );
});

describe('the bus that the cursor has published to', () => {
  const named = (bus: Bus, identity: string): Bus => ({ ...bus, identity: () => Promise.resolve(identity) });

  it('is bound at the first start; another bus is refused until it is adopted', () =>
    withWorld(async ({ db, relay, arrivals }) => {
      await relay.runOnce();
      await relay.stop();
      const stood = await readCursor(db);
      const id = await writeEvent(db);
      const other = relayOn(db, named(arrivals.bus, 'kafka:abc'));
      const error = await failure(other.runOnce());
      expect(error).to.include({ code: 'other_bus' });
      expect(String(error)).to.include('in-process').and.include('kafka:abc').and.include('--adopt-bus');
      expect(await readCursor(db)).to.deep.equal(stood);
      expect(arrivals.all).to.deep.equal([]);
      await adoptBus(db, 'kafka:abc');
      await drain(other);
      expect(arrivals.ids()).to.deep.equal([id]);
      await other.stop();
      expect(await failure(relayOn(db, arrivals.bus).runOnce())).to.include({ code: 'other_bus' });
    }));

  it('may not be the original’s Kafka for a copy, unless that is requested', () =>
    withWorld(async ({ db, arrivals }) => {
      const bus = named(arrivals.bus, 'kafka:abc');
      const original = relayOn(db, bus);
      await original.runOnce();
      await original.stop();
      await copyDatabase(db, 'there');
      const copy = relayOn(db, bus, { address: 'there' });
      expect(await failure(copy.runOnce())).to.include({ code: 'other_bus' });
      await copy.stop();
    }));
});
