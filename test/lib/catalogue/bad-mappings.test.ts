import { expect } from 'chai';
import { parse, problemsOf, withFields, withRules } from './configs.ts';

const RULES = '/systems/stripe/customer/fields';
const same = (text: string): string => text;
const withWhen = (mapping: object): object => ({
  ...withFields({ plan: { type: 'enum', values: ['free', 'team'] } }),
  systems: { stripe: { customer: mapping } },
});
const withTransform = (toExternal: unknown): object => ({
  transforms: { own: { toExternal, toInternal: same } },
});

const BAD: [what: string, config: unknown, problems: string[]][] = [
  [
    'with an unknown system',
    { systems: { strpe: {} } },
    ['/systems/strpe: there is no system "strpe"; did you mean "stripe"? (there are: stripe)'],
  ],
  [
    'with a kind of record that the system does not have',
    { systems: { stripe: { customers: {} } } },
    [
      '/systems/stripe/customers: Stripe has no records for "customers"; did you mean "customer"? (it has: customer)',
    ],
  ],
  [
    'with a rule without its fields',
    withRules({ internal: 'phone' }, { external: 'phone' }, 'phone' as never),
    [
      `${RULES}/0/external: is missing`,
      `${RULES}/1/internal: is missing`,
      `${RULES}/2: must be an object, not "phone"`,
    ],
  ],
  [
    'with a rule for a field that the entity does not have',
    withRules({ internal: 'phnoe', external: 'phone' }),
    [
      `${RULES}/0/internal: a customer has no field "phnoe"; did you mean "phone"? (it has: name, email, phone, city, plan, seats, prefix)`,
    ],
  ],
  [
    'with two rules for one field, and one path of the built-in rules',
    withRules({ internal: 'phone', external: 'phone' }, { internal: 'phone', external: 'name' }),
    [`${RULES}/1/internal: "phone" is mapped twice`, `${RULES}/1/external: "name" is mapped twice`],
  ],
  [
    'with a rule that takes the path of a built-in rule after it',
    withRules({ internal: 'name', external: 'email' }),
    [`${RULES}: the built-in rule of email: "email" is mapped twice`],
  ],
  [
    'with a field of Stripe that nothing can be written to',
    withRules({ internal: 'seats', external: 'balance' }),
    [`${RULES}/0/external: "balance" cannot be mapped: it is an amount of money, which invoices change`],
  ],
  [
    'with a longer text than Stripe takes',
    withRules({ internal: 'phone', external: 'phone', maxLength: 21 }),
    [`${RULES}/0/maxLength: Stripe takes phone up to 20 characters, not 21`],
  ],
  [
    'with a wrong group',
    withRules(
      { internal: 'city', external: 'address.city', group: 'shipping' },
      { internal: 'phone', external: 'phone', group: 'a' },
    ),
    [
      `${RULES}/0/group: Stripe takes address.city in the group "address", not "shipping"`,
      `${RULES}/1/group: Stripe takes phone by itself; leave the group out`,
    ],
  ],
  [
    'with an unknown owner',
    withRules({ internal: 'phone', external: 'phone', owner: 'stipe' }),
    [`${RULES}/0/owner: must be one of internal, stripe, not "stipe"; did you mean "stripe"?`],
  ],
  [
    'with an unknown transform',
    withRules({ internal: 'phone', external: 'phone', toExternal: ['lowre'] }),
    [`${RULES}/0/toExternal/0: must be one of lower, singleSpaced; did you mean "lower"?`],
  ],
  [
    'that clears what a row always has',
    withRules({ internal: 'name', external: 'name', onNull: 'clear' }),
    [
      `${RULES}/0/onNull: a customer in our table always has a name, so their null cannot be taken; use "keep"`,
    ],
  ],
  [
    'with a condition over an unknown field',
    withWhen({ when: { field: 'paln', not: 'free' } }),
    [
      '/systems/stripe/customer/when/field: a customer has no field "paln"; did you mean "plan"? (it has: name, email, plan)',
    ],
  ],
  [
    'with a condition that asks for two things',
    withWhen({ when: { field: 'plan', is: 'free', not: 'team' } }),
    ['/systems/stripe/customer/when: must have a field and exactly one of is, not and in'],
  ],
  [
    'that says what happens to a row that leaves, without a condition',
    withWhen({ onLeave: 'keep' }),
    ['/systems/stripe/customer/onLeave: belongs to a condition; say "when" too, or remove it'],
  ],
  [
    'with transforms that are none',
    { transforms: [] },
    ['/transforms: must be an object of transforms by name'],
  ],
  [
    'with half a transform',
    { transforms: { own: { toExternal: same } } },
    ['/transforms/own/toInternal: must be a function'],
  ],
  [
    'with a transform of a built-in name, and one whose name cannot be',
    {
      transforms: {
        lower: { toExternal: same, toInternal: same },
        'a|b': { toExternal: same, toInternal: same },
      },
    },
    [
      '/transforms/lower: "lower" is a transform of Twinbox itself',
      '/transforms/a|b: the name of a transform has letters, digits and underscores, and begins with a letter',
    ],
  ],
  [
    'with a transform that throws',
    withTransform(() => {
      throw new Error('no');
    }),
    ['/transforms/own/toExternal: throws no for "Ada Lovelace"'],
  ],
  [
    'with a transform that makes no text',
    withTransform((text: string) => text.length),
    ['/transforms/own/toExternal: must give a text back; it gives number for "Ada Lovelace"'],
  ],
  [
    'with a transform that waits',
    withTransform((text: string) => Promise.resolve(text)),
    ['/transforms/own/toExternal: must give a text back; it gives a promise for "Ada Lovelace"'],
  ],
  [
    'with a transform that is not pure',
    withTransform(
      (
        (count) => (text: string) =>
          `${text}${count++}`
      )(0),
    ),
    [
      '/transforms/own/toExternal: is not pure: asked a second time about "Ada Lovelace" it gives another answer',
    ],
  ],
  [
    'with a transform that changes a value each time',
    withTransform((text: string) => `+${text}`),
    ['/transforms/own/toExternal: applied twice to "Ada Lovelace" it does not give the same as once'],
  ],
];

describe('the mappings and transforms of a configuration', () => {
  for (const [what, config, problems] of BAD)
    it(`${what}: refused with the place`, () => expect(problemsOf(config)).to.deep.equal(problems));

  it('are refused with all their problems in one message', () => {
    const config = { ...withRules({ internal: 'phone', external: 'fone' }), transforms: { x: 1 } };
    expect(() => parse(config)).to.throw(
      /\/transforms\/x: .*\n\/systems\/stripe\/customer\/fields\/0\/external: /,
    );
  });
});
