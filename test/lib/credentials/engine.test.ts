// The engine with a credential that rotates: what a pair, the breaker and people see of it.
import { expect } from 'chai';
import { readCredential } from '../../../db/credentials.ts';
import { addressOf } from '../../../db/relay/identity.ts';
import { copyDatabase } from '../../../db/relay/restore.ts';
import { readBreaker } from '../../../db/limits/breakers.ts';
import { createKeeper } from '../../../lib/credentials/keeper.ts';
import { authorized } from '../../../lib/credentials/integrate.ts';
import { checkCredential } from '../../../lib/credentials/standing.ts';
import { syncPart } from '../../../lib/health/readiness.ts';
import { finishCredential, storeGiven, type SetDeps } from '../../../lib/operations/credentials.ts';
import { loadConfig } from '../../../lib/config/config.ts';
import { requireSystems } from '../../../lib/process/requirements.ts';
import { createSyncDeps } from '../../../lib/process/systems.ts';
import type { SystemAccess } from '../../../lib/integrations/definition.ts';
import { enableFailpoint } from '../../../lib/failpoint.ts';
import { createLogger } from '../../../lib/log.ts';
import { redact } from '../../../lib/redact.ts';
import { newEventId } from '../../../lib/uuid.ts';
import { A_KEY, allText, endRenewals, OTHER_KEY } from '../../support/credentials.ts';
import { insertCustomer } from '../../support/customers.ts';
import { useDatabase } from '../../support/database.ts';
import { createSide, markAccountRead, type EngineSide } from '../../support/engine.ts';
import { createSignal, pauseAt } from '../../support/signal.ts';
import { emptyTables } from '../../support/sync.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { besideOthers, toyAt } from '../../support/toy/double/definition.ts';
import { CLIENT_SECRET, startToy, type ToyServer } from '../../support/toy/double/server.ts';

const config = loadConfig({}, { envFile: false });
const DAY = 24 * 3_600_000;

