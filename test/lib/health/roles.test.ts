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
    ((await rolesPart(world.db, world.clock, owner)()).warnings ?? []).join('\n');
  /** As after so long without a sign: what a kill or a freeze leaves. */
  const age = (name: string, ms: number): Promise<unknown> =>
    world.db.raw(
      `update role_signs set seen_at = seen_at - :ms * interval '1 millisecond' where role = :name`,
      {
        name,
        ms,
      },
    );

  it('of all roles there, nothing is missing', async () => {
    await start([role('api'), role('relay'), role('worker'), role('housekeeping')]);
    expect(await warnings()).to.equal('');
    const { figures } = await rolesPart(world.db, world.clock, null)();
    expect(figures?.['roles']).to.deep.equal({ api: 1, relay: 1, worker: 1, housekeeping: 1 });
  });

  for (const name of ['api', 'relay', 'worker', 'housekeeping'] as const) {
    it(`ended without a word: ${name} is missing once three signs did not come, and no sooner`, async () => {
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

  it('stopped as asked, it is missing at once, and the stop is named', async () => {
    await start([role('api'), role('relay')]);
    const worker = await start([role('worker'), role('housekeeping')]);
    await worker.stop();
    // One cause: housekeeping is a part of the worker.
    expect(await warnings()).to.match(/^no worker is running: the last one \(.+:\d+\) was stopped at .*$/);
  });

  it('of several one dead: the role is there, and who fell silent is known', async () => {
    const dead = await start([role('worker')], 3_600_000);
    await age('worker', 60_000);
    await start([role('worker'), role('housekeeping'), role('api'), role('relay')]);
    expect(await warnings()).to.equal('');
    const workers = (await readRoles(world.db)).find((standing) => standing.role === 'worker');
    expect(workers?.silent.map(({ owner }) => owner)).to.deep.equal([dead.owner]);
  });

  it('a worker that never came is missed once another role is there; on an empty database nothing is', async () => {
    expect(missingRoles(await readRoles(world.db))).to.deep.equal([]);
    await start([role('api'), role('relay')]);
    expect(await warnings()).to.match(/^no worker has ever run on this database/);
  });

  it('what a role says of itself is a warning of every other process, and not of its own', async () => {
    const all = [role('api'), role('worker'), role('housekeeping'), role('relay', 'Kafka does not answer')];
    const { owner } = await start(all);
    expect(await warnings()).to.match(/^relay .+:\d+: Kafka does not answer$/);
    expect(await warnings(owner)).to.equal('');
  });

  it('a role that does not do its work shows no sign, though its process lives', async () => {
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
    // A beat that had begun may have written it once more.
    expect((await seen('housekeeping')) - before).to.be.lessThan(60);
    expect(owner).to.match(/:\d+:/);
  });

  it('what ended long ago is forgotten, but for the last of a role', async () => {
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

describe('what is published and not received', () => {
  const world = useSync();
  beforeEach('a relay that has published everything', () => publishAll());
  afterEach(() => world.db('relay_cursor').delete());

  /** As the relay's save leaves the cursor when nothing is behind it. */
  async function publishAll(): Promise<void> {
    await world.db('relay_cursor').delete();
    await world.db.raw(`insert into relay_cursor (seen, floor, system_identifier, timeline, address_hash)
                        values (pg_current_snapshot(), 0, 1, 1, '')`);
  }
  const lag = () => readReceiveLag(world.db, ['stripe']);

  it('is counted, with the oldest; what the relay has not passed is not', async () => {
    const first = await world.create();
    world.advance(60_000);
    await world.create();
    await publishAll();
    await world.create();
    expect(await lag()).to.deep.equal({ events: 2, oldest: first.createdAt, more: false });
    const [warning] = (await rolesPart(world.db, world.clock, null)()).warnings ?? [];
    expect(warning).to.match(/^published, not received: 2, oldest 2026-03-01 12:00:00: is a worker running/);
    await world.receive();
    expect(await lag()).to.deep.equal({ events: 0, oldest: null, more: false });
    await world.run();
  });

  it('counts their events too, and no event that no worker is for', async () => {
    await world.db.raw(
      `insert into sync_events (event_id, event_type, entity_type, entity_key, source, payload)
       values (gen_random_uuid(), 'stripe.customer.created', 'customer', 'stripe:a:cus_x', 'stripe', '{}'),
              (gen_random_uuid(), 'customer.linked', 'customer', 'customer:1', 'internal', '{}'),
              (gen_random_uuid(), 'unknown.stripe.charge.failed', 'charge', 'stripe:a:ch_x', 'stripe', '{}')`,
    );
    await publishAll();
    expect((await lag()).events).to.equal(1);
  });

  it('beyond ten thousand says so, and which is the oldest of all', async () => {
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
    const [warning] = (await rolesPart(world.db, world.clock, null)()).warnings ?? [];
    expect(warning).to.match(/^published, not received: at least 10000, oldest /);
    // The invariants are asked of customers that exist.
    await world.db.transaction((tx) =>
      tx.raw(`set local session_replication_role = replica; delete from sync_events`),
    );
  });

  it('is no warning while it is only on its way', async () => {
    await world.create();
    await publishAll();
    world.advance(5_000);
    expect((await rolesPart(world.db, world.clock, null)()).warnings).to.deep.equal([]);
    await world.run();
  });
});
