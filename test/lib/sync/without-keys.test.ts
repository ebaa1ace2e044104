import { expect } from 'chai';
import { readCustomer } from '../../support/customers.ts';
import type { EventFeed } from '../../../lib/integrations/integration.ts';
import { IN_FLIGHT_MS } from '../../support/pocket/integration.ts';
import { usePocket } from '../../support/pocket/world.ts';
import { closedIntents, conflictsOf, mappingOf } from '../../support/sync-rows.ts';

const HOUR = 3_600_000;

describe('a system without idempotency keys', () => {
  const world = usePocket({
    versions: false,
    deletes: 'none',
    promises: { creates: 'none', updates: 'none', deletes: 'none' },
  });

  it('gets no second record after a lost answer: the first is looked for and linked', async () => {
    world.pocket.failNext('answer_lost');
    const { id } = await world.create({ name: 'Ada', email: 'ada@example.com' });
    await world.run();
    world.clock.advance(IN_FLIGHT_MS - 10_000);
    await world.run();
    expect(world.pocket.calls.filter((call) => call === 'POST /contacts/')).to.have.length(1);
    world.clock.advance(HOUR);
    await world.run();
    expect(await mappingOf(world.db, id)).to.include({ state: 'linked', externalId: 'con_1', intent: null });
    expect(world.pocket.living()).to.have.length(1);
  });

  it('knows what a create of a lost answer sent, also if the system lists events: they name no key', async () => {
    const feed: EventFeed = {
      ...{ keptMs: 30 * 24 * HOUR, tipMs: 0, everyMs: HOUR, overlapMs: 0, windowMs: HOUR },
      by: 'time',
      // A create without a key is not searched for among the events.
      pages: () => {
        throw new Error('the events were read');
      },
    };
    Object.assign(world.deps, { integration: { ...world.deps.integration, feed } });
    const lane = world.worker();
    world.pocket.failNext('answer_lost');
    const { id } = await world.create({ name: 'Ada', email: 'ada@example.com' });
    await world.run(lane);
    world.pocket.edit('con_1', { name: 'Ada of there' });
    world.clock.advance(HOUR);
    await world.run(lane);
    expect(await mappingOf(world.db, id)).to.include({ state: 'linked', externalId: 'con_1' });
    expect(await readCustomer(world.db, id)).to.include({ name: 'Ada of there' });
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
  });

  it('gets a record anew where the look finds none that it made', async () => {
    world.pocket.failNext('failed_unstored');
    await world.create({ name: 'Ada', email: 'ada@example.com' });
    await world.run();
    world.clock.advance(HOUR);
    await world.run();
    expect(world.pocket.living().map(({ name }) => name)).to.deep.equal(['Ada']);
    expect((await closedIntents(world.db)).map(({ result }) => result)).to.deep.equal(['unknown', 'done']);
  });

  it('waits for consent if a search by the identity finds a record that is not its own', async () => {
    world.pocket.failNext('failed_unstored');
    const { id } = await world.create({ name: 'Ada', email: 'ada@example.com' });
    await world.run();
    world.pocket.add({ name: 'Ada L.', email: 'ada@example.com' });
    world.clock.advance(HOUR);
    await world.run();
    expect(await mappingOf(world.db, id)).to.include({ state: 'waiting', reason: 'not_linked' });
    expect(world.pocket.living()).to.have.length(1);
  });

  it('sends a create again at once of which nothing has happened', async () => {
    world.pocket.failNext('throttled');
    await world.create({ name: 'Ada' });
    await world.run();
    world.clock.advance(5_000);
    await world.run();
    expect(world.pocket.living().map(({ name }) => name)).to.deep.equal(['Ada']);
  });

  it('never sends an update again that may have taken effect: the record is read, and its edits stay', async () => {
    const { id, externalId } = await world.linked({ name: 'Ada' });
    world.pocket.failNext('answer_lost');
    await world.update(id, { name: 'Ada L.' });
    await world.run();
    world.pocket.edit(externalId, { name: 'Ada of there' });
    world.clock.advance(HOUR);
    await world.run();
    expect(world.pocket.calls.filter((call) => call.startsWith('PATCH'))).to.have.length.within(1, 2);
    const conflicts = await conflictsOf(world.db, id);
    const now = world.pocket.contact(externalId).name;
    expect(now === 'Ada of there' || conflicts.some(({ theirs }) => theirs === 'Ada of there')).to.equal(
      true,
    );
    expect((await mappingOf(world.db, id)).intent).to.equal(null);
  });

  it('has the pair of a deleted row detached where it deletes nothing, and no delete is sent', async () => {
    const { id, externalId } = await world.linked();
    await world.remove(id);
    await world.run();
    expect(await mappingOf(world.db, id)).to.include({ state: 'detached', externalId });
    expect(world.pocket.calls).to.deep.equal([]);
    expect(world.pocket.living()).to.have.length(1);
  });
});

describe('a system that takes each owner tag once', () => {
  const world = usePocket({
    versions: false,
    uniqueTags: true,
    deletes: 'delete',
    promises: { creates: 'unique-tag', updates: 'none', deletes: 'delete' },
  });

  it('is asked by the tag before a create is sent again, without a wait', async () => {
    world.pocket.failNext('answer_lost');
    const { id } = await world.create({ name: 'Ada' });
    await world.run();
    world.clock.advance(5_000);
    await world.run();
    expect(await mappingOf(world.db, id)).to.include({ state: 'linked', externalId: 'con_1' });
    expect(world.pocket.living()).to.have.length(1);
  });

  it('refuses a create whose tag a record has: that record is linked, and no edit of ours is lost', async () => {
    const { id, createdEventId } = await world.create({ name: 'Ada', email: 'ada@example.com' });
    // An earlier request arrives just before this one.
    world.pocket.beforeWrites(() => {
      const earlier = world.pocket.add({ name: 'Earlier', email: 'ada@example.com' });
      Object.assign(world.pocket.contact(earlier.id), { tag: createdEventId });
    }, 1);
    await world.run();
    world.clock.advance(HOUR);
    await world.run();
    expect(await mappingOf(world.db, id)).to.include({ state: 'linked', externalId: 'con_1' });
    expect(world.pocket.living().map(({ name }) => name)).to.deep.equal(['Ada']);
  });

  it('parks a create whose tag is taken by a record that no look finds, and makes none', async () => {
    const { id, createdEventId } = await world.create({ name: 'Ada' });
    const hidden = world.pocket.add({ name: 'Put away' });
    Object.assign(world.pocket.contact(hidden.id), { tag: createdEventId });
    world.pocket.remove(hidden.id);
    await world.run();
    world.clock.advance(HOUR);
    await world.run();
    expect(await mappingOf(world.db, id)).to.include({ state: 'parked', reason: 'create_unknown' });
    expect(world.pocket.living()).to.deep.equal([]);
  });
});
