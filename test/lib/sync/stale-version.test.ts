import { expect } from 'chai';
import { usePocket } from '../../support/pocket/world.ts';
import { closedIntents, conflictsOf, mappingOf } from '../../support/sync-rows.ts';

describe('a system that wants the version of a record named', () => {
  const world = usePocket({
    versions: true,
    deletes: 'archive',
    promises: { creates: 'none', updates: 'version', deletes: 'archive' },
  });

  it('has its record read before an update, and the version that was read in the request', async () => {
    const { id, externalId } = await world.linked({ name: 'Ada' });
    await world.update(id, { name: 'Ada L.' });
    await world.run();
    expect(world.pocket.calls).to.deep.equal(['GET /contacts/con', 'PATCH /contacts/con']);
    expect(world.pocket.contact(externalId)).to.include({ name: 'Ada L.', version: 2 });
  });

  it('refuses what is stale: the request is closed, the record is read and merged, and a new one is made', async () => {
    const { id, externalId } = await world.linked({ name: 'Ada', email: 'ada@example.com' });
    world.pocket.beforeWrites(() => world.pocket.edit(externalId, { email: 'new@example.com' }), 1);
    await world.update(id, { name: 'Ada L.' });
    await world.run();
    expect(world.pocket.contact(externalId)).to.include({ name: 'Ada L.', email: 'new@example.com' });
    const { rows } = await world.db.raw<{ rows: object[] }>(`select name, email from customers`);
    expect(rows).to.deep.equal([{ name: 'Ada L.', email: 'new@example.com' }]);
    const results = (await closedIntents(world.db)).map(({ result }) => result);
    expect(results).to.deep.equal(['done', 'refused', 'done']);
    const keys = new Set((await closedIntents(world.db)).map(({ key }) => key));
    expect(keys.size).to.equal(3);
  });

  it('keeps an edit of the same field as a conflict, and overwrites none unseen', async () => {
    const { id, externalId } = await world.linked({ name: 'Ada' });
    world.pocket.beforeWrites(() => world.pocket.edit(externalId, { name: 'Of there' }), 1);
    await world.update(id, { name: 'Of ours' });
    await world.run();
    expect(world.pocket.contact(externalId).name).to.equal('Of ours');
    expect(await conflictsOf(world.db, id)).to.have.length(1);
    expect((await conflictsOf(world.db, id))[0]).to.include({ ours: 'Of ours', theirs: 'Of there' });
  });

  it('does not make a step go on for ever where the record moves again and again', async () => {
    const { id, externalId } = await world.linked({ name: 'Ada' });
    let moves = 0;
    world.pocket.beforeWrites(() => world.pocket.edit(externalId, { email: `m${++moves}@example.com` }), 99);
    await world.update(id, { name: 'Ada L.' });
    await world.run();
    expect(world.pocket.calls.filter((call) => call.startsWith('PATCH'))).to.have.length(3);
    const waits = await mappingOf(world.db, id);
    expect(waits).to.include({ attempts: 1, intent: null });
    expect(waits.lastError).to.include({ code: 'version_moves' });
    world.clock.advance(10_000);
    await world.run();
    expect(await mappingOf(world.db, id)).to.include({ attempts: 2 });
    world.pocket.beforeWrites(() => undefined, 0);
    world.clock.advance(60_000);
    await world.run();
    expect(world.pocket.contact(externalId).name).to.equal('Ada L.');
    expect(await mappingOf(world.db, id)).to.include({ attempts: 0, lastError: null });
  });

  it('is sent the same update again after a lost answer, and its refusal shows that it had taken effect', async () => {
    const { id, externalId } = await world.linked({ name: 'Ada' });
    world.pocket.failNext('answer_lost');
    await world.update(id, { name: 'Ada L.' });
    await world.run();
    world.clock.advance(10_000);
    await world.run();
    expect(world.pocket.contact(externalId)).to.include({ name: 'Ada L.', version: 2 });
    expect((await closedIntents(world.db)).map(({ result }) => result)).to.deep.equal(['done', 'done']);
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
  });

  it('archives the record of a deleted row, in its version, and loses nothing of it', async () => {
    const { id, externalId } = await world.linked();
    world.pocket.edit(externalId, { name: 'Edited there' });
    world.pocket.beforeWrites(() => world.pocket.edit(externalId, { name: 'And again' }), 1);
    await world.remove(id);
    await world.run();
    expect(world.pocket.contact(externalId)).to.include({ state: 'archived', name: 'And again' });
    expect(await mappingOf(world.db, id)).to.include({ state: 'tombstoned' });
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
  });

  it('deletes our row where its record was archived there', async () => {
    const { id, externalId } = await world.linked();
    world.pocket.remove(externalId);
    await world.notify(id);
    await world.run();
    expect(await mappingOf(world.db, id)).to.include({ state: 'tombstoned' });
    const { rows } = await world.db.raw<{ rows: { gone: boolean }[] }>(
      `select deleted_at is not null as gone from customers`,
    );
    expect(rows).to.deep.equal([{ gone: true }]);
  });
});
