import { expect } from 'chai';
import { readCustomer } from '../../support/customers.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { closedIntents, conflictsOf, mappingOf } from '../../support/sync-rows.ts';
import { mappingsIn, useTwoWay, type MappingSeen } from '../../support/two-way.ts';

const MINUTE = 60_000;

describe('a create of unknown outcome', () => {
  const world = useTwoWay();

  /** A create that took effect, or did not, and whose key shows nothing any more: its failure is kept under it. */
  async function unknown(effect: 'after' | 'before', values: { name?: string } = {}): Promise<number> {
    const { id } = await world.create(values);
    world.simulator.faults.add({ kind: `error_${effect}_effect`, method: 'POST' });
    await world.run();
    return id;
  }

  async function wait(ms: number): Promise<void> {
    world.advance(ms);
    await world.run();
  }

  const living = () => world.simulator.customers();

  it('is not taken to have made a record that bears a copy of its owner tag, whose event says that another request did', async () => {
    const id = await unknown('after', { name: 'Sent' });
    const [made] = living();
    const copy = copyOf(made!);
    const eventOf = (externalId: string) =>
      world.undelivered().filter(({ data }) => data.object.id === externalId);
    for (const event of eventOf(made!.id)) world.lose(event);
    await world.deliver(eventOf(copy.id));
    await world.receiveInbound();
    await wait(5 * MINUTE);
    const isLinked = ({ internalId, role }: MappingSeen) => internalId === id && role === 'primary';
    expect((await mappingsIn(world.db)).find(isLinked)?.externalId, 'at once').to.equal(made!.id);
    await world.rest();
    const mappings = await mappingsIn(world.db);
    expect(mappings.find(isLinked)?.externalId).to.equal(made!.id);
    expect(mappings.find(({ externalId }) => externalId === copy.id)).to.include({
      role: 'alias',
      internalId: id,
    });
    expect((await conflictsOf(world.db, id)).map(({ kind }) => kind)).to.deep.equal(['external_duplicate']);
    await expectAgreement(world);
  });

  it('that made nothing leaves its row to a record that bears a copy of its owner tag: the two meet as for the first time', async () => {
    const id = await unknown('before', { name: 'Sent' });
    const row = await readCustomer(world.db, id);
    const metadata = { [`twinbox_${world.deps.policy.instanceId}`]: row?.createdEventId ?? '' };
    const copy = copyOf({ email: row?.email ?? null, metadata });
    await wait(7 * MINUTE);
    await world.rest();
    expect(await mappingOf(world.db, id)).to.include({ state: 'linked', externalId: copy.id });
    expect(living()).to.have.length(1);
    expect(living()[0]).to.include({ name: 'Sent' });
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
    expect((await closedIntents(world.db))[0]).to.include({ operation: 'create', result: 'unknown' });
  });

  /** A record that somebody else made, with the email and the metadata of this one. */
  function copyOf({ email, metadata }: { email: string | null; metadata: Record<string, string> }) {
    return world.simulator.dashboard.createCustomer({ individual_name: 'Copy', email, metadata });
  }
});
