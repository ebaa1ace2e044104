import { createHash } from 'node:crypto';
import { glob, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { createKeyOperations } from '../../lib/operations/keys.ts';
import { systemClock } from '../../lib/clock.ts';
import { migrate } from '../../db/server/migrate.ts';
import { aboutOf, auditActions } from '../../lib/operations/audit-query.ts';
import { verifyAudit } from '../../lib/operations/audit-chain.ts';
import { useDatabase } from '../support/database.ts';
import { runHere } from './in-process.ts';
import { usePlace } from './twinbox.ts';

const ROOT = resolve(import.meta.dirname, '../..');

describe('twinbox audit and verify --audit', function () {
  this.timeout(120_000);
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));

  before('make and revoke a key', async () => {
    const keys = createKeyOperations({ db: database.db, clock: systemClock, keySecrets: [] });
    const by = { actor: 'cli:ada on host', reason: 'for the \u202eshop' };
    const { key } = await keys.create({ name: 'shop', scope: 'editor', system: null, expiresAt: null }, by);
    await keys.revoke(key.id, { ...by, reason: null });
  });

  it('list the entries as a table, and as lines of JSON with what stood before and after', async () => {
    const shown = await place.run(['audit']);
    expect(shown.stdout.split('\n')[0]).to.match(
      /^number +when +action +system +about +actor +pairs +reason$/,
    );
    expect(shown.stdout).to.match(
      /create_key +– +key shop\/[0-9a-f]{12} +cli:ada on host +0 +for the \\u202eshop/,
    );
    const lines = (await place.run(['audit', '--action', 'revoke_key', '--json'])).stdout.trim().split('\n');
    expect(lines).to.have.length(1);
    const [entry] = lines.map(
      (line) => JSON.parse(line) as { before: object; after: { revoked_at: string } },
    );
    expect(entry?.before).to.include({ scope: 'editor', revoked_at: null });
    expect(entry?.after.revoked_at).to.match(/^20/);
  });

  it('go on at the cursor of the page before, and refuse one of another filter', async () => {
    const first = await place.run(['audit', '--limit', '1']);
    const cursor = /--after (\S+)/.exec(first.stderr)?.[1] ?? '';
    const second = await place.run(['audit', '--limit', '1', '--after', cursor, '--json']);
    expect(JSON.parse(second.stdout)).to.include({ action: 'create_key' });
    const other = await place.run(['audit', '--after', cursor, '--action', 'pause']);
    expect(other).to.include({ code: 2 });
    const unknown = await runHere('audit', '--action', 'pauses');
    expect(unknown).to.include({ code: 2 });
    expect(unknown.stderr).to.match(/It must be one of pause, resume, .*retire_audit/);
  });

  it('say what an entry is about, and know every action that the program records', async () => {
    const about = (action: string, detail: object) => aboutOf({ action, detail, system: 'stripe' });
    expect(about('cancel_replay', { job: 7, was: 'running' })).to.equal('replay 7');
    expect(about('pause_outbound', { was_paused: false })).to.equal('lane stripe outbound');
    expect(about('pause_row', { entity: 'customer', row: 42 })).to.equal('customer 42');
    expect(about('rotate_key', { id: '3f9c1a2b7d04', name: 'shop' })).to.equal('key shop/3f9c1a2b7d04');
    expect(about('resume', {})).to.equal(null);
    const recorded = new Set<string>();
    for (const room of ['db', 'lib'])
      for await (const file of glob(`${ROOT}/${room}/**/*.ts`)) {
        const text = await readFile(file, 'utf8');
        if (!/recordAction|note\(tx/.test(text)) continue;
        for (const [, first, second] of text.matchAll(/\baction: '([a-z_]+)',|note\(tx, '([a-z_]+)'/g))
          recorded.add(first ?? second ?? '');
      }
    expect(recorded.size).to.be.greaterThan(15);
    expect([...recorded].filter((action) => !auditActions.includes(action))).to.deep.equal([]);
  });

  it('print the text of an entry, from which a person makes its hash', async () => {
    const [entry] = await database.db<{ id: number; hash: string }>('operator_actions').orderBy('id');
    const { stdout } = await place.run(['audit', 'text', String(entry?.id)]);
    expect(createHash('sha256').update(stdout).digest('hex')).to.equal(entry?.hash);
    expect((await place.run(['audit', 'text', '999'])).code).to.equal(3);
  });

  it('say that all entries fit, and name the first that does not', async () => {
    const head = (await place.run(['audit', 'head'])).stdout.trim();
    const fits = await place.run(['verify', '--audit', '--head', head]);
    expect(fits).to.include({ code: 0 });
    expect(fits.stdout).to.equal(`2 entries of the record of operations fit.\nhead ${head}\n`);
    const other = await place.run(['verify', '--audit', '--json', '--head', `7:${'a'.repeat(64)}`]);
    expect(other.code).to.equal(1);
    expect(JSON.parse(other.stdout)).to.deep.include({ ok: false, entries: 2 });
    expect((await place.run(['verify', '--head', head])).code).to.equal(2);
    await database.db.transaction(async (tx) => {
      await tx.raw(`set local session_replication_role = replica`);
      await tx.raw(`update operator_actions set reason = 'another' where action = 'create_key'`);
    });
    const broken = await place.run(['verify', '--audit']);
    expect(broken.code).to.equal(1);
    expect(broken.stdout).to.match(
      /^The record of operations is broken at entry \d+: its content was changed/,
    );
  });
});

describe('operations that were recorded before the chain', () => {
  const database = useDatabase();

  it('are chained by the migration, with their pairs and keys', async () => {
    await database.db.raw(BEFORE);
    await database.db.raw(`insert into operator_actions (action, system, actor, reason, detail, at) values
      ('pause', 'stripe', 'cli:ada on host', 'a "reason"', '{"was_paused": false}', '2026-03-01T12:00:00.123456Z'),
      ('resolve', 'stripe', 'key:back office/3f9c1a2b7d04', null, '{"decision": "recreate", "a": [1, {"z": null, "b": "ü"}]}', now()),
      ('resume', 'stripe', 'key:0a1b2c3d', null, '{}', now())`);
    await database.db.raw(`insert into operator_action_pairs (action_id, mapping_id, event_id)
      select id, n, case when n = 2 then gen_random_uuid() end from operator_actions, generate_series(1, 3) n where action = 'resolve'`);
    await migrate(database.db);
    expect(await verifyAudit(database.db)).to.include({ entries: 3, broken: null });
    const keys = await database.db('operator_actions').orderBy('id').pluck('key');
    expect(keys).to.deep.equal([null, '3f9c1a2b7d04', '0a1b2c3d']);
  });
});

/** What 0043-audit-chain.sql has made goes again. */
const BEFORE = `
drop index operator_actions_action, operator_actions_actor;
drop table audit_head, audit_checkpoints;
drop trigger operator_actions_kept on operator_actions;
drop trigger operator_action_pairs_kept on operator_action_pairs;
drop function refuse_removal_of_actions();
drop function operator_action_text(operator_actions);
drop function operator_action_pairs_hash(bigint);
drop function canonical_json(jsonb);
alter table operator_actions drop column key, drop column before, drop column after, drop column pair_count,
  drop column pairs_hash, drop column previous, drop column hash;
delete from schema_migrations where name like '0043-%'`;
