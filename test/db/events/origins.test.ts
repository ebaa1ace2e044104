import { expect } from 'chai';
import { insertCustomer, updateCustomer } from '../../support/customers.ts';
import { readOrigin } from '../../../db/events/origins.ts';
import { newEventId } from '../../../lib/uuid.ts';
import { useDatabase } from '../../support/database.ts';

describe('who made a value of a row', () => {
  const database = useDatabase();
  let serial = 0;

  const stamp = (source: string) => ({
    ...{ eventId: newEventId(new Date()), source, context: {}, now: new Date() },
  });
  async function rowOf(source: string): Promise<number> {
    const values = { name: 'Base', email: `c${++serial}@example.com` };
    return (await insertCustomer(database.db, values, stamp(source))).id;
  }
  const change = (id: number, values: { name?: string; email?: string }, source: string) =>
    updateCustomer(database.db, id, values, {}, stamp(source));
  const originOf = (internalId: number, field: string, version: number) =>
    readOrigin(database.db, { entityType: 'customer', internalId, field, version });
  /** As retention does, a partition at a time. */
  const forget = (id: number, before: number) =>
    database.db.transaction(async (tx) => {
      await tx.raw(`set local session_replication_role = replica`);
      await tx.raw(`delete from sync_events where entity_id = :id and version < :before`, { id, before });
    });

  it('is who last changed this very field, up to the version that is named', async () => {
    const id = await rowOf('internal');
    await change(id, { name: 'One' }, 'stripe');
    await change(id, { email: 'one@example.com' }, 'toy');
    await change(id, { name: 'Two' }, 'internal');
    const of = (field: string) => Promise.all([1, 2, 3, 4].map((version) => originOf(id, field, version)));
    expect(await of('name')).to.deep.equal(['internal', 'stripe', 'stripe', 'internal']);
    expect(await of('email')).to.deep.equal(['internal', 'internal', 'toy', 'toy']);
  });

  it('is who brought it back, where a value returns', async () => {
    const id = await rowOf('internal');
    await change(id, { name: 'One' }, 'stripe');
    await change(id, { name: 'Base' }, 'toy');
    expect(await originOf(id, 'name', 3)).to.equal('toy');
  });

  it('is not known where that change is not kept any more', async () => {
    const id = await rowOf('internal');
    await change(id, { name: 'One' }, 'stripe');
    await change(id, { email: 'two@example.com' }, 'toy');
    await forget(id, 2);
    expect(await originOf(id, 'name', 2)).to.equal(null);
    expect(await originOf(id, 'email', 3)).to.equal('toy');
    await forget(id, 4);
    expect(await originOf(id, 'email', 3)).to.equal(null);
  });

  it('is not known of a field that the row does not have', async () => {
    const id = await rowOf('internal');
    await change(id, { name: 'One' }, 'stripe');
    expect(await originOf(id, 'address.line1', 2)).to.equal(null);
  });
});
