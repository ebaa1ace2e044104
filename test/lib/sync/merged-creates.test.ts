// A create of ours whose outcome is not known, and whose record people merged into another one before
// anything was known of it.
import { expect } from 'chai';
import type { Capabilities } from '../../../lib/integrations/integration.ts';
import { readCustomer } from '../../support/customers.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { useSync } from '../../support/sync.ts';
import { toyAtHand } from '../../support/toy/at-hand.ts';

const HOUR = 3_600_000;

const VARIANTS: Record<string, Partial<Capabilities>> = {
  'with keys': {},
  'with unique tags': { creates: 'unique-tag', updates: 'none', requestLifeMs: 0 },
  'without any promise for creates': { creates: 'none', updates: 'none', requestLifeMs: 0 },
};

for (const [title, changes] of Object.entries(VARIANTS))
  describe(`a create of unknown outcome, ${title}, whose record was merged meanwhile`, () => {
    const { system, toy } = toyAtHand(changes);
    const world = useSync({ system, policy: { imports: false } });
    const lose = (): void => void toy().faults.add({ kind: 'drop_answer', method: 'POST', path: '/people' });
    const restFor = async (ms: number, brings: boolean): Promise<void> => {
      for (let gone = 0; gone < ms; gone += 10 * 60_000) {
        if (brings) await world.bringTheirs();
        await world.run();
        world.advance(10 * 60_000);
      }
    };

    for (const brings of [true, false])
      it(`makes no second record: its row gets the winner, ${brings ? 'with' : 'without'} events`, async () => {
        const winner = toy().add({ full_name: 'Ada Winner', mail: 'other@example.com' });
        await world.bringTheirs();
        await world.run();
        lose();
        const { id } = await world.create({ name: 'Ada', email: 'ada@example.com' });
        await world.run();
        const loser = toy()
          .people()
          .find(({ id: other }) => other !== winner.id);
        toy().merge(loser?.id ?? '', winner.id);
        await restFor(3 * HOUR, brings);
        expect(
          toy()
            .people()
            .map(({ id: toyId }) => toyId),
        ).to.deep.equal([winner.id]);
        const { rows } = await world.db.raw<{ rows: { externalId: string; state: string }[] }>(
          `select external_id as "externalId", state from external_mappings where internal_id = :id order by role desc`,
          { id },
        );
        expect(rows[0]).to.deep.equal({ externalId: winner.id, state: 'linked' });
        expect(await readCustomer(world.db, id)).to.include({ deletedAt: null });
      });
  });

describe('a create of unknown outcome whose record cannot be found any more', () => {
  const { system, toy } = toyAtHand({ creates: 'unique-tag', updates: 'none', requestLifeMs: 0 });
  const world = useSync({ system, policy: { imports: false } });

  it('is not sent again before its row is looked for by email: a person says whose the record is', async () => {
    const winner = toy().add({ full_name: 'Ada Winner' });
    toy().faults.add({ kind: 'drop_answer', method: 'POST', path: '/people' });
    const { id } = await world.create({ name: 'Ada', email: 'ada@example.com' });
    await world.run();
    const loser = toy()
      .people()
      .find(({ id: other }) => other !== winner.id);
    toy().merge(loser?.id ?? '', winner.id);
    // Nothing of the loser but its mail is left in the winner.
    toy().edit(winner.id, { tag: null });
    world.advance(8 * 24 * HOUR); // the events have left the list
    await world.run();
    const mapping = await mappingOf(world.db, id);
    expect(mapping).to.include({ state: 'waiting', reason: 'not_linked', externalId: null });
    expect(toy().people()).to.have.length(1);
  });
});
