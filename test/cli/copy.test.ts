// A copy of a database with a key of the account that its original uses: without the check, each
// customer would get a second record there.
import { expect } from 'chai';
import { bindConnection, ensureConnection, readInstanceId } from '../../db/connections.ts';
import { insertCustomer } from '../support/customers.ts';
import { insertNotLinked } from '../../db/mappings/writes/consents.ts';
import { addressOf, createCursor } from '../../db/relay/identity.ts';
import { withTransaction } from '../../db/server/connection.ts';
import { systemClock } from '../../lib/clock.ts';
import { bindAccount } from '../../lib/integrations/bind.ts';
import { createStripeIntegration } from '../../lib/integrations/stripe/stripe.ts';
import { newEventId } from '../../lib/uuid.ts';
import { createSimulator, type Simulator } from '../../simulator/simulator.ts';
import { useDatabase } from '../support/database.ts';
import { usePlace } from './twinbox.ts';

const ACCOUNT = 'acct_original';
const KEY = 'sk_test_twinbox_fake';
const REFUSAL =
  /[Tt]his database is a copy, and 2 records have the owner tag of its original \(twinbox_\w{8}\).*acct_original.*second record.*--beside-original --why/s;

describe('a copied database and the account of its original', function () {
  this.timeout(120_000);
  const database = useDatabase();
  let simulator: Simulator;
  const place = usePlace(() => ({
    DATABASE_URL: database.url,
    STRIPE_API_BASE: simulator.url,
    STRIPE_SECRET_KEY: KEY,
  }));

  before('an original with two pairs, and its copy', async () => {
    simulator = createSimulator({ accountId: ACCOUNT });
    await simulator.listen();
    const { db } = database;
    const tag = `twinbox_${await readInstanceId(db)}`;
    const now = new Date();
    await withTransaction(db, async (tx) => {
      await ensureConnection(tx, 'stripe');
      await bindConnection(tx, { system: 'stripe', account: ACCOUNT, livemode: false, now });
      for (const name of ['Ada', 'Grace']) {
        const email = `${name.toLowerCase()}@example.com`;
        const stamp = { eventId: newEventId(now), source: 'internal', context: {}, now };
        await insertCustomer(tx, { name, email }, stamp);
        simulator.dashboard.createCustomer({ name, email, metadata: { [tag]: stamp.eventId } });
      }
    });
    await createCursor(db, addressOf({ url: database.url }));
    const copied = await place.run(['relay', '--after-restore', 'copy']);
    expect(copied.code, copied.stderr).to.equal(0);
    await withTransaction(db, (tx) =>
      insertNotLinked(tx, { system: 'stripe', externalType: 'customer', account: ACCOUNT }),
    );
  });
  after('close it', () => simulator.close());

  const binding = async () => {
    const tagKey = `twinbox_${await readInstanceId(database.db)}`;
    const integration = createStripeIntegration({ secretKey: KEY, apiBase: simulator.url, tagKey });
    return bindAccount(database.db, systemClock, integration);
  };

  it('is refused by workers, with the number of records that bear the original’s owner tag', async () => {
    const refused = await binding();
    expect(refused.ok).to.equal(false);
    expect(refused.ok ? '' : refused.message).to.match(REFUSAL);
  });

  it('link --dry-run shows the plan and the refusal; link --all refuses, and links nothing', async () => {
    const shown = await place.run(['link', '--dry-run']);
    expect(shown.stderr).to.match(REFUSAL);
    expect(shown.stdout).to.match(/2 +customers have no record/);
    const json = await place.run(['link', '--dry-run', '--json']);
    expect(JSON.parse(json.stdout)).to.deep.include({ original: { records: 2, refused: true } });
    const all = await place.run(['link', '--all', '--yes']);
    expect(all.stderr).to.match(REFUSAL);
    expect(all.code).to.equal(2);
    const { rows } = await database.db.raw<{ rows: { count: number }[] }>(
      `select count(*) from external_mappings where consent is not null`,
    );
    expect(rows[0]?.count).to.equal(0);
  });

  it('is allowed by connect stripe --beside-original, which needs a reason and is recorded', async () => {
    const bare = await place.run(['connect', 'stripe', '--beside-original']);
    expect(bare.stderr).to.match(/reason/);
    expect(bare.code).to.equal(2);
    const allowed = await place.run(['connect', 'stripe', '--beside-original', '--why', 'a drill']);
    expect(allowed.stderr).to.match(/may use the account acct_original of its original now.*2 records/s);
    expect(allowed.code).to.equal(0);
    const { rows } = await database.db.raw<{ rows: object[] }>(
      `select action, reason, detail from operator_actions where action = 'allow_beside_original'`,
    );
    expect(rows).to.deep.equal([
      { action: 'allow_beside_original', reason: 'a drill', detail: { account: ACCOUNT, records: 2 } },
    ]);
    expect(await binding()).to.deep.equal({ ok: true, account: ACCOUNT, livemode: false });
    const all = await place.run(['link', '--all', '--yes']);
    expect(all.stderr).to.match(/are not changed; an operator has allowed the copy to work in this account/);
    expect(all.code).to.equal(0);
  });

  it('needs no permission in an account without records of the original', async () => {
    const again = await place.run(['relay', '--after-restore', 'copy']);
    expect(again.code, again.stderr).to.equal(0);
    expect((await binding()).ok, 'a copy of the copy is asked anew').to.equal(false);
    simulator.keys.mapKey('sk_test_twinbox_other', 'acct_other');
    const env = { STRIPE_SECRET_KEY: 'sk_test_twinbox_other' };
    const moved = await place.run(['connect', 'stripe', '--new-account', '--yes'], { env });
    expect(moved.code, moved.stderr).to.equal(0);
    const shown = await place.run(['link', '--dry-run'], { env });
    expect(shown.stderr).not.to.match(/is a copy/);
  });
});
