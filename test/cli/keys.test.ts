import { expect } from 'chai';
import { readActionsAfter } from '../../db/operator-actions.ts';
import { useDatabase } from '../support/database.ts';
import { runHere } from './in-process.ts';
import { usePlace } from './twinbox.ts';

type Shown = { id: string; name: string; state: string; key: string; old?: { expires_at: string } };

describe('twinbox keys', function () {
  this.timeout(120_000);
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));
  const open = useDatabase();

  it('create prints the key alone on standard output, and says once that the API is closed now', async () => {
    const first = await place.run(['keys', 'create', 'shop', '--scope', 'editor', '--why', 'it begins']);
    expect(first.stdout, first.stderr).to.match(/^twinbox_[0-9a-f]{12}_[0-9a-f]{48}\n$/);
    expect(first.stderr)
      .to.include('scope editor')
      .and.include('never expires')
      .and.include('the API is closed');
    expect(first.stderr).not.to.include(first.stdout.trim());
    const second = await place.run(['keys', 'create', 'second', '--scope', 'viewer', '--expires', '90d']);
    expect(second.stderr)
      .to.match(/until 20/)
      .and.not.include('the API is closed');
    const [action] = await readActionsAfter(database.db, 0, 1);
    expect(action).to.include({ action: 'create_key', reason: 'it begins' });
    expect(action?.actor).to.match(/^cli:/);
  });

  it('list shows the keys that are live, and none of their texts', async () => {
    const { stdout } = await place.run(['keys']);
    expect(stdout).to.match(/id +name +scope +state +last used +expires/);
    expect(stdout)
      .to.match(/[0-9a-f]{12} +shop +editor +live +never +never/)
      .and.match(/second +viewer +live +never +20/);
    expect(stdout).not.to.match(/twinbox_/);
  });

  it('rotate leaves the old key for the time of --grace, and revoke ends a key', async () => {
    const list = async (): Promise<Shown[]> =>
      (JSON.parse((await place.run(['keys', 'list', '--all', '--json'])).stdout) as { keys: Shown[] }).keys;
    const old = (await list())[0]?.id ?? '';
    const rotated = await place.run(['keys', 'rotate', old, '--grace', '1h', '--json']);
    const made = JSON.parse(rotated.stdout) as Shown;
    expect(made).to.include({ name: 'shop', state: 'live' });
    expect(made.key).to.match(/^twinbox_/);
    expect(Date.parse(made.old?.expires_at ?? '')).to.be.within(
      Date.now() + 3_000_000,
      Date.now() + 3_600_000,
    );
    expect(rotated.stderr).to.include('works until');
    const again = await place.run(['keys', 'rotate', old]);
    expect([again.code, again.stderr.includes(made.id)]).to.deep.equal([1, true]);
    expect((await place.run(['keys', 'revoke', made.id])).stderr).to.include('stops within 5 s');
    expect((await place.run(['keys', 'revoke', made.id])).stderr).to.include('revoked already');
    expect((await list()).map(({ state }) => state)).to.deep.equal(['live', 'live', 'revoked']);
    expect((await place.run(['keys', 'revoke', '000000000000'])).code).to.equal(3);
  });

  it('says that keys of another API_KEY_SECRET are not accepted', async () => {
    const env = { API_KEY_SECRET: 's'.repeat(32) };
    const { stderr } = await place.run(['keys', 'create', 'third', '--scope', 'viewer'], { env });
    expect(stderr).to.include('API_KEY_SECRET');
    expect((await place.run(['keys', 'list'], { env })).stdout).to.match(/shop.*foreign/);
  });

  it('refuses names, scopes, times and systems that are none, and never repeats the text of a key', async () => {
    const text = `twinbox_${'0'.repeat(12)}_${'1'.repeat(48)}`;
    for (const [args, says] of [
      [['create', 'shop'], '--scope'],
      [['create', 'shop', '--scope', 'all'], 'viewer'],
      [['create', ' shop', '--scope', 'viewer'], 'begins with a letter'],
      [['create', 'a\u202eb', '--scope', 'viewer'], 'begins with a letter'],
      [['create', 'shop', '--scope', 'viewer', '--expires', 'tomorrow'], '90d'],
      [['create', 'shop', '--scope', 'viewer', '--expires', '2020-01-01T00:00:00Z'], '90d'],
      [['create', 'shop', '--scope', 'viewer', '--system', 'stripe'], 'leave --system out'],
      [['create', 'shop', '--scope', 'ingest', '--system', 'stripe'], 'signature'],
      [['revoke', text], 'not by its text'],
      [['rotate', '000000000000', '--grace', '1'], '30m'],
    ] as [string[], string][]) {
      const { code, stderr, stdout } = await runHere('keys', ...args);
      expect(code, args.join(' ')).to.equal(2);
      expect(stderr, args.join(' ')).to.include(says);
      expect(stdout + stderr).not.to.include('1'.repeat(48));
    }
  });

  it('list and revoke make no database where there is none', async () => {
    const elsewhere = { env: { DATABASE_URL: '' } };
    for (const args of [['list'], ['revoke', '0'.repeat(12)]]) {
      const { code, stderr } = await place.run(['keys', ...args], elsewhere);
      expect([code, stderr], args.join(' ')).to.deep.include(69);
      expect(stderr).to.include('There is no database in');
    }
  });

  it('are what an API that other machines can reach needs to start', async () => {
    const env = { DATABASE_URL: open.url, API_HOST: '0.0.0.0' };
    const { code, stderr } = await place.run(['up'], { env });
    expect([code, stderr.includes('npx twinbox keys create')], stderr).to.deep.equal([78, true]);
    await place.run(['keys', 'create', 'first', '--scope', 'admin'], { env });
    const up = await place.up(env);
    const { port } = new URL(up.api);
    expect((await fetch(`http://127.0.0.1:${port}/api/v1/customers`)).status).to.equal(401);
  });
});
