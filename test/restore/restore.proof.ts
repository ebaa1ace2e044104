// The drills of docs/restore.md, by its own commands: a backup put back in place and beside, and a copy of the disk put back.
import { join } from 'node:path';
import { expect } from 'chai';
import { ensureDatabase } from '../../db/server/server.ts';
import { call } from '../cli/twinbox.ts';
import { openDeliveries } from '../processes/at-the-end.ts';
import { waitUntil } from '../support/signal.ts';
import { LONG, useDrill, type Customer } from './drill.ts';
import { findPrograms, sayNotTried } from './installed.ts';
import { blocksOf } from './page.ts';
import { openAddress, serve } from './servers.ts';

const programs = await findPrograms();
describe('a restore as described in docs/restore.md', function () {
  this.timeout(1_800_000);
  if (programs === null) return sayNotTried('a restore, as docs/restore.md has it');
  const drill = useDrill(programs);
  const { servers, place, start, page, end, withDb, make, verified, nothingLostNorDoubled } = drill;

  it('Backup and Restore, in place and beside', async () => {
    const server = await start('server');
    await ensureDatabase(server.url('postgres'), 'twinbox', 'template0');
    drill.url = server.url('twinbox');
    const variables = {
      DATABASE_URL: drill.url,
      DATABASE: 'twinbox',
      COPY: 'copied',
      COPY_URL: server.url('copied'),
      BACKUP: join(drill.folder, 'backup'),
      MAINTENANCE_URL: server.url('postgres'),
    };
    expect(await place.run(['migrate'])).to.include({ code: 0 });
    let up = await place.up();
    const kept: Customer[] = [];
    for (let n = 0; n < 5; n += 1) kept.push(await make(up, `kept${n}`));
    await verified();
    const [backup] = await blocksOf('Backup');
    await page(backup, variables);

    // What the backup does not have: five customers, a rename of ours and one at Stripe, and a
    // deletion there.
    const lost: Customer[] = [];
    for (let n = 0; n < 5; n += 1) lost.push(await make(up, `lost${n}`));
    const renamed = await call<Customer>('PATCH', `${up.api}/api/v1/customers/${kept[0]?.id}`, {
      name: 'here',
    });
    await verified();
    await end(up);

    const [restore, say, back] = await blocksOf('Restore');
    await page(restore, variables);
    const refused = await place.run(['up', '--json']);
    expect(refused.code).to.equal(69);
    expect(refused.stderr)
      .to.include('An older state of this database was restored in place')
      .and.include('npx twinbox relay --after-restore move');
    await page(say, variables);
    up = await place.up();
    // Created again before a person decided about the lost rows: no second record is created at
    // Stripe.
    const again = await make(up, 'lost0');
    expect(lost.map(({ id }) => id)).to.not.include(again.id);
    const status = await waitUntil(
      async () => {
        const { stdout, stderr } = await place.run(['status']);
        return /Stripe has 5 records without a customer in our table/.test(stdout + stderr) || undefined;
      },
      { ...LONG, what: 'status names the lost rows' },
    );
    expect(status).to.equal(true);
    const record =
      (await listThere(drill.simulator.url)).data.find(({ email }) => email === 'lost0@example.com')?.id ??
      '';
    expect(await place.run(['link', String(again.id), '--record', record])).to.include({ code: 0 });
    const imported = await page(back, variables);
    expect(imported).to.match(/10 customers agree, 0 drift/);
    const first = await call<Customer>('GET', `${up.api}/api/v1/customers/${kept[0]?.id}`);
    expect(first.name, 'the rename came back from Stripe').to.equal('here');
    expect(first.version).to.be.above(renamed.version);
    expect(await nothingLostNorDoubled()).to.equal(10);
    await end(up);

    const [beside] = await blocksOf('Beside the original');
    await page(beside, variables);
    const there = await listThere(drill.simulator.url);
    drill.url = server.url('copied');
    const copy = await place.up();
    await call('PATCH', `${copy.api}/api/v1/customers/${kept[1]?.id}`, { name: 'of the copy' });
    await withDb((db) =>
      waitUntil(async () => (await openDeliveries(db)).unreceived === 0, {
        ...LONG,
        what: 'the copy has done its work',
      }),
    );
    expect(await listThere(drill.simulator.url), 'the original’s customers').to.deep.equal(there);
    await end(copy);
    console.log('  restore in place: 5 rows lost by the backup, 5 taken back, 0 lost, 0 doubled');
  });

  it('a copy of the disk put back, without Kafka: Stripe’s events show it, and the lost rows are imported again', async () => {
    let server = await start('server');
    await ensureDatabase(server.url('postgres'), 'twinbox', 'template0');
    const address = await openAddress(server.port);
    drill.url = `postgresql://twinbox@127.0.0.1:${address.port}/twinbox`;
    const again = async (from: string, to: string): Promise<void> => {
      await server.kill();
      await page('rm -rf "$TO" && cp -a "$FROM" "$TO"', { FROM: from, TO: to });
      server = await serve(programs, server.data);
      servers.push(server);
      address.leadTo(server.port);
    };
    try {
      expect(await place.run(['migrate'])).to.include({ code: 0 });
      const before = await place.up();
      for (let n = 0; n < 3; n += 1) await make(before, `kept${n}`);
      await verified();
      await end(before);
      const copy = join(drill.folder, 'copy');
      await again(server.data, copy);
      const lost = await place.up();
      for (let n = 0; n < 3; n += 1) await make(lost, `lost${n}`);
      await verified();
      await end(lost);

      await again(copy, server.data);
      const unaware = await place.up();
      await unaware.exited;
      expect(unaware.stderr()).to.include(
        'Stripe names a request of this installation that the database does not have',
      );
      expect((await place.run(['up', '--json'])).code).to.equal(69);
      const [, say, back] = await blocksOf('Restore');
      await page(say, { DATABASE_URL: drill.url });
      const up = await place.up();
      await waitUntil(
        async () => {
          const { stdout, stderr } = await place.run(['status']);
          return /Stripe has 3 records without a customer in our table/.test(stdout + stderr) || undefined;
        },
        { ...LONG, what: 'status names the lost rows' },
      );
      expect(await page(back, { DATABASE_URL: drill.url })).to.match(/6 customers agree, 0 drift/);
      expect(await nothingLostNorDoubled()).to.equal(6);
      await end(up);
    } finally {
      await address.close();
    }
  });
});

function listThere(simulator: string): Promise<{ data: { id: string; email: string }[] }> {
  return fetch(`${simulator}/v1/customers?limit=100`, {
    headers: { authorization: 'Bearer sk_test_twinbox_fake' },
  }).then((answer) => answer.json() as Promise<{ data: { id: string; email: string }[] }>);
}
