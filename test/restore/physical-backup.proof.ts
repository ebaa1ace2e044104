// The drill of docs/restore.md with a base backup, by its own commands: a copy, and in place.
import { execFile } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { serverAccount } from '../../cli/embedded/binaries.ts';
import { serverEnv } from '../../cli/embedded/cluster.ts';
import { ensureDatabase } from '../../db/server/server.ts';
import type { Installed } from '../db/installed-server.ts';
import { freePorts } from '../kafka/support/ports.ts';
import { effectsTwice } from '../processes/at-the-end.ts';
import { LONG, useDrill } from './drill.ts';
import { findPrograms, sayNotTried } from './installed.ts';
import { blocksOf, runBlock } from './page.ts';
import { makeDataFolder } from './servers.ts';
import { waitUntil } from '../support/signal.ts';

const run = promisify(execFile);

/** A cluster whose own file has its address, so that `pg_ctl start` needs no more than its folder. */
async function initialise({ bin }: Installed, data: string, port: number): Promise<void> {
  const as = { ...(await serverAccount()), cwd: data, env: serverEnv() };
  const initdb = ['--username=twinbox', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
  await run(join(bin, 'initdb'), [...initdb, '--pgdata', data], as);
  const settings = [
    'fsync = off',
    "listen_addresses = '127.0.0.1'",
    "unix_socket_directories = ''",
    `port = ${port}`,
  ];
  await appendFile(join(data, 'postgresql.conf'), `${settings.join('\n')}\n`);
}

const programs = await findPrograms();
describe('the drill with a base backup, as docs/restore.md has it', function () {
  this.timeout(1_800_000);
  if (programs === null) return sayNotTried('the drill with a base backup');
  const drill = useDrill(programs);
  const { place, page, end, make, verified } = drill;
  const data: string[] = [];

  /** A block with programs of PostgreSQL, as its user. */
  async function asPostgres(block: string | undefined, variables: Record<string, string>): Promise<void> {
    const done = await runBlock(programs ?? fail(), block ?? 'false', variables, {
      ...(await serverAccount()),
      cwd: '/',
    });
    expect(done.code, `${block}${done.stderr}`).to.equal(0);
  }
  afterEach('stop the servers', async () => {
    for (const folder of data.splice(0))
      await asPostgres('pg_ctl stop --silent --pgdata="$PGDATA" --mode=immediate || true', {
        PGDATA: folder,
      });
  });

  it('a copy agrees with its own account, and the original is put back in place with nothing lost', async () => {
    const [port = 0, copyPort = 0] = await freePorts(2);
    const home = await makeDataFolder(drill.folder, 'server');
    const [PGDATA, BASE, COPY_DATA] = [join(home, 'data'), join(home, 'base'), join(home, 'copy')];
    const urlAt = (at: number) => `postgresql://twinbox@127.0.0.1:${at}/twinbox`;
    drill.url = urlAt(port);
    const variables = {
      ...{ DATABASE_URL: drill.url, COPY_URL: urlAt(copyPort), COPY_PORT: String(copyPort) },
      ...{ PGDATA, BASE, COPY_DATA },
    };
    await asPostgres('mkdir --mode=700 "$PGDATA"', variables);
    await initialise(programs, PGDATA, port);
    data.push(PGDATA, COPY_DATA);
    await asPostgres('pg_ctl start --pgdata="$PGDATA" --log="$PGDATA/server.log" --wait', variables);
    await ensureDatabase(drill.url.replace(/twinbox$/, 'postgres'), 'twinbox', 'template0');
    expect(await place.run(['migrate'])).to.include({ code: 0 });
    let up = await place.up();
    for (let n = 0; n < 3; n += 1) await make(up, `kept${n}`);
    await verified();

    const [backup, copy, say, look, back, move, again] = await blocksOf('Drill with a base backup');
    await asPostgres(backup, variables);
    for (let n = 0; n < 2; n += 1) await make(up, `lost${n}`);
    await verified();
    await end(up);

    // As a copy, with an account of its own.
    await asPostgres(copy, variables);
    const other = { STRIPE_SECRET_KEY: 'sk_test_of_the_copy', STRIPE_API_BASE: drill.simulator.url };
    await fetch(`${drill.simulator.url}/_sim/accounts/keys`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ key: other.STRIPE_SECRET_KEY, account: 'acct_1OfTheCopy' }),
    });
    drill.url = urlAt(copyPort);
    const refused = await place.run(['up', '--json'], { env: other });
    expect(refused).to.include({ code: 69 });
    const [expected = '', copied = '', moved = ''] = await blocksOf('Drill with a base backup', 'text');
    expect(refused.stderr).to.include(expected.trim().replace(/\.$/, ''));
    expect(await page(`exec 2>&1\n${say}`, { ...variables, ...other })).to.include(copied.trim());
    up = await place.up(other);
    expect(await page(look, { ...variables, ...other })).to.match(/3 customers agree, 0 drift\n$/);
    await end(up);

    // In place.
    drill.url = urlAt(port);
    await asPostgres(back, variables);
    expect(await page(`exec 2>&1\n${move}`, variables)).to.include(moved.trim());
    up = await place.up();
    await waitUntil(
      async () => {
        const { stdout, stderr } = await place.run(['status']);
        return stdout.concat(stderr).includes('Stripe has 2 records without a customer') || undefined;
      },
      { ...LONG, what: 'status names the lost rows' },
    );
    expect(await page(again, variables)).to.match(/5 customers agree, 0 drift\n$/);
    // No request took effect twice, in either account.
    expect(await effectsTwice(drill)).to.deep.equal([]);
    await end(up);
  });
});

function fail(): never {
  throw new Error('no programs');
}
