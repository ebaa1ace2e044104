import { expect } from 'chai';
import { canonicalWhen, holds, whenProblems, type When } from '../../../lib/catalogue/condition.ts';
import type { Entity } from '../../../lib/catalogue/entity.ts';
import type { Value } from '../../../lib/catalogue/value.ts';
import { parse, withFields } from './configs.ts';

const customer = parse(
  withFields({
    plan: { type: 'enum', values: ['free', 'team'] },
    seats: { type: 'integer' },
    vip: { type: 'boolean' },
    rate: { type: 'decimal', scale: 2 },
  }),
).entities['customer'] as Entity;

const asks = (when: When, fields: Record<string, Value>): boolean =>
  holds({ when, onLeave: 'detach' }, fields);

describe('a condition', () => {
  const CASES: [when: When, fields: Record<string, Value>, holds: boolean][] = [
    [{ field: 'plan', is: 'team' }, { plan: 'team' }, true],
    [{ field: 'plan', is: 'team' }, { plan: 'free' }, false],
    [{ field: 'plan', is: 'team' }, { plan: null }, false],
    [{ field: 'plan', not: 'free' }, { plan: 'team' }, true],
    [{ field: 'plan', not: 'free' }, { plan: 'free' }, false],
    [{ field: 'plan', not: 'free' }, { plan: null }, true],
    [{ field: 'plan', not: null }, { plan: null }, false],
    [{ field: 'plan', not: null }, { plan: 'free' }, true],
    [{ field: 'plan', is: null }, {}, true],
    [{ field: 'constructor', is: null }, {}, true],
    [{ field: 'seats', in: [1, 2] }, { seats: 2 }, true],
    [{ field: 'seats', in: [1, 2] }, { seats: 3 }, false],
    [{ field: 'vip', is: true }, { vip: true }, true],
    [{ field: 'vip', is: true }, { vip: false }, false],
  ];
  for (const [when, fields, expected] of CASES)
    it(`${JSON.stringify(when)} ${expected ? 'holds' : 'does not hold'} for ${JSON.stringify(fields)}`, () =>
      expect(asks(when, fields)).to.equal(expected));

  it('asks for values in their canonical form', () => {
    expect(canonicalWhen({ field: 'seats', in: ['1', ' 2 '] }, customer)).to.deep.equal({
      field: 'seats',
      in: [1, 2],
    });
    expect(canonicalWhen({ field: 'plan', is: ' free ' }, customer)).to.deep.equal({
      field: 'plan',
      is: 'free',
    });
  });

  const WRONG: [when: When, problems: string[]][] = [
    [{ field: 'plan', is: 'team' }, []],
    [{ field: 'plan', is: null }, []],
    [
      { field: 'paln', is: 'team' },
      [
        '/field: a customer has no field "paln"; did you mean "plan"? (it has: name, email, plan, seats, vip, rate)',
      ],
    ],
    [{ field: 'plan', in: ['team', 'gold'] }, ['/in/1: must be one of free, team, not "gold"']],
    [{ field: 'seats', not: 'many' }, ['/not: must be a whole number, not "many"']],
    [{ field: 'vip', is: 1 }, ['/is: must be true or false, not 1']],
    [{ field: 'name', not: null }, ['/not: a customer always has a name']],
    [
      { field: 'rate', is: '1.50' },
      ['/field: rate is decimal; a condition can ask for text, enum, integer, boolean, date, reference'],
    ],
  ];
  for (const [when, problems] of WRONG)
    it(`${JSON.stringify(when)} has ${problems.length === 0 ? 'no problem' : problems.join()}`, () =>
      expect(whenProblems(when, customer)).to.deep.equal(problems));
});
