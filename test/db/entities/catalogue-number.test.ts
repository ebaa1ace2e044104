import { expect } from 'chai';
import { insertRow, updateRow } from '../../../db/entities/rows.ts';
import { endRoleSigns, saveRoleSigns, type RoleName } from '../../../db/health/role-signs.ts';
import { claimMapping, claimMappings, releaseMapping } from '../../../db/mappings/claims.ts';
import { loadStep } from '../../../db/mappings/load.ts';
import { createDb, type Db } from '../../../db/server/connection.ts';
import { assertMigrated, migrate } from '../../../db/server/migrate.ts';
import { watchIdentity } from '../../../lib/process/identity-watch.ts';
import { notePlace } from '../../../db/server/database-place.ts';
import { errorOf, own, PHONE, PLAN, stamp, useMigrated, was } from './migrated.ts';

const FIELDS = { phone: PHONE, plan: PLAN };
const BOTH = [
  { internal: 'phone', external: 'phone' },
  { internal: 'plan', external: 'metadata.plan' },
];
/** The plan is another field of theirs. */
const mappedAnew = own(
  { fields: FIELDS },
  { internal: 'phone', external: 'phone' },
  { internal: 'plan', external: 'metadata.tier' },
);
/** The plan is no field any more. */
const without = own({ fields: { phone: PHONE } }, { internal: 'phone', external: 'phone' });
/** One field more, ours alone. */
const added = own({ fields: { ...FIELDS, seats: { type: 'integer' } } }, ...BOTH);
/** One field more, in step with Stripe. */
const addedMapped = own({ fields: { ...FIELDS, city: { type: 'text' } } }, ...BOTH, {
  internal: 'city',
  external: 'address.city',
});

describe('a process that was started with the catalogue of before', () => {
  const world = useMigrated();
  let old: Db;
  beforeEach('a process starts, and the pair is due', async () => {
    old = createDb({ url: world.url, poolSize: 3, applicationName: 'old' });
    await assertMigrated(old, was.table);
    await world.db.raw(`update external_mappings set dirty = dirty + 1`);
  });
  afterEach('it ends', () => old.destroy());

  const claim = async (db: Db) =>
    claimMappings(db, {
      ...{ system: 'stripe', account: 'acct_1', owner: 'w', now: new Date(), leaseMs: 60_000, limit: 5 },
    });
  const CHANGED = { code: 'catalogue_changed' };

  it('takes no step by another mapping, and one in progress loses its lease', async () => {
    const [step] = await claim(old);
    if (!step) throw new Error('nothing is due');
    await migrate(world.db, { catalogue: mappedAnew.table });
    expect(await loadStep(old, step.id, step.fence)).to.equal(null);
    expect(await errorOf(claim(old))).to.include(CHANGED);
    expect(await errorOf(claimMapping(old, { id: step.id, owner: 'w', leaseMs: 1_000 }))).to.include(CHANGED);
    expect(String(await errorOf(claim(old)))).to.include(
      'Start it again with the configuration of the last migration',
    );
    await assertMigrated(world.db, mappedAnew.table);
    expect(await claim(world.db)).to.have.length(1);
  });

  it('writes no row of another catalogue, in a transaction or not, and may where only the mapping is another', async () => {
    await migrate(world.db, { catalogue: mappedAnew.table });
    const bo = { name: 'Bo', email: 'bo@example.com', plan: 'free' };
    await insertRow(old, was.entity, bo, stamp());
    await migrate(world.db, { catalogue: without.table });
    const cy = { name: 'Cy', email: 'cy@example.com' };
    expect(await errorOf(insertRow(old, was.entity, cy, stamp()))).to.include(CHANGED);
    expect(await errorOf(updateRow(old, was.entity, 1, { name: 'Eva' }, {}, stamp()))).to.include(CHANGED);
    expect(await errorOf(old.transaction((tx) => insertRow(tx, was.entity, cy, stamp())))).to.include(
      CHANGED,
    );
    expect(await world.rows('select name from customers order by id')).to.deep.equal([
      { name: 'Ada' },
      { name: 'Bo' },
    ]);
  });

  it('goes on after a field that is added', async () => {
    await migrate(world.db, { catalogue: added.table });
    await assertMigrated(world.db, added.table);
    await updateRow(world.db, added.entity, 1, { seats: 3 }, {}, stamp());
    expect((await updateRow(old, was.entity, 1, { name: 'Eva' }, {}, stamp()))?.fields).to.include({
      name: 'Eva',
    });
    expect(await world.rows('select name, seats::int from customers')).to.deep.equal([
      { name: 'Eva', seats: 3 },
    ]);
    const [step] = await claim(old);
    expect(step).to.include({ entityType: 'customer' });
  });

  it('takes no step after a field that is added to the mapping, and goes on writing rows', async () => {
    await migrate(world.db, { catalogue: addedMapped.table });
    expect(await errorOf(claim(old))).to.include(CHANGED);
    expect(await updateRow(old, was.entity, 1, { name: 'Eva' }, {}, stamp())).to.include({ version: 2 });
  });

  it('is waited for while it claims, and loses that claim', async () => {
    const { migrated, claimed } = await old.transaction(async (tx) => {
      const claimed = await claimMapping(tx, { id: 1, owner: 'w', leaseMs: 60_000 });
      const migrated = migrate(world.db, { catalogue: mappedAnew.table });
      await someoneWaits(world.db);
      return { migrated: [migrated], claimed };
    });
    await Promise.all(migrated);
    expect(await loadStep(old, 1, claimed?.fence ?? 0)).to.equal(null);
    await releaseMapping(old, 1, claimed?.fence ?? 0);
    await assertMigrated(world.db, mappedAnew.table);
    expect(await claim(world.db)).to.have.length(1);
  });

  it('ends by itself, also if nothing is due', async () => {
    await notePlace(old, 'here', { remember: true });
    const watch = watchIdentity({ db: old, address: 'here', steps: true, everyMs: 20 });
    await migrate(world.db, { catalogue: mappedAnew.table });
    expect(await watch.failed).to.include(CHANGED);
    await watch.stop();
  });
});

