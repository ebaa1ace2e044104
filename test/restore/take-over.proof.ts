// The drills of docs/restore.md, by its own commands: another server takes over while people work
// on both sides. The measured times are printed.
import { expect } from 'chai';
import { ensureDatabase } from '../../db/server/server.ts';
import { createPeople } from '../processes/people.ts';
import { lossesOf } from '../support/losses.ts';
import { waitUntil } from '../support/signal.ts';
import { LONG, useDrill } from './drill.ts';
import { findPrograms, sayNotTried } from './installed.ts';
import { blocksOf } from './page.ts';
import { giveToServer, makeDataFolder, openAddress, serve } from './servers.ts';

const programs = await findPrograms();
describe('a change of server as described in docs/restore.md', function () {
  this.timeout(1_800_000);
  if (programs === null) return sayNotTried('another server, as docs/restore.md has it');
  const drill = useDrill(programs);
  const { servers, place, start, page, end, withDb, make, verified, nothingLostNorDoubled } = drill;

  it('Fail-over to a standby under load', async () => {
    const primary = await start('primary');
    await ensureDatabase(primary.url('postgres'), 'twinbox', 'template0');
    const data = await makeDataFolder(drill.folder, 'standby');
    const [base, promote] = await blocksOf('Fail-over');
    await page(base, { PRIMARY_URL: primary.url('postgres'), STANDBY_DATA: data });
    await giveToServer(data);
    const standby = await serve(programs, data);
    servers.push(standby);
    const psql = (sql: string) =>
      page(`psql --dbname="$TO" --quiet --tuples-only --no-align --command="${sql}"`, {
        TO: primary.url('postgres'),
      });
    await psql(`alter system set synchronous_standby_names = '*'`);
    await psql('select pg_reload_conf()');
    const address = await openAddress(primary.port);
    drill.url = `postgresql://twinbox@127.0.0.1:${address.port}/twinbox`;
    try {
      expect(await place.run(['migrate'])).to.include({ code: 0 });
      const up = await place.up();
      const people = createPeople({ apis: [up.api], simulator: drill.simulator }, 7, LONG.timeoutMs);
      let seconds = 0;
      const failOver = async (): Promise<void> => {
        await waitUntil(() => people.begun() >= 20, { ...LONG, what: '20 customers' });
        await primary.kill();
        const began = performance.now();
        await page(promote, { STANDBY_URL: standby.url('postgres') });
        address.leadTo(standby.port);
        await waitUntil(
          () =>
            make(up, `after${Math.round(performance.now())}`).then(
              () => true,
              () => undefined,
            ),
          { ...LONG, everyMs: 20, what: 'a write after the fail-over' },
        );
        seconds = (performance.now() - began) / 1000;
      };
      await Promise.all([people.work(60, 6), failOver()]);
      await place.run(['resume', 'stripe', '--deletes']);
      await verified();
      const living = await nothingLostNorDoubled();
      const losses = await withDb(async (db) => lossesOf(db, await people.reported(), people.edits));
      expect(losses).to.deep.equal([]);
      console.log(
        `  fail-over: ${living} customers, ${people.edits.length} edits, lost 0, doubled 0; writes again after ${seconds.toFixed(1)} s`,
      );
      await end(up);
    } finally {
      await address.close();
    }
  });

  it('Cut-over by logical replication under load', async () => {
    const old = await start('old', ['wal_level=logical']);
    const next = await start('next');
    for (const server of [old, next]) await ensureDatabase(server.url('postgres'), 'twinbox', 'template0');
    drill.url = old.url('twinbox');
    const variables = { OLD_URL: old.url('twinbox'), NEW_URL: next.url('twinbox') };
    expect(await place.run(['migrate'])).to.include({ code: 0 });
    let up = await place.up();
    const people = createPeople({ apis: [up.api], simulator: drill.simulator }, 11, LONG.timeoutMs);
    let seconds = 0;
    const cutOver = async (): Promise<void> => {
      await waitUntil(() => people.begun() >= 10, { ...LONG, what: '10 customers' });
      const [copy, wait, drop, say] = await blocksOf('Cut-over');
      await page(copy, variables);
      const sql = `select count(*) = 0 from pg_subscription_rel where srsubstate <> 'r'`;
      await waitUntil(
        async () =>
          (
            await page(`psql --dbname="$NEW_URL" --tuples-only --no-align --command="${sql}"`, variables)
          ).trim() === 't',
        { ...LONG, what: 'every table is copied' },
      );
      await waitUntil(() => people.begun() >= 20, { ...LONG, what: '20 customers' });
      const began = performance.now();
      await end(up);
      await waitUntil(async () => (await page(wait, variables)).trim() === 't', {
        ...LONG,
        what: 'the new server has all changes',
      });
      await page(drop, variables);
      await page(say, { DATABASE_URL: variables.NEW_URL });
      drill.url = variables.NEW_URL;
      up = await place.up();
      await make(up, 'after-the-cut-over');
      seconds = (performance.now() - began) / 1000;
    };
    await Promise.all([people.work(36, 6), cutOver()]);
    // A webhook that found no API is sent again by Stripe later, or found by the sweep.
    await place.run(['resume', 'stripe', '--deletes']);
    await verified();
    const living = await nothingLostNorDoubled();
    const losses = await withDb(async (db) => lossesOf(db, await people.reported(), people.edits));
    expect(losses).to.deep.equal([]);
    console.log(
      `  cut-over: ${living} customers, ${people.edits.length} edits, lost 0, doubled 0; no writes for ${seconds.toFixed(1)} s`,
    );
    await end(up);
  });
});
