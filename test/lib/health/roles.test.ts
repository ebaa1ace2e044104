import { expect } from 'chai';
import { readReceiveLag } from '../../../db/relay/receive-lag.ts';
import { readRoleSigns } from '../../../db/health/role-signs.ts';
import { nameProcess, startRoleSigns, type Role, type RoleSigns } from '../../../lib/health/role-signs.ts';
import { ALIVE_MS, missingRoles, readRoles, rolesPart } from '../../../lib/health/roles.ts';
import { waitUntil } from '../../support/signal.ts';
import { useSync } from '../../support/sync.ts';

describe('signs of life of the roles', () => {
  const world = useSync();
  const started: RoleSigns[] = [];
  beforeEach('no role has ever run', () => world.db('role_signs').delete());
  afterEach('stop all', async () => {
    await Promise.all(started.splice(0).map((signs) => signs.stop()));
  });

  async function start(roles: Role[], everyMs = 20): Promise<RoleSigns> {
    const signs = await startRoleSigns({ db: world.db, roles, log: { debug: () => undefined }, everyMs });
    started.push(signs);
    return signs;
  }
  const role = (name: Role['name'], problem: string | null = null): Role => ({
    name,
    look: () => ({ problem }),
  });
  const warnings = async (owner: string | null = null): Promise<string> =>
    ((await rolesPart(world.db, world.clock, { owner, systems: ['stripe'] })()).warnings ?? []).join('\n');
  /** As after so long without a sign: what a kill or a freeze leaves. */
  const age = (name: string, ms: number): Promise<unknown> =>
    world.db.raw(
      `update role_signs set seen_at = seen_at - :ms * interval '1 millisecond' where role = :name`,
      {
        name,
        ms,
      },
    );

  it('show that nothing is missing while all roles run', async () => {
    await start([role('api'), role('relay'), role('worker'), role('housekeeping')]);
    expect(await warnings()).to.equal('');
    const { figures } = await rolesPart(world.db, world.clock, { owner: null, systems: ['stripe'] })();
    expect(figures?.['roles']).to.deep.equal({ api: 1, relay: 1, worker: 1, housekeeping: 1 });
  });

  for (const name of ['api', 'relay', 'worker', 'housekeeping'] as const) {
    it(`show the role as missing once three signs are late, and no sooner: ${name} ended without a notice`, async () => {
      await start([role('api'), role('relay'), role('worker'), role('housekeeping')], 3_600_000);
      await age(name, ALIVE_MS - 5_000);
      expect(await warnings()).to.equal('');
      await age(name, 5_000);
      const said = await warnings();
      expect(said.split('\n')).to.have.length(1);
      expect(said).to.match(
        name === 'housekeeping' ? /housekeeping is not running/ : new RegExp(`no ${name} is running`),
      );
      expect(said).to.match(/\(.+:\d+\) showed its last sign of life at \d{4}-\d\d-\d\d /);
    });
  }

  it('show a worker as missing at once after an orderly stop, and name the stop', async () => {
    await start([role('api'), role('relay')]);
    const worker = await start([role('worker'), role('housekeeping')]);
    await worker.stop();
    // One cause: housekeeping is a part of the worker.
    expect(await warnings()).to.match(/^no worker is running: the last one \(.+:\d+\) was stopped at .*$/);
  });

  it('show the role as running where one of several processes is dead, and name the silent one', async () => {
    const dead = await start([role('worker')], 3_600_000);
    await age('worker', 60_000);
    await start([role('worker'), role('housekeeping'), role('api'), role('relay')]);
    expect(await warnings()).to.equal('');
    const workers = (await readRoles(world.db)).find((standing) => standing.role === 'worker');
    expect(workers?.silent.map(({ owner }) => owner)).to.deep.equal([dead.owner]);
  });

  it('show a worker as missing that never ran, once another role runs; on an empty database nothing is missing', async () => {
    expect(missingRoles(await readRoles(world.db))).to.deep.equal([]);
    await start([role('api'), role('relay')]);
    expect(await warnings()).to.match(/^no worker has ever run on this database/);
  });

  it('carry the problem that a role reports, as a warning in every other process', async () => {
    const all = [role('api'), role('worker'), role('housekeeping'), role('relay', 'Kafka does not answer')];
    const { owner } = await start(all);
    expect(await warnings()).to.match(/^relay .+:\d+: Kafka does not answer$/);
    expect(await warnings(owner)).to.equal('');
  });

  it('stop for a role that does not do its work, though its process lives', async () => {
    let goesOn = true;
    const { owner } = await start([
      { name: 'housekeeping', look: () => (goesOn ? {} : null) },
      ...[role('api'), role('relay'), role('worker')],
    ]);
    const seen = async (name: string): Promise<number> =>
      (await readRoleSigns(world.db)).find((sign) => sign.role === name)?.seenAt.getTime() ?? 0;
    goesOn = false;
    const [before, relayBefore] = [await seen('housekeeping'), await seen('relay')];
    await waitUntil(async () => (await seen('relay')) > relayBefore + 60, {
      timeoutMs: 5_000,
      what: 'beats',
    });
    // A sign that was just being written may have come once more.
    expect((await seen('housekeeping')) - before).to.be.lessThan(60);
    expect(owner).to.match(/:\d+:/);
  });

  it('are deleted long after the end, but for the last one of a role', async () => {
    for (const days of [3, 2])
      await world.db.raw(
        `insert into role_signs (role, owner, seen_at) values ('relay', ?, now() - ? * interval '1 day')`,
        [nameProcess(), days],
      );
    await start([role('api')]);
    const relays = (await readRoleSigns(world.db)).filter((sign) => sign.role === 'relay');
    expect(relays).to.have.length(1);
    expect(relays[0]?.ageMs).to.be.within(47 * 3_600_000, 49 * 3_600_000);
  });
});