describe('a migration with consequences, beside processes at work', () => {
  const world = useMigrated();
  const sign = (role: RoleName, owner: string) =>
    saveRoleSigns(world.db, owner, [{ role, state: null, problem: null, settings: null }]);

  for (const [what, { table }] of [
    ['a field that is mapped anew', mappedAnew],
    ['a field that is removed', without],
  ] as const)
    it(`is refused with their names until they are stopped: ${what}`, async () => {
      await sign('worker', 'db-2:411:x');
      await sign('api', 'db-3:7:x');
      await sign('relay', 'db-4:8:x');
      const refused = await errorOf(migrate(world.db, { catalogue: table }));
      expect(refused).to.include({ code: 'still_running' });
      expect(String(refused))
        .to.include('api db-3:7, worker db-2:411. ')
        .and.include('stop every API and every worker')
        .and.not.include('relay');
      await assertMigrated(world.db, was.table);
      await endRoleSigns(world.db, 'db-2:411:x');
      await world.db.raw(
        `update role_signs set seen_at = clock_timestamp() - interval '16 seconds' where role = 'api'`,
      );
      await migrate(world.db, { catalogue: table });
      await assertMigrated(world.db, table);
    });

  it('is not one that adds a field', async () => {
    await sign('worker', 'db-2:411:x');
    await migrate(world.db, { catalogue: addedMapped.table });
    await assertMigrated(world.db, addedMapped.table);
  });
});

async function someoneWaits(db: Db): Promise<void> {
  for (;;) {
    const { rows } = await db.raw<{ rows: { waits: boolean }[] }>(
      `select exists (select from pg_locks l join pg_database d on d.oid = l.database where not l.granted and d.datname = current_database()) as waits`,
    );
    if (rows[0]?.waits === true) return;
  }
}