describe('the engine with a credential that rotates', () => {
  const database = useDatabase();
  let toy: ToyServer;
  let side: EngineSide;
  let deps: SetDeps;

  beforeEach('connect Toy', async () => {
    await emptyTables(database.db);
    // The grace of what was replaced is the double's; no time passes by itself.
    const start = Date.now();
    toy = await startToy({ now: () => start });
    const { db } = database;
    const log = { info: () => undefined, warn: () => undefined };
    deps = { access: accessTo(CLIENT_SECRET), instanceId: 'engine', db, clock, keys: [A_KEY], log };
    await connect();
    const integration = await integrate();
    await markAccountRead(db, integration);
    side = await createSide(db, { clock, integration });
    await side.work();
  });
  afterEach('stop it', async () => {
    await side.lane.drain();
    await toy.close();
  });

  const clock = { now: () => new Date(toy.time()) };
  function accessTo(clientSecret: string): SystemAccess {
    const access = toyAt(toy.url, { clientSecret }).findAccess(config);
    if (!access?.auth) throw new Error('it rotates');
    return access;
  }
  async function integrate(keys = [A_KEY]) {
    const { auth } = deps.access;
    if (!auth) throw new Error('it rotates');
    const { authorize } = createKeeper({ ...deps, keys, system: 'toy', auth, which: 'bound' });
    return authorized(await deps.access.integrate('engine', authorize));
  }
  async function connect(token = toy.tokens.connect()) {
    expect(await storeGiven(deps, token)).to.equal(true);
    return finishCredential(deps);
  }
  async function make(name: string): Promise<number> {
    const now = clock.now();
    const stamp = { eventId: newEventId(now), source: 'internal', context: {}, now };
    const row = { name, email: `${name.toLowerCase()}@engine.example` };
    const { id } = await insertCustomer(database.db, row, stamp);
    await side.receiveOurs();
    return id;
  }
  const stored = async () => {
    const row = await readCredential(database.db, 'toy', 'bound');
    if (!row) throw new Error('one is stored');
    return row;
  };
  const warnings = async () => (await syncPart(database.db, ['toy'], clock)()).warnings ?? [];

  it('goes on over a day of renewals, and a customer sees nothing of them', async () => {
    for (let hour = 0; hour < 24; hour += 1) {
      const id = await make(`Hour${hour}`);
      await side.work();
      expect(await mappingOf(database.db, id)).to.include({ state: 'linked', attempts: 0 });
      toy.advance(3_600_000);
    }
    expect(toy.people()).to.have.lengthOf(24);
    expect(toy.tokens.renewals()).to.be.within(24, 26);
  });

  it('stops where it is refused for good, uses up no attempt, says what to do, and goes on by itself', async () => {
    toy.advance(2 * 60_000);
    toy.tokens.revoke({ forGood: true });
    const ids = [await make('Ada'), await make('Bea')];
    await side.work();
    for (const id of ids)
      expect(await mappingOf(database.db, id)).to.include({
        attempts: 0,
        firstFailedAt: null,
        lastError: null,
      });
    expect(await readBreaker(database.db, { system: 'toy', account: 'toy_account' })).to.not.equal(null);
    const said = (await warnings()).join('\n');
    expect(said).to.include('npx twinbox credentials set toy').and.not.include('restart');
    const about = { system: 'toy', isRotating: true, keys: [A_KEY] };
    expect(checkCredential(about, await stored(), clock.now())).to.include({ level: 'problem' });

    const calls = toy.calls.count();
    for (let minutes = 0; minutes < 10; minutes += 1) {
      toy.advance(60_000);
      await side.work();
    }
    // What is dead is not asked about again; only the question whose the key is, with what is held.
    expect(
      toy.calls
        .all()
        .slice(calls)
        .filter(({ path }) => path !== '/account'),
    ).to.deep.equal([]);

    expect(await connect()).to.include({ ok: true, boundTo: null });
    for (let tries = 0; tries < 4; tries += 1) {
      toy.advance(60_000);
      await side.work();
    }
    expect(toy.people()).to.have.lengthOf(2);
    expect(await warnings()).to.deep.equal([]);
  });

  it('waits where a renewal fails for now, and neither parks nor stops for good', async () => {
    toy.advance(2 * 60_000);
    toy.tokens.revoke();
    toy.faults.add({ kind: 'reset', path: '/token' });
    const id = await make('Cy');
    await side.work();
    expect((await stored()).refusedAt).to.equal(null);
    await endRenewals(database.db);
    toy.advance(5 * 60_000);
    await side.work();
    expect(await mappingOf(database.db, id)).to.include({ state: 'linked' });
  });

  it('asks again by itself once a wrong secret of the settings is corrected: nothing has to be set', async () => {
    const right = deps.access;
    deps.access = accessTo('a-wrong-client-secret');
    toy.advance(DAY);
    const wrong = await integrate();
    const failure = await wrong.identify().then(
      () => null,
      (error: unknown) => wrong.classify(error),
    );
    expect(failure).to.include({ kind: 'auth', scope: 'account' });
    expect(failure?.message).to.include('TOY_');
    expect((await stored()).refusedAt).to.equal(null);
    deps.access = right;
    await endRenewals(database.db);
    expect(await (await integrate()).identify()).to.have.property('account', 'toy_account');
  });

  it('renews once where two processes need it at once: the other one waits', async () => {
    toy.advance(2 * 60_000);
    toy.tokens.revoke();
    const renewals = toy.tokens.renewals();
    const held = pauseAt('credential.renewed');
    const first = (await integrate()).identify();
    await held.reached;
    const met = createSignal();
    const points = ['credential.waiting', 'credential.begun'];
    const ends = points.map((point) => enableFailpoint(point, () => met.fire()));
    const second = (await integrate()).identify();
    await met.promise;
    held.resume();
    expect(await first).to.deep.equal(await second);
    expect(toy.tokens.renewals()).to.equal(renewals + 1);
    for (const end of ends) end();
  });

  it('does not renew what another process has renewed', async () => {
    const [one, other] = [await integrate(), await integrate()];
    await Promise.all([one.identify(), other.identify()]);
    toy.advance(2 * 60_000);
    toy.tokens.revoke();
    await one.identify();
    // Past its first minute, so that only the row speaks against another renewal.
    toy.advance(2 * 60_000);
    const renewals = toy.tokens.renewals();
    await other.identify();
    expect(toy.tokens.renewals()).to.equal(renewals);
  });

  it('is not replaced by what a frozen process brings late', async () => {
    toy.advance(2 * 60_000);
    toy.tokens.revoke();
    const frozen = pauseAt('credential.renewed');
    const late = (await integrate()).identify();
    await frozen.reached;
    await endRenewals(database.db);
    await (await integrate()).identify();
    const newest = await stored();
    frozen.resume();
    expect(await late).to.have.property('account');
    expect(await stored()).to.deep.equal(newest);
  });

  it('warns thirty days before the account has to be connected again', async () => {
    expect(await warnings()).to.deep.equal([]);
    toy.advance(71 * DAY);
    expect((await warnings()).join()).to.match(/can be renewed until 20\d\d-\d\d-\d\d \d\d:\d\d UTC only/);
    const about = { system: 'toy', isRotating: true, keys: [A_KEY] };
    expect(checkCredential(about, await stored(), clock.now())).to.include({ level: 'warning' });
  });

  it('is encrypted by the first key from its next use on, and says which key it lacks', async () => {
    const before = (await stored()).sealed;
    await (await integrate([OTHER_KEY, A_KEY])).identify();
    const rolled = await stored();
    expect(rolled.sealed).to.not.equal(before);
    await (await integrate([OTHER_KEY])).identify();
    const without = await integrate([A_KEY]);
    const failure = await without.identify().then(
      () => null,
      (error: unknown) => without.classify(error),
    );
    expect(failure?.message).to.match(
      /encrypted with the key [0-9a-f]{8}, which is not in TWINBOX_SECRET_KEY/,
    );
  });

  it('keeps nothing of what the system refuses when it is set, and goes on with what it had', async () => {
    const before = await stored();
    expect(await connect('toy-refresh-of-another-world')).to.include({ ok: false });
    expect(await stored()).to.deep.equal(before);
    expect(await allText(database.db)).to.not.include('another-world');
    expect(await storeGiven(deps, 'no token')).to.equal(false);
  });

  it('is not taken along by a copy of the database, whose original goes on renewing it', async () => {
    const { db, url } = database;
    await copyDatabase(db, addressOf({ url }));
    expect(await readCredential(db, 'toy', 'newest')).to.equal(null);
    const copy = await integrate();
    const failure = await copy.identify().then(
      () => null,
      (error: unknown) => copy.classify(error),
    );
    expect(failure?.message).to.equal('toy has no credential yet: npx twinbox credentials set toy');
  });

  it('does not start without a key, and says how to make one', async () => {
    const registry = besideOthers(toyAt(toy.url, { clientSecret: CLIENT_SECRET }));
    const settings = loadConfig({ STRIPE_SECRET_KEY: 'sk_test_none' }, { envFile: false });
    expect(() => requireSystems(settings, 'worker', registry)).to.throw(
      /TWINBOX_SECRET_KEY: .*openssl rand -base64 32/,
    );
    const log = createLogger({ level: 'error', format: 'json' });
    const parts = { db: database.db, access: deps.access, log, nudge: () => undefined };
    const started = await createSyncDeps(settings, parts, registry).catch((error: unknown) => error);
    expect(started).to.include({ code: 'config_invalid' });
    const offline = await createSyncDeps(settings, { ...parts, credential: 'offline' }, registry);
    expect(offline.integration.system).to.equal('toy');
  });

  it('leaves out of a log line what this process has held', () => {
    const [newest = ''] = toy.tokens.given().slice(-1);
    expect(JSON.stringify(redact({ why: `it said ${newest}` })))
      .to.include('[redacted]')
      .and.not.include(newest);
  });
});
