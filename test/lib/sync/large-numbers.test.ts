import { expect } from 'chai';
import { readRow } from '../../../db/entities/rows.ts';
import { document, entity } from '../../support/every-type.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { conflictsOf, mappingOf } from '../../support/sync-rows.ts';
import { useTwoWay } from '../../support/two-way.ts';

/** A bigint holds it, and a number of JavaScript would be another one. */
const LARGE = '9223372036854775807';
const EXACT = Number.MAX_SAFE_INTEGER;

describe('a whole number that another program stored, and that no number of JavaScript is', () => {
  const world = useTwoWay({ entity, document });

  const metadata = () => world.simulator.customers()[0]?.['metadata'];
  const fieldsOf = async (id: number) => (await readRow(world.db, entity, id))?.fields;
  const byHand = (id: number, set: string) =>
    world.db.transaction(async (tx) => {
      await tx.raw(
        `update customers set ${set}, version = version + 1, last_event_id = next_sync_event_id() where id = ${id}`,
      );
      await tx.raw(`select write_event('customer', ${id})`);
    });

  it('is shown with every digit, is sent to no system, and stays on both sides', async () => {
    const { id } = await world.create({ name: 'Ada', email: 'ada@x.test', seats: 5, credit: 7 });
    await world.rest();
    await byHand(id, `seats = ${LARGE}, credit = -${LARGE}, rate = 2`);
    await world.rest();
    expect(await fieldsOf(id)).to.include({ seats: LARGE, credit: `-${LARGE}`, rate: '2.00' });
    expect(metadata()).to.include({ seats: '5', credit: '7', rate: '2.00' });
    expect((await mappingOf(world.db, id)).shadow['seats']).to.deep.equal({
      ...{ ours: LARGE, theirs: 5, reason: 'cannot_carry' },
    });
    expect((await conflictsOf(world.db, id)).map(({ kind }) => kind)).to.deep.equal([
      'cannot_carry',
      'cannot_carry',
    ]);
    await expectAgreement(world);
    const calls = world.calls().length;
    await world.notify(id);
    await world.rest();
    expect(world.calls().slice(calls)).to.deep.equal(['GET /v1/customers/cus']);
    await byHand(id, `seats = ${EXACT}, credit = -${EXACT}`);
    await world.rest();
    expect(await fieldsOf(id)).to.include({ seats: EXACT, credit: -EXACT });
    expect(metadata()).to.include({ seats: String(EXACT), credit: String(-EXACT) });
    await expectAgreement(world);
  });

  it('is left out of the record that is made', async () => {
    const { id } = await world.create({ name: 'Bo', email: 'bo@x.test', seats: 5 });
    await byHand(id, `seats = ${LARGE}`);
    await world.rest();
    expect(metadata()).to.not.have.property('seats');
    expect(await mappingOf(world.db, id)).to.include({ state: 'linked', reason: null });
    await expectAgreement(world);
  });
});
