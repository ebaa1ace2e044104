// Processes that are killed in the middle of a renewal, at every failpoint in lib/credentials/.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { readCredential } from '../../../db/credentials.ts';
import { finishCredential, storeGiven } from '../../../lib/operations/credentials.ts';
import { finish } from '../../support/child.ts';
import { A_KEY, endRenewals } from '../../support/credentials.ts';
import { useDatabase } from '../../support/database.ts';
import { environmentWith } from '../../support/environment.ts';
import { toyAt } from '../../support/toy/double/definition.ts';
import { CLIENT_SECRET, startToy, type ToyServer } from '../../support/toy/double/server.ts';
import { loadConfig } from '../../../lib/config/config.ts';

const CHILD = fileURLToPath(import.meta.resolve('../../support/toy/credential-child.ts'));
const ROOM = join(import.meta.dirname, '../../../lib/credentials');
const config = loadConfig({}, { envFile: false });
const quiet = (): void => undefined;

describe('a process that is killed while it renews a credential', function () {
  this.timeout(60_000);
  const database = useDatabase();
  let toy: ToyServer;

  beforeEach('connect Toy', async () => {
    toy = await startToy();
    await database.db.raw('delete from system_credentials');
    const access = toyAt(toy.url, { clientSecret: CLIENT_SECRET }).findAccess(config);
    if (!access) throw new Error('Toy has an address');
    const deps = {
      access,
      instanceId: 'kill',
      db: database.db,
      keys: [A_KEY],
      log: { info: quiet, warn: quiet },
    };
    const clock = { now: () => new Date(toy.time()) };
    expect(await storeGiven({ ...deps, clock }, toy.tokens.connect())).to.equal(true);
    expect(await finishCredential({ ...deps, clock })).to.include({ ok: true });
    toy.advance(2 * 60_000);
    toy.tokens.revoke();
  });
  afterEach('stop it', () => toy.close());

  /** The failpoints that it passed; null if it was killed. */
  async function work(failpoints = ''): Promise<string[] | null> {
    const time = new Date(toy.time()).toISOString();
    const child = spawn(process.execPath, [CHILD, database.url, toy.url, time, failpoints], {
      env: environmentWith({}),
    });
    const { stdout, stderr } = await finish(child);
    if (child.signalCode === 'SIGKILL') return null;
    expect(child.exitCode, stderr).to.equal(0);
    return JSON.parse(stdout) as string[];
  }
  const version = async () => (await readCredential(database.db, 'toy', 'bound'))?.version;

  it('passes every failpoint that there is: no place is missing below', async () => {
    const named = readdirSync(ROOM).flatMap((name) =>
      [...readFileSync(join(ROOM, name), 'utf8').matchAll(/failpoint\('([^']*)'\)/g)].map(([, one]) => one),
    );
    // One that finds another at work waits there; test/lib/credentials/engine.test.ts stops it.
    expect(await work()).to.deep.equal(named.filter((name) => name !== 'credential.waiting'));
    expect(named).to.have.lengthOf(4);
  });

  for (const [point, isStored, more] of [
    ['credential.begun', false, 1],
    ['credential.renewed', false, 2],
    ['credential.stored', true, 1],
  ] as const)
    it(`leaves at ${point} what the next process goes on with`, async () => {
      const [before, renewals] = [await version(), toy.tokens.renewals()];
      expect(await work(`${point}=kill`)).to.equal(null);
      expect((await version()) !== before).to.equal(isStored);
      await endRenewals(database.db);
      expect(await work()).to.be.an('array');
      expect(toy.tokens.renewals() - renewals).to.equal(more);
      expect(await work()).to.deep.equal([]);
    });

  it('and another one at the same moment: one renewal, and both go on', async () => {
    const renewals = toy.tokens.renewals();
    const passed = await Promise.all([work(), work(), work()]);
    expect(toy.tokens.renewals() - renewals).to.equal(1);
    expect(passed.filter((each) => each?.includes('credential.stored'))).to.have.lengthOf(1);
    expect(passed.filter((each) => each?.includes('credential.begun') === false)).to.have.lengthOf(2);
  });
});
