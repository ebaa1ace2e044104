import { expect } from 'chai';
import { readConnection } from '../../../db/connections.ts';
import { readAccountRecords } from '../../../lib/intake/account-reading.ts';
import { moveToAccount } from '../../../lib/operations/connect.ts';
import type { Integration } from '../../../lib/integrations/integration.ts';
import type { Lane } from '../../../workers/lane.ts';
import { consentToAll, waitingRow } from '../../support/first-link.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { linkedPair, mappingsIn, useTwoWay, type MappingSeen } from '../../support/two-way.ts';

const OTHER = { key: 'sk_test_twinbox_other', account: 'acct_other' };

describe('moving to another account', () => {
  const world = useTwoWay();
  let first: Integration;
  let other: Integration;

  beforeEach('a key of another account', () => {
    world.simulator.keys.mapKey(OTHER.key, OTHER.account);
    first = world.integration;
    other = world.integrate({ secretKey: OTHER.key });
  });

  const move = (integration: Integration, dryRun = false) =>
    moveToAccount({ db: world.db, clock: world.clock, integration }, { dryRun, actor: 'a test' });

  it('is nothing where the key is of the account already, and only counted in a dry run', async () => {
    await linkedPair(world);
    expect(await move(first)).to.equal(null);
    expect(await move(other, true)).to.deep.include({
      pairs: 1,
      to: { account: OTHER.account, livemode: false },
    });
    expect((await mappingsIn(world.db)).map(({ state }) => state)).to.deep.equal(['linked']);
  });

  it('detaches the pairs, and links again only by a consent; the old account keeps what it has', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Ada', email: 'ada@example.com' });
    expect(await move(other)).to.include({ pairs: 1, revived: 0, waiting: 1 });
    expect(await stateOf(externalId)).to.equal('detached');
    const lane = world.worker({ integration: other });
    await world.update(id, { name: 'Ada King' });
    await world.run(lane);
    expect(world.simulator.customers(OTHER.account)).to.deep.equal([]);
    await linkAll(lane);
    expect(world.simulator.customers(OTHER.account).map(({ name }) => name)).to.deep.equal(['Ada King']);
    expect(world.simulator.customers().map(({ name }) => name)).to.deep.equal(['Ada']);
    expect((await readConnection(world.db, 'stripe'))?.account).to.equal(OTHER.account);
  });

  it('ends what was under way at the old account: nothing of it is sent to the new one', async () => {
    const { id } = await linkedPair(world, { name: 'Ada', email: 'ada@example.com' });
    world.simulator.faults.add({ kind: 'reset', method: 'POST', times: null });
    await world.update(id, { name: 'Never answered' });
    await world.run();
    world.simulator.faults.clear();
    await move(other);
    const { rows } = await world.db.raw<{ rows: object[] }>(
      `select (select count(*) from external_mappings where intent is not null) as open,
              (select count(*) from sync_intents where result = 'unknown') as unknown,
              (select count(*) from sync_deliveries where status in ('queued', 'waiting', 'parked')) as waiting`,
    );
    expect(rows).to.deep.equal([{ open: 0, unknown: 1, waiting: 0 }]);
    await linkAll(world.worker({ integration: other }));
    expect(world.simulator.customers(OTHER.account).map(({ name }) => name)).to.deep.equal([
      'Never answered',
    ]);
  });

  it('is not held up by a row that was damaged by hand', async () => {
    await linkedPair(world, { name: 'Ada', email: 'ada@example.com' });
    await world.db.raw(`update external_mappings set intent = '{"id": "none"}'`);
    await move(other);
    await linkAll(world.worker({ integration: other }));
    expect(world.simulator.customers(OTHER.account).map(({ name }) => name)).to.deep.equal(['Ada']);
  });

  it('back takes the old pairs up again, makes none twice, and reads before it writes', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Ada', email: 'ada@example.com' });
    await move(other);
    await linkAll(world.worker({ integration: other }));
    await world.update(id, { name: 'Edited while away' });
    await world.run(world.worker({ integration: other }));
    expect(await move(first)).to.include({ revived: 1, waiting: 0 });
    const lane = world.worker({ integration: first });
    await world.rest(lane);
    expect(await stateOf(externalId)).to.equal('linked');
    expect(world.simulator.customers().map(({ name }) => name)).to.deep.equal(['Edited while away']);
    expect(world.simulator.customers(OTHER.account)).to.have.length(1);
    await expectAgreement(world);
  });

  it('back creates nothing without a consent for a row that had no record yet, although its create may have been carried out', async () => {
    const waits = await waitingRow(world, { name: 'Waits', email: 'waits@example.com' });
    await world.run();
    world.simulator.faults.add({ kind: 'drop_answer', method: 'POST', path: '/v1/customers', times: null });
    const lost = await world.create({ name: 'Lost', email: 'lost@example.com' });
    await world.run();
    world.simulator.faults.clear();
    expect(world.simulator.customers()).to.have.length(1);
    await move(other);
    expect(await move(first)).to.include({ revived: 0, waiting: 2 });
    const lane = world.worker({ integration: first });
    await world.rest(lane);
    const open = (await mappingsIn(world.db)).filter(({ state }) => state !== 'detached');
    expect(open.map(({ internalId, state }) => [internalId, state])).to.have.deep.members([
      [waits.id, 'waiting'],
      [lost.id, 'waiting'],
    ]);
    expect(world.simulator.customers()).to.have.length(1);
    await consentToAll(world);
    await world.rest(lane);
    expect(world.simulator.customers().map(({ name }) => name)).to.have.members(['Lost', 'Waits']);
    await expectAgreement(world);
  });

  /** As a worker with the other key does: the account is read first, and creates wait for that. */
  async function linkAll(lane: Lane): Promise<void> {
    const deps = { ...world.deps, integration: other };
    await readAccountRecords(deps, new AbortController().signal);
    await consentToAll({ deps });
    await world.run(lane);
  }

  async function stateOf(externalId: string): Promise<MappingSeen['state'] | undefined> {
    return (await mappingsIn(world.db)).find((mapping) => mapping.externalId === externalId)?.state;
  }
});
