import { expect } from 'chai';
import fc from 'fast-check';
import { readRow, updateRow } from '../../../db/entities/rows.ts';
import { canonical, equal, fits, plainText } from '../../../lib/catalogue/field-types.ts';
import { rowChecksOf, type RowValues } from '../../../lib/catalogue/row-checks.ts';
import type { Value } from '../../../lib/catalogue/value.ts';
import { readField } from '../../../lib/integrations/stripe/read-field.ts';
import type { Edit } from '../../../simulator/control/dashboard.ts';
import { newEventId } from '../../../lib/uuid.ts';
import { caseOf, document, edits, entity, fieldOf, NAMES } from '../../support/every-type.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { conflictsOf, mappingOf } from '../../support/sync-rows.ts';
import { useTwoWay } from '../../support/two-way.ts';

const stamp = () => ({ eventId: newEventId(new Date()), source: 'internal', context: {}, now: new Date() });

describe('a field of every type, on both sides', function () {
  this.timeout(120_000);
  const world = useTwoWay({ entity, document });

  /** As the API stores what it is given. */
  const checked = (given: Record<string, Value>): RowValues => {
    const found = rowChecksOf(entity).checkChange({ name: 'Ada', ...given });
    if (!found.ok) throw new Error(JSON.stringify({ given, found }));
    return found.value;
  };
  const row = async (id: number) => (await readRow(world.db, entity, id)) ?? expect.fail('no row');
  const record = (externalId: string): Record<string, unknown> => ({
    ...world.simulator.customers().find(({ id }) => id === externalId),
  });
  const there = (externalId: string, name: string): Value =>
    readField(record(externalId), caseOf(name).external).value ?? null;
  const agree = () => expectAgreement(world);

  async function linked(values: RowValues): Promise<{ id: number; externalId: string }> {
    const { id } = await world.create(values);
    await world.rest();
    return { id, externalId: (await mappingOf(world.db, id)).externalId ?? expect.fail('not linked') };
  }

  /** Both sides have the same; and a second look makes one call, and writes nothing. */
  async function expectRest(id: number, externalId: string): Promise<void> {
    const { fields: ours, version } = await row(id);
    for (const name of NAMES) {
      const [mine, theirs] = [ours[name] ?? null, canonical(there(externalId, name), fieldOf(name))];
      expect(
        equal(canonical(mine, fieldOf(name)), theirs, fieldOf(name)),
        `${name}: ${JSON.stringify(mine)} ${JSON.stringify(theirs)}`,
      ).to.equal(true);
      expect(mine === null || fits(canonical(mine, fieldOf(name)), fieldOf(name)), name).to.equal(true);
    }
    await agree();
    const calls = world.calls().length;
    await world.notify(id);
    await world.rest();
    expect(world.calls().slice(calls)).to.deep.equal(['GET /v1/customers/cus']);
    expect((await row(id)).version).to.equal(version);
  }

  it('comes to Stripe as it was set at our side, and back unchanged', async () => {
    await fc.assert(
      fc.asyncProperty(edits('ours'), fc.array(edits('ours'), { maxLength: 3 }), async (first, later) => {
        const { id, externalId } = await linked(checked(first));
        for (const change of [{}, ...later]) {
          const given = checked(change);
          const before = (await row(id)).fields;
          if (Object.keys(change).length > 0) await updateRow(world.db, entity, id, given, {}, stamp());
          await world.rest();
          const after = (await row(id)).fields;
          for (const name of NAMES) {
            const wanted = canonical(
              name in change ? (given[name] ?? null) : (before[name] ?? null),
              fieldOf(name),
            );
            expect(canonical(after[name], fieldOf(name)), name).to.deep.equal(wanted);
            expect(there(externalId, name), name).to.equal(wanted === null ? null : plainText(wanted));
          }
          expect(await conflictsOf(world.db, id)).to.deep.equal([]);
          await expectRest(id, externalId);
        }
      }),
      { numRuns: 15 },
    );
  });

  it('comes from Stripe with the type that it has here, in any form, and nothing goes back', async () => {
    await fc.assert(
      fc.asyncProperty(
        edits('ours'),
        fc.array(edits('theirs'), { minLength: 1, maxLength: 3 }),
        async (first, later) => {
          const { id, externalId } = await linked(checked(first));
          for (const change of later) {
            const writes = writesTo();
            const before = (await row(id)).fields;
            world.simulator.dashboard.updateCustomer(externalId, editOf(change));
            await world.rest();
            const after = (await row(id)).fields;
            for (const name of NAMES) {
              if (!(name in change)) {
                expect(after[name], name).to.deep.equal(before[name]);
                continue;
              }
              const field = fieldOf(name);
              const wanted = canonical(change[name], field);
              expect(
                equal(canonical(after[name], field), wanted, field),
                `${name}: ${JSON.stringify([after[name], wanted])}`,
              ).to.equal(true);
            }
            expect(writesTo(), 'nothing goes back').to.equal(writes);
            expect(await conflictsOf(world.db, id)).to.deep.equal([]);
            await expectRest(id, externalId);
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  const writesTo = (): number => world.calls().filter((call) => call.startsWith('POST')).length;

  for (const name of NAMES) {
    const { none, external } = caseOf(name);
    if (none === undefined) continue;
    const some =
      fc.sample(
        caseOf(name).ours.filter((value) => value !== null),
        { numRuns: 1, seed: 7 },
      )[0] ?? null;

    it(`${name}: the text ${JSON.stringify(none)} there is never taken, and stays there until somebody changes ${name}`, async () => {
      const { id, externalId } = await linked(checked({ [name]: some }));
      const { fields: before } = await row(id);
      world.simulator.dashboard.updateCustomer(externalId, editOf({ [name]: none }));
      await world.rest();
      expect((await row(id)).fields).to.deep.equal(before);
      expect(there(externalId, name)).to.equal(none);
      const conflicts = await conflictsOf(world.db, id);
      expect(
        conflicts.map(({ kind, field, theirs, winner }) => ({ kind, field, theirs, winner })),
      ).to.deep.equal([{ kind: 'cannot_take', field: name, theirs: none, winner: 'neither' }]);
      await world.update(id, { name: 'Another name' });
      await world.notify(id);
      await world.rest();
      expect(there(externalId, name)).to.equal(none);
      expect(await conflictsOf(world.db, id)).to.have.length(1);
      await agree();
      world.simulator.dashboard.updateCustomer(
        externalId,
        editOf({ [name]: fc.sample(caseOf(name).theirs, { numRuns: 1, seed: 3 })[0] ?? null }),
      );
      await world.rest();
      await expectRest(id, externalId);
    });

    it(`${name}: a record that comes with the text ${JSON.stringify(none)} becomes a row without it, and keeps it`, async () => {
      const made = world.simulator.dashboard.createCustomer({
        name: 'Bo',
        email: 'bo@example.com',
        ...editOf({ [name]: none }),
      });
      await world.rest();
      const { rows } = await world.db.raw<{ rows: { id: number }[] }>(`select id::int from customers`);
      const id = rows[0]?.id ?? expect.fail('no row');
      expect((await row(id)).fields[name]).to.equal(null);
      const conflicts = await conflictsOf(world.db, id);
      expect(conflicts.map(({ kind, field, theirs }) => ({ kind, field, theirs }))).to.deep.equal([
        { kind: 'cannot_take', field: name, theirs: none },
      ]);
      await world.update(id, { name: 'Another name' });
      await world.rest();
      expect(there(made.id, name)).to.equal(none);
      expect(external.length).to.be.above(0);
      await agree();
    });
  }

  it('keeps every digit of a decimal, both ways', async () => {
    const { id, externalId } = await linked(checked({ rate: '12.34' }));
    expect(there(externalId, 'rate')).to.equal('12.34');
    world.simulator.dashboard.updateCustomer(externalId, editOf({ rate: '5.67' }));
    await world.rest();
    expect((await row(id)).fields['rate']).to.equal('5.67');
  });

  it('is emptied on the other side, both ways', async () => {
    const all = Object.fromEntries(
      NAMES.map((name) => [
        name,
        fc.sample(
          caseOf(name).ours.filter((v) => v !== null && v !== ''),
          { numRuns: 1, seed: 11 },
        )[0] ?? null,
      ]),
    );
    const { id, externalId } = await linked(checked(all));
    await world.update(id, Object.fromEntries(NAMES.map((name) => [name, null])));
    await world.rest();
    for (const name of NAMES) expect(there(externalId, name), name).to.equal(null);
    await world.update(id, checked(all));
    await world.rest();
    world.simulator.dashboard.updateCustomer(
      externalId,
      editOf(Object.fromEntries(NAMES.map((name) => [name, null]))),
    );
    await world.rest();
    const { fields: emptied } = await row(id);
    for (const name of NAMES) expect(emptied[name], name).to.equal(null);
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
    await expectRest(id, externalId);
  });
});

/** As the dashboard takes it. */
function editOf(change: Record<string, Value>): Edit {
  const edit: Record<string, unknown> = {};
  const metadata: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(change)) {
    const { external } = caseOf(name);
    const given = value ?? '';
    if (external.startsWith('metadata.')) metadata[external.slice('metadata.'.length)] = given;
    else if (external === 'address.city') edit['address'] = { city: given };
    else if (external === 'preferred_locales')
      edit[external] = typeof given === 'string' && given !== '' ? given.split(',') : '';
    else edit[external] = given;
  }
  return { ...edit, ...(Object.keys(metadata).length > 0 ? { metadata } : {}) } as Edit;
}
