import { expect } from 'chai';
import fc from 'fast-check';
import { onLeaves, type Condition } from '../../../lib/catalogue/condition.ts';
import { disableFailpoints, enableFailpoint } from '../../../lib/failpoint.ts';
import { compareAll } from '../../../lib/operations/comparison.ts';
import type { Lane } from '../../../workers/lane.ts';
import { useBeside } from '../../support/beside.ts';
import { conditioned, FREE, notFree } from '../../support/conditions.ts';
import { readCustomer } from '../../support/customers.ts';
import { useTwoWay } from '../../support/two-way.ts';

type Move =
  | { do: 'ours' | 'theirs'; name: string }
  | { do: 'identity'; serial: number }
  | { do: 'run' | 'rest' }
  | { do: 'stop'; at: string };

const name = fc.constantFrom('Ada', 'Eve', FREE, FREE);
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 4, arbitrary: name.map((to): Move => ({ do: 'ours', name: to })) },
  { weight: 2, arbitrary: name.map((to): Move => ({ do: 'theirs', name: to })) },
  { weight: 1, arbitrary: fc.nat(9).map((serial): Move => ({ do: 'identity', serial })) },
  { weight: 3, arbitrary: fc.constantFrom<Move[]>({ do: 'run' }, { do: 'rest' }) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(
        'intent.stored',
        'intent.answered',
        'settle.before-commit',
        'settle.after',
        'remove.guarded',
      )
      .map((at): Move => ({ do: 'stop', at })),
  },
);

describe('a row and its record under a condition, in random sequences of edits', function () {
  this.timeout(300_000);
  const world = useTwoWay();

  const under = (condition: Condition): Lane =>
    world.worker({ integration: conditioned(world.integration, condition) });

  for (const onLeave of onLeaves)
    it(`has a record if and only if the row fulfils the condition (onLeave ${onLeave})`, async () => {
      let serial = 0;
      await fc.assert(
        fc.asyncProperty(name, fc.array(move, { minLength: 3, maxLength: 12 }), async (first, moves) => {
          const lane = under(notFree(onLeave));
          serial += 1;
          const email = `law${serial}_@x.test`;
          const { id } = await world.create({ name: first, email });
          const records = (): { id: string; name: string | null }[] =>
            world.simulator.customers().filter((one) => one.email?.startsWith(`law${serial}_`) === true);
          let hadRecord = false;
          for (const each of moves) {
            if (each.do === 'ours') await change(id, { name: each.name });
            else if (each.do === 'identity')
              await change(id, { email: `law${serial}_${each.serial}@x.test` });
            else if (each.do === 'stop') enableFailpoint(each.at, 'throw', { once: true });
            else if ('name' in each)
              for (const { id: record } of records())
                world.simulator.dashboard.updateCustomer(record, { name: each.name });
            else if (each.do === 'run') await world.run(lane);
            else await world.rest(lane);
            hadRecord ||= records().length > 0;
          }
          disableFailpoints();
          await world.rest(lane);
          hadRecord ||= records().length > 0;
          const row = await readCustomer(world.db, id);
          expect(row?.deletedAt, 'the row lives').to.equal(null);
          const isWanted = row?.name !== FREE;
          const has = isWanted || (onLeave !== 'delete' && hadRecord);
          expect(records().length, `records of ${row?.name}`).to.equal(has ? 1 : 0);
          if (isWanted) expect(records()[0]?.name).to.equal(row?.name);
          const report = await compareAll({
            ...world.deps,
            integration: conditioned(world.integration, notFree(onLeave)),
          });
          expect(report.findings.filter(({ kind }) => kind !== 'held')).to.deep.equal([]);
          // The fuse counts the deletes of ten minutes.
          world.advance(11 * 60_000);
        }),
        { numRuns: 25, plugins: [fc.interruptAfterTimeLimit(60_000)] },
      );
    });

  /** A change to the values that the row has is none. */
  async function change(id: number, values: { name?: string; email?: string }): Promise<void> {
    const row = await readCustomer(world.db, id);
    const isNew = Object.entries(values).some(([field, value]) => row?.[field as 'name' | 'email'] !== value);
    if (isNew) await world.update(id, values);
  }
});

describe('two systems with a condition each', () => {
  const world = useBeside({
    conditions: {
      stripe: { when: { field: 'name', not: FREE }, onLeave: 'delete' },
      toy: { when: { field: 'name', in: [FREE, 'Both'] }, onLeave: 'detach' },
    },
  });
  const at = () => ({
    stripe: world.stripe.simulator.customers().map((one) => one.name),
    toy: world.toy.people().map((one) => one.full_name),
  });

  it('have the rows that each is to have, and a row moves from one to the other', async () => {
    const { id } = await world.stripe.create({ name: FREE });
    await world.run();
    expect(at()).to.deep.equal({ stripe: [], toy: [FREE] });
    await world.stripe.update(id, { name: 'Both' });
    await world.run();
    expect(at()).to.deep.equal({ stripe: ['Both'], toy: ['Both'] });
    await world.stripe.update(id, { name: 'Ada' });
    await world.run();
    expect(at()).to.deep.equal({ stripe: ['Ada'], toy: ['Both'] });
    await world.stripe.update(id, { name: FREE });
    await world.run();
    expect(at()).to.deep.equal({ stripe: [], toy: [FREE] });
  });

  it('are asked each for itself when an edit at one of them makes the row leave the other', async () => {
    const { id } = await world.stripe.create({ name: 'Both' });
    await world.run();
    const [person] = world.toy.people();
    world.toy.edit(person?.id ?? '', { full_name: FREE });
    await world.run();
    expect(at()).to.deep.equal({ stripe: [], toy: [FREE] });
    expect(await readCustomer(world.db, id)).to.include({ name: FREE, deletedAt: null });
  });
});
