import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { insertCustomer, updateCustomer } from '../../support/customers.ts';
import { keepPartitions, partitionStatus } from '../../../db/partitions/partitions.ts';
import { createCursor } from '../../../db/relay/identity.ts';
import { moveDatabase } from '../../../db/relay/restore.ts';
import { useDatabase } from '../../support/database.ts';

describe('numbers after a restore', () => {
  const database = useDatabase();
  const stamp = () => ({ eventId: randomUUID(), source: 'internal', context: {}, now: new Date() });
  const insert = (name: string) =>
    insertCustomer(database.db, { name, email: `${name}@example.com` }, stamp());
  const rename = async (id: number, name: string, ifVersion?: number): Promise<number | undefined> =>
    (await updateCustomer(database.db, id, { name }, ifVersion === undefined ? {} : { ifVersion }, stamp()))
      ?.version;

  it('of the versions of a row continue above all that it may have had, and a new row begins at 1', async () => {
    const { db } = database;
    await createCursor(db, 'here');
    await keepPartitions(db, { now: new Date(), retentionDays: 35 });
    const [ada, alan] = [await insert('ada'), await insert('alan')];
    const before = Date.now();
    await moveDatabase(db, 'here');
    const jumped = (await rename(ada.id, 'Ada', ada.version)) ?? 0;
    expect(jumped).to.be.at.least(before);
    expect(await rename(ada.id, 'Ada again', jumped), 'If-Match goes by the version that it has').to.equal(
      jumped + 1,
    );
    const fresh = await insert('grace');
    expect(fresh.version).to.equal(1);
    expect(fresh.id).to.be.above(alan.id + 1_000_000);
    expect(await rename(fresh.id, 'Grace')).to.equal(2);

    await moveDatabase(db, 'here');
    expect(await rename(fresh.id, 'Grace again'), 'a second one').to.be.above(jumped);
    // As people write it by hand.
    const { rows } = await db.transaction(async (tx) => {
      const changed = await tx.raw<{ rows: { version: number }[] }>(
        `update customers set name = 'By hand', version = version + 1, last_event_id = next_sync_event_id() where id = :id returning version`,
        { id: alan.id },
      );
      await tx.raw('select write_customer_event(:id)', { id: alan.id });
      return changed;
    });
    expect(rows[0]?.version).to.be.above(jumped);
    const { rows: events } = await db.raw<{ rows: { version: number }[] }>(
      `select version from sync_events where entity_key = 'customer:' || :id::bigint order by id desc limit 1`,
      { id: alan.id },
    );
    expect(events[0]?.version).to.equal(rows[0]?.version);
  });

  it('of new customers come from the sequence that the default of the id names, whoever owns it, and keep its increment', async () => {
    const { db } = database;
    const id = async (): Promise<number> => (await insert(randomUUID())).id;
    for (const [step, fits] of [
      [2, (to: number) => to > 1_000_000 && to % 2 === 1],
      [-3, (to: number) => to < -1_000_000 && (to + 1) % 3 === 0],
    ] as const) {
      await db.raw(`alter table customers alter id drop identity if exists, alter id drop default`);
      await db.raw(`drop sequence if exists elsewhere; create sequence elsewhere increment ${step} start ${Math.sign(step)};
        alter table customers alter id set default nextval(('elsewhere'::text)::regclass)`);
      await id();
      await moveDatabase(db, 'here');
      const next = await id();
      expect(fits(next), `${next}, in steps of ${step}`).to.equal(true);
    }
  });

  it('of events fall into partitions of their own, and none is made for the ids between', async () => {
    const { db } = database;
    const { made } = await keepPartitions(db, { now: new Date(), retentionDays: 35 });
    expect(made.length).to.be.below(20);
    for (const { table, ahead, inDefault } of await partitionStatus(db, new Date()))
      expect({ table, ahead, inDefault }).to.deep.equal({ table, ahead: 2, inDefault: 0 });
  });
});
