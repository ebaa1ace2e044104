import { expect } from 'chai';
import { goOnIfNamed } from '../../../db/mappings/references.ts';
import { useDatabase } from '../../support/database.ts';

const PLACE = { system: 'stripe', account: 'acct_1' };

describe('a pair that begins to wait for another one', () => {
  const database = useDatabase();

  async function pair(values: {
    entityType: string;
    internalId: number;
    externalId?: string;
  }): Promise<number> {
    const { rows } = await database.db.raw<{ rows: { id: number }[] }>(
      `insert into external_mappings (entity_type, internal_id, system, account, external_type, external_id, state)
       values (:entityType, :internalId, :system, :account, :entityType, :externalId, :state) returning id`,
      {
        ...PLACE,
        ...values,
        externalId: values.externalId ?? null,
        state: values.externalId === undefined ? 'pending' : 'linked',
      },
    );
    return rows[0]?.id ?? 0;
  }

  /** Whether it goes on by itself. */
  async function goesOn(
    waiting: number,
    named: { id: number | null; externalId: string | null },
  ): Promise<boolean> {
    const dirtyOf = async (): Promise<number> => {
      const { rows } = await database.db.raw<{ rows: { dirty: number }[] }>(
        `select dirty from external_mappings where id = ?`,
        [waiting],
      );
      return rows[0]?.dirty ?? 0;
    };
    const before = await dirtyOf();
    await database.db.transaction((tx) =>
      goOnIfNamed(tx, { ...PLACE, mappingId: waiting, entity: 'customer', ...named, now: new Date() }),
    );
    return (await dirtyOf()) > before;
  }

  let waiting: number;
  before('an order', async () => {
    waiting = await pair({ entityType: 'order', internalId: 1 });
  });

  it('waits while the other one has no record', async () => {
    await pair({ entityType: 'customer', internalId: 1 });
    expect(await goesOn(waiting, { id: 1, externalId: null })).to.equal(false);
    expect(await goesOn(waiting, { id: null, externalId: 'cus_9' })).to.equal(false);
  });

  it('goes on if the other one has come to stand since it was read', async () => {
    await pair({ entityType: 'customer', internalId: 2, externalId: 'cus_2' });
    expect(await goesOn(waiting, { id: 2, externalId: null })).to.equal(true);
    expect(await goesOn(waiting, { id: null, externalId: 'cus_2' })).to.equal(true);
  });

  it('goes on if the other one is at work at this moment, and waits for no lock of it', async () => {
    const id = await pair({ entityType: 'customer', internalId: 3 });
    await database.db.transaction(async (other) => {
      await other.raw(`update external_mappings set external_id = 'cus_3', state = 'linked' where id = ?`, [
        id,
      ]);
      expect(await goesOn(waiting, { id: 3, externalId: null })).to.equal(true);
    });
  });
});