describe('the count of events that are published and not received', () => {
  const world = useSync();
  beforeEach('a relay that has published everything', () => publishAll());
  afterEach(() => world.db('relay_cursor').delete());

  /** As the relay's save leaves the cursor when no event is behind it. */
  async function publishAll(): Promise<void> {
    await world.db('relay_cursor').delete();
    await world.db.raw(`insert into relay_cursor (seen, floor, system_identifier, timeline, address_hash)
                        values (pg_current_snapshot(), 0, 1, 1, '')`);
  }
  const lag = () => readReceiveLag(world.db, ['stripe']);

  it('includes the age of the oldest, and no event that the relay has not passed', async () => {
    const first = await world.create();
    world.advance(60_000);
    await world.create();
    await publishAll();
    await world.create();
    expect(await lag()).to.deep.equal({ events: 2, oldest: first.createdAt, more: false });
    const [warning] =
      (await rolesPart(world.db, world.clock, { owner: null, systems: ['stripe'] })()).warnings ?? [];
    expect(warning).to.match(/^published, not received: 2, oldest 2026-03-01 12:00:00: is a worker running/);
    await world.receive();
    expect(await lag()).to.deep.equal({ events: 0, oldest: null, more: false });
    await world.run();
  });

  it('includes inbound events, and no event that no worker takes', async () => {
    await world.db.raw(
      `insert into sync_events (event_id, event_type, entity_type, entity_key, source, payload)
       values (gen_random_uuid(), 'stripe.customer.created', 'customer', 'stripe:a:cus_x', 'stripe', '{}'),
              (gen_random_uuid(), 'customer.linked', 'customer', 'customer:1', 'internal', '{}'),
              (gen_random_uuid(), 'unknown.stripe.charge.failed', 'charge', 'stripe:a:ch_x', 'stripe', '{}')`,
    );
    await publishAll();
    expect((await lag()).events).to.equal(1);
  });

  it('stops at ten thousand and says so, with the oldest of all', async () => {
    await world.db.raw(
      `insert into sync_events (event_id, event_type, entity_type, entity_id, entity_key, version, source, payload, created_at)
       select gen_random_uuid(), 'customer.updated', 'customer', n, 'customer:' || n, 1, 'internal', '{}', timestamptz '2026-01-01' + n * interval '1 second'
       from generate_series(1, 10001) n`,
    );
    await publishAll();
    const { rows } = await world.db.raw<{ rows: { at: Date }[] }>(
      `select min(created_at) as at from sync_events`,
    );
    expect(await lag()).to.deep.equal({ events: 10_000, more: true, oldest: rows[0]?.at });
    const [warning] =
      (await rolesPart(world.db, world.clock, { owner: null, systems: ['stripe'] })()).warnings ?? [];
    expect(warning).to.match(/^published, not received: at least 10000, oldest /);
    // The invariants expect that the customers of events exist.
    await world.db.transaction((tx) =>
      tx.raw(`set local session_replication_role = replica; delete from sync_events`),
    );
  });

  it('is not a warning while the events are only a moment old', async () => {
    await world.create();
    await publishAll();
    world.advance(5_000);
    expect(
      (await rolesPart(world.db, world.clock, { owner: null, systems: ['stripe'] })()).warnings,
    ).to.deep.equal([]);
    await world.run();
  });
});
