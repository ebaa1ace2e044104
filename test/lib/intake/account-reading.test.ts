import { expect } from 'chai';
import { readReading } from '../../../db/account-readings.ts';
import { countUnmatched } from '../../../db/external-records.ts';
import { readAccountRecords } from '../../../lib/intake/account-reading.ts';
import type { Integration } from '../../../lib/integrations/integration.ts';
import { compareAll } from '../../../lib/operations/comparison.ts';
import type { SyncPolicy } from '../../../lib/sync/step.ts';
import { decideUnmatched } from '../../../lib/intake/unmatched.ts';
import { DEFAULT_ACCOUNT } from '../../../simulator/http/keys.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { failNext } from '../../support/failing-page.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { subscribe } from '../../support/subscriptions.ts';
import { mappingsIn, useTwoWay } from '../../support/two-way.ts';

const PLACE = { system: 'stripe', account: DEFAULT_ACCOUNT, externalType: 'customer' };

/** The first contact with an account that had customers before. */
describe('the first reading of an account', () => {
  const world = useTwoWay();
  const never = new AbortController().signal;

  beforeEach('nothing was read yet', () => world.db('account_readings').delete());

  /** Created at Stripe before the first contact, so that no event of it will come. */
  function before(count: number, of = (n: number) => `old${n}@example.com`): string[] {
    return Array.from({ length: count }, (_, n) => {
      world.advance(1_000);
      const { id } = world.simulator.dashboard.createCustomer({ name: `Old ${n}`, email: of(n) });
      for (const event of world.undelivered()) world.lose(event);
      return id;
    });
  }

  type Changes = { policy?: Partial<SyncPolicy>; integration?: Integration };

  async function read(changes: Changes = {}): Promise<void> {
    const policy = { ...world.deps.policy, ...changes.policy };
    const { integration = world.integration } = changes;
    await readAccountRecords({ ...world.deps, policy, integration }, never);
  }

  const rows = async (): Promise<string[]> =>
    (await world.db<{ email: string }>('customers').select('email').orderBy('email')).map(
      ({ email }) => email,
    );

  it('brings every record into an empty table as a customer, each once', async () => {
    before(110);
    await read();
    await world.rest();
    expect(await rows()).to.have.length(110);
    expect(world.calls().filter((call) => call === 'POST /v1/customers')).to.deep.equal([]);
    await expectAgreement(world);
    await read();
    await world.rest();
    expect(await rows()).to.have.length(110);
  });

  it('holds creates back until it is done, and finds the record of each', async () => {
    const [record] = before(1);
    const row = await world.create({ email: 'OLD0@example.com' });
    await world.run();
    expect(await mappingOf(world.db, row.id)).to.include({ state: 'waiting', reason: 'account_unread' });
    // `verify --wait` waits for it, and does not say that all agree.
    const { findings } = await compareAll(world.deps);
    expect(findings.map(({ kind, why }) => [kind, why])).to.deep.equal([['pending', 'account_unread']]);
    await read();
    await world.rest();
    expect((await mappingOf(world.db, row.id)).reasonDetail).to.deep.include({ records: [record] });
    expect(world.simulator.customers()).to.have.length(1);
  });

  it('imports nothing by itself where the table had customers', async () => {
    before(3);
    await world.create({ email: 'new@example.com' });
    await read();
    await world.rest();
    expect(await rows()).to.deep.equal(['new@example.com']);
    expect(await countUnmatched(world.db, PLACE)).to.include({ undecided: 3 });
    await decideUnmatched(world.deps, PLACE, 'import', 'test');
    await world.rest();
    expect(await rows()).to.have.length(4);
    expect(await countUnmatched(world.db, PLACE)).to.include({ undecided: 0, importing: 0 });
    await expectAgreement(world);
  });

  it('skips records that a person decided to leave, also when an event of one comes', async () => {
    const [record = ''] = before(2);
    await world.create({ email: 'new@example.com' });
    await read();
    await decideUnmatched(world.deps, PLACE, 'leave', 'test');
    world.simulator.dashboard.updateCustomer(record, { name: 'Renamed' });
    await world.rest();
    expect(await rows()).to.deep.equal(['new@example.com']);
    expect(await countUnmatched(world.db, PLACE)).to.include({ undecided: 0, left: 2 });
    await decideUnmatched(world.deps, PLACE, 'import', 'test');
    await world.rest();
    expect(await rows()).to.have.length(3);
  });

  it('imports records that a person chose, though STRIPE_IMPORT is off', async () => {
    before(2);
    await read({ policy: { imports: false } });
    const lane = world.worker({ policy: { imports: false } });
    await world.rest(lane);
    expect(await rows()).to.deep.equal([]);
    await decideUnmatched(world.deps, PLACE, 'import', 'test');
    await world.rest(lane);
    expect(await rows()).to.have.length(2);
  });

  it('continues where it stopped: a page that fails is read again, and nothing is lost or doubled', async () => {
    before(250);
    const integration = failNext(world.integration, 1);
    const failed = await read({ integration }).catch((error: unknown) => String(error));
    expect(failed).to.include('no page');
    expect(await readReading(world.db, PLACE)).to.include({ doneAt: null, records: 100 });
    const listed = world.calls().length;
    await read();
    expect(world.calls().length - listed).to.be.at.most(3);
    expect(await countUnmatched(world.db, PLACE)).to.deep.include({ importing: 250 });
  });

  it('makes one customer of several records with one email, from the best of them, and aliases of the others', async () => {
    const [first = '', second = ''] = before(2, () => 'twice@example.com');
    await subscribe(world, second);
    await read();
    await world.rest();
    expect(await rows()).to.deep.equal(['twice@example.com']);
    const seen = (await mappingsIn(world.db)).map(({ role, state, externalId }) => [role, state, externalId]);
    expect(seen).to.have.deep.members([
      ['primary', 'linked', second],
      ['alias', 'alias', first],
    ]);
  });

  it('stores no record of another installation', async () => {
    world.simulator.dashboard.createCustomer({
      email: 'bo@example.com',
      metadata: { twinbox_zzzzzzzz: '01990000-0000-7000-8000-000000000001' },
    });
    await read();
    expect(await countUnmatched(world.db, PLACE)).to.deep.equal({ undecided: 0, importing: 0, left: 0 });
  });
});
