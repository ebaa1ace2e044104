import { expect } from 'chai';
import { openJournal, type Journal } from '../../support/journal.ts';
import { createTransactionLaws, type TransactionLaws } from '../../support/transaction-laws.ts';
import { linkedPair, useTwoWay } from '../../support/two-way.ts';

/** The random histories judge every transaction by these laws; here each is broken once, and fixed at once. */
describe('the laws of a transaction', () => {
  const world = useTwoWay();
  let journal: Journal;
  let laws: TransactionLaws;
  let pair: { id: number; externalId: string };

  beforeEach('a pair at rest', async () => {
    journal = await openJournal(world.db);
    laws = createTransactionLaws(world.integration.document.fields);
    pair = await linkedPair(world, { name: 'Ada', email: 'ada@x.test' });
    await judge();
    expect(laws.broken).to.deep.equal([]);
  });

  async function judge(): Promise<void> {
    const objects = world.simulator.events().map((event) => event.data.object);
    laws.judge(await journal.read(), (id) =>
      objects.flatMap((it) => ('email' in it && it.id === id ? [{ name: it.name, email: it.email }] : [])),
    );
  }

  /** Changes the mapping, and takes the change back in another transaction. */
  async function changeForAMoment(change: string): Promise<void> {
    const mapping = () =>
      world.db<Record<string, unknown>>('external_mappings').where({ internal_id: pair.id });
    const [was = {}] = await mapping().select(
      'shadow',
      'dirty',
      'clean',
      'must_read',
      'external_id',
      'intent',
    );
    await world.db.raw(`update external_mappings set ${change} where internal_id = ${pair.id}`);
    await mapping().update(was);
    await judge();
  }

  for (const [what, change, says] of [
    ['their half before they hold it', `shadow = jsonb_set(shadow, '{name,theirs}', '"Bob"')`, 'there)'],
    ['our half before we hold it', `shadow = jsonb_set(shadow, '{name,ours}', '"Bob"')`, 'ours is not held'],
    ['a shadow that is lost', `shadow = shadow - 'name'`, 'lost the shadow of name'],
    ['a number that goes down', `dirty = dirty - 1, clean = clean - 1`, 'let dirty go down'],
    ['a number beyond the other', `clean = dirty + 1`, 'is clean up to'],
    ['a read that nobody will do', `must_read = true`, 'a read that was asked for'],
    ['another counterpart', `external_id = 'cus_other'`, 'let go of cus_'],
    ['an intent that is not counted', `intent = '{"id": "i", "number": 9}'`, 'has intent 9 open'],
  ] as const) {
    it(`report ${what}, although it is fixed by the next`, async () => {
      await changeForAMoment(change);
      expect(laws.broken.join('\n')).to.include(says);
    });
  }
});
