import { expect } from 'chai';
import { bindConnection, ensureConnection, readConnection } from '../../db/connections.ts';
import { withTransaction } from '../../db/server/connection.ts';
import { createSimulator, type Simulator } from '../../simulator/simulator.ts';
import { useDatabase } from '../support/database.ts';
import { AS_TERMINAL, usePlace } from './twinbox.ts';

const FIRST = 'acct_first';
const OTHER = { key: 'sk_test_twinbox_other', account: 'acct_other' };

describe('twinbox connect', () => {
  const database = useDatabase();
  let simulator: Simulator;
  const place = usePlace(() => ({
    DATABASE_URL: database.url,
    STRIPE_API_BASE: simulator.url,
    STRIPE_SECRET_KEY: OTHER.key,
  }));

  before('Stripe with two accounts', async () => {
    simulator = createSimulator({ accountId: FIRST });
    await simulator.listen();
    simulator.keys.mapKey(OTHER.key, OTHER.account);
  });
  after('close it', () => simulator.close());

  it('says that the database is not bound to any account yet', async () => {
    const { code, stdout, stderr } = await place.run(['connect', 'stripe']);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.include('no account yet').and.include(OTHER.account);
    expect(stderr).to.include('first contact');
  });

  it('names both accounts where the key is of another account, and changes nothing unless asked', async () => {
    await withTransaction(database.db, async (tx) => {
      await ensureConnection(tx, 'stripe');
      await bindConnection(tx, { system: 'stripe', account: FIRST, livemode: false, now: new Date() });
    });
    const shown = await place.run(['connect', 'stripe']);
    expect(shown.code).to.equal(1);
    expect(shown.stdout).to.include(`${FIRST} (test mode)`).and.include(`${OTHER.account} (test mode)`);
    expect(shown.stderr).to.include('--new-account');
    const unasked = await place.run(['connect', 'stripe', '--new-account']);
    expect(unasked.code).to.equal(2);
    expect(unasked.stderr).to.include('--yes');
    const left = await place.run(['connect', 'stripe', '--new-account'], { env: AS_TERMINAL, input: '\x04' });
    expect(left.code).to.equal(130);
    expect(left.stderr).to.match(/Move the database\? \[y\/N\] .*\nNothing was done\.\n$/);
    expect((await readConnection(database.db, 'stripe'))?.account).to.equal(FIRST);
  });

  it('refuses while a process runs on the database', async () => {
    await database.db.raw(
      `insert into leases (name, owner, until) values ('relay', 'test', now() + interval '1 minute')`,
    );
    const { code, stderr } = await place.run(['connect', 'stripe', '--new-account', '--yes']);
    expect(code).to.equal(69);
    expect(stderr).to.include('relay').and.include('stop');
    await database.db.raw(`delete from leases`);
  });

  it('moves the database to another account by --new-account, once', async () => {
    const moved = await place.run(['connect', 'stripe', '--new-account', '--yes', '--json']);
    expect(moved.code, moved.stderr).to.equal(0);
    expect(JSON.parse(moved.stdout)).to.deep.include({
      moved: true,
      from: { account: FIRST, livemode: false },
      to: { account: OTHER.account, livemode: false },
    });
    const again = await place.run(['connect', 'stripe', '--new-account', '--yes']);
    expect(again.code).to.equal(0);
    expect(again.stdout).to.include(`belong to the account ${OTHER.account}`);
  });
});
