import { expect } from 'chai';
import { createDb } from '../../db/server/connection.ts';
import { assertMigrated, migrate, migrationNames } from '../../db/server/migrate.ts';
import { databaseUrl, ensureDatabase, judgeServerVersion } from '../../db/server/server.ts';
import { call, callStripe, noLimits, usePlace, type Up } from '../cli/twinbox.ts';
import { waitUntil } from '../support/signal.ts';
import { describeInstalled } from './installed-server.ts';

type Customer = { id: number; name: string };
type Found = { data: { id: string }[] };

await describeInstalled((address) => {
  it('is migrated completely', async () => {
    await ensureDatabase(address(), 'migrated', 'template0');
    const db = createDb({
      url: databaseUrl(address(), 'migrated'),
      poolSize: 1,
      applicationName: 'migrated',
    });
    try {
      expect(await migrate(db)).to.deep.equal([...(await migrationNames()), 'customers']);
      await assertMigrated(db);
    } finally {
      await db.destroy();
    }
  });

  describe('under a whole Twinbox', () => {
    const place = usePlace(() => ({ DATABASE_URL: databaseUrl(address(), 'whole') }));
    let up: Up;
    const soon = { timeoutMs: 40_000, everyMs: 50 };

    it('carries a customer to Stripe, an edit back and a deletion, and all agree', async () => {
      await ensureDatabase(address(), 'whole', 'template0');
      expect(await place.run(['migrate'])).to.include({ code: 0 });
      up = await place.up();
      await noLimits(up);
      const make = (name: string) =>
        call<Customer>('POST', `${up.api}/api/v1/customers`, { name, email: `${name}@example.com` });
      const [ada, grace] = [await make('ada'), await make('grace')];
      const theirs = (name: string) =>
        callStripe<Found>(up, 'GET', `/v1/customers?email=${name}%40example.com`);
      const id = await waitUntil(async () => (await theirs('ada')).data[0]?.id, {
        ...soon,
        what: 'ada is at Stripe',
      });
      await callStripe(up, 'POST', `/v1/customers/${id}`, { name: 'Ada Lovelace' });
      const here = () => call<Customer>('GET', `${up.api}/api/v1/customers/${ada.id}`);
      await waitUntil(async () => (await here()).name === 'Ada Lovelace', {
        ...soon,
        what: 'the edit is in our table',
      });
      await call('DELETE', `${up.api}/api/v1/customers/${grace.id}`);
      await call('GET', `${up.simulator}/_sim/webhooks/idle`);
      const { code, stdout } = await place.run(['verify', '--wait', '30']);
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: '1 customer agrees, 0 drift\n' });
      expect((await theirs('grace')).data).to.deep.equal([]);
    });
  });
});

describe('the version of a server', () => {
  it('is refused below 15, with the version number that people know', () => {
    for (const number of [149_999, 140_011, 130_000, 90_624])
      expect(judgeServerVersion(number), String(number)).to.include({ code: 'server_too_old' });
    expect(judgeServerVersion(140_011)?.message).to.equal(
      'this is PostgreSQL 14.11, and Twinbox needs 15 or newer: move the database to a newer server, or set DATABASE_URL to one',
    );
    expect(judgeServerVersion(90_624)?.message).to.include('PostgreSQL 9.6.24');
    for (const number of [150_000, 150_018, 180_004, 200_000])
      expect(judgeServerVersion(number)).to.equal(null);
  });
});
