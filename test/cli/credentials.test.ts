import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { ignoreConnectionSettings } from '../../lib/config/config.ts';
import { finish, type Finished } from '../support/child.ts';
import { A_KEY, allText } from '../support/credentials.ts';
import { useDatabase } from '../support/database.ts';
import { CLIENT_SECRET, startToy, type ToyServer } from '../support/toy/double/server.ts';

const CLI = fileURLToPath(import.meta.resolve('../support/toy/double/cli.ts'));

describe('twinbox credentials', function () {
  this.timeout(120_000);
  const database = useDatabase();
  let folder: string;
  let toy: ToyServer;
  before('start Toy', async () => {
    folder = await mkdtemp(join(tmpdir(), 'twinbox-credentials-'));
    toy = await startToy();
  });
  after('stop it', async () => {
    await toy.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function run(
    args: string[],
    { input = '', env = {} }: { input?: string; env?: Record<string, string> } = {},
  ): Promise<Finished> {
    const child = spawn(process.execPath, [CLI, ...args], {
      cwd: folder,
      env: {
        ...ignoreConnectionSettings(),
        ...{ DATABASE_URL: database.url, TWINBOX_DATA_DIR: join(folder, 'data') },
        ...{ STRIPE_SECRET_KEY: 'sk_test_none', STRIPE_API_BASE: 'http://127.0.0.1:1' },
        ...{ TOY_DOUBLE: toy.url, TOY_DOUBLE_CLIENT: CLIENT_SECRET, TWINBOX_SECRET_KEY: A_KEY },
        ...env,
      },
    });
    const finished = await finish(child, input);
    for (const secret of [...toy.tokens.given(), CLIENT_SECRET, A_KEY])
      expect(finished.stdout + finished.stderr).to.not.include(secret);
    return finished;
  }

  it('are missing at first, which doctor says with what to do', async () => {
    const { code, stdout } = await run(['doctor', '--system', 'toy']);
    expect(code).to.equal(1);
    expect(stdout).to.match(/problem +credential +none is stored yet/);
    expect(stdout).to.include('npx twinbox credentials set toy');
  });

  it('are taken from standard input, with the account that they are of', async () => {
    const token = toy.tokens.connect();
    const { code, stdout, stderr } = await run(['credentials', 'set', 'toy'], { input: `${token}\n` });
    expect([code, stdout], stderr).to.deep.equal([0, 'Stored: Toy account toy_account.\n']);
    const rows = await allText(database.db);
    for (const secret of toy.tokens.given()) expect(rows).to.not.include(secret);
  });

  it('are shown with their times and the name of their key, and by status and doctor', async () => {
    const shown = await run(['credentials']);
    expect(shown.stdout).to.match(
      /toy {2}toy_account {2}key [0-9a-f]{8} {2}expires at 20.*is renewed by itself; reconnect by 20/,
    );
    expect((await run(['status', '--system', 'toy'])).stdout).to.match(/credential +expires at 20/);
    const doctor = await run(['doctor', '--system', 'toy']);
    expect(doctor.stdout)
      .to.match(/ok +credential +expires at 20/)
      .and.match(/ok +key rights/);
  });

  it('are refused as an argument, in a wrong form, and where they are static', async () => {
    const token = toy.tokens.connect();
    expect((await run(['credentials', 'set', 'toy', 'a-secret'])).code).to.equal(2);
    const wrong = await run(['credentials', 'set', 'toy'], { input: 'two words' });
    expect([wrong.code, wrong.stderr.includes('does not have the form')]).to.deep.equal([2, true]);
    const fixed = await run(['credentials', 'set', 'stripe'], { input: token });
    expect([fixed.code, fixed.stderr.includes('is static')]).to.deep.equal([2, true]);
    const keyless = await run(['credentials', 'set', 'toy'], {
      input: token,
      env: { TWINBOX_SECRET_KEY: '' },
    });
    expect([keyless.code, keyless.stderr.includes('openssl rand -base64 32')]).to.deep.equal([78, true]);
  });

  it('say by status, doctor and show what to do once the system refuses them', async () => {
    toy.tokens.revoke({ forGood: true });
    await database.db.raw(
      `update system_credentials set expires_at = now(), stored_at = now() - interval '1 hour'`,
    );
    expect((await run(['connect', 'toy'])).code).to.equal(2);
    expect((await run(['credentials', 'show', 'toy'])).stderr).to.include('npx twinbox credentials set toy');
    expect((await run(['status', '--system', 'toy'])).stdout).to.match(/credential +refused since 20/);
    const doctor = await run(['doctor', '--system', 'toy']);
    expect(doctor.stdout).to.match(/problem +credential +toy has refused to renew our credential/);
    const again = await run(['credentials', 'set', 'toy'], { input: toy.tokens.connect() });
    expect(again.code, again.stderr).to.equal(0);
    expect((await run(['connect', 'toy'])).stdout).to.include('toy_account');
  });
});
