import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { tableProblem } from '../../../lib/catalogue/config-names.ts';
import { parse, problemsOf, withFields, withRules } from './configs.ts';

const AT = '/entities/customer/fields';
const RULES = '/systems/stripe/customer/fields';
const ONLY_CUSTOMERS =
  '/entities/invoice: only customers are kept in step today, so an entity of your own would have no effect; remove it';
const NO_CONDITIONS =
  '/systems/stripe/customer/when: conditions are not built yet, so every row would be kept in step; remove it';
const NAMES = 'a name has small letters, digits and underscores, and begins with a letter';
const same = (text: string): string => text;
const withWhen = (mapping: object): object => ({
  ...withFields({ plan: { type: 'enum', values: ['free', 'team'] } }),
  systems: { stripe: { customer: mapping } },
});
const withTransform = (toExternal: unknown): object => ({
  transforms: { own: { toExternal, toInternal: same } },
});

const BAD: [what: string, config: unknown, problems: string[]][] = [
  ['that is none', null, ['/: must be an object, not null']],
  ['that is a list', [], ['/: must be an object, not a list']],
  [
    'with an unknown key',
    { entites: {} },
    [
      '/entites: is not a key that there is here; did you mean "entities"? (the keys are: $schema, entities, systems)',
    ],
  ],
  [
    'with an unknown type',
    withFields({ phone: { type: 'string' } }),
    [
      `${AT}/phone/type: must be one of text, email, enum, integer, money, decimal, boolean, date, timestamp, json, reference, not "string"`,
    ],
  ],
  [
    'with a type that is nearly one',
    withFields({ phone: { type: 'Text' } }),
    [
      `${AT}/phone/type: must be one of text, email, enum, integer, money, decimal, boolean, date, timestamp, json, reference, not "Text"; did you mean "text"?`,
    ],
  ],
  [
    'with a field without a type',
    withFields({ phone: {} }),
    [
      `${AT}/phone/type: is missing; it is one of text, email, enum, integer, money, decimal, boolean, date, timestamp, json, reference`,
    ],
  ],
  [
    'with a misspelt key of a field',
    withFields({ phone: { type: 'text', colum: 'x' } }),
    [
      `${AT}/phone/colum: is not a key that there is here; did you mean "column"? (the keys are: type, required, maxLength, column, values, scale, currency, entity, description)`,
    ],
  ],
  [
    'with values of wrong kinds',
    withFields({ phone: { type: 'text', maxLength: '20', required: 'no' } }),
    [
      `${AT}/phone/required: must be true or false, not "no"`,
      `${AT}/phone/maxLength: must be a whole number, not "20"`,
    ],
  ],
  [
    'with a field that is called in capital letters',
    withFields({ taxId: { type: 'text' } }),
    [`${AT}/taxId: ${NAMES}: "tax_id"`],
  ],
  ['with a field without a name', withFields({ '': { type: 'text' } }), [`${AT}/: ${NAMES}`]],
  [
    'with reserved names of fields',
    withFields({
      id: { type: 'integer' },
      external_mappings: { type: 'json' },
      _own: { type: 'text' },
      constructor: { type: 'text' },
    }),
    [
      `${AT}/id: "id" is a member that the API itself gives to every row`,
      `${AT}/external_mappings: "external_mappings" is a member that the API itself gives to every row`,
      `${AT}/_own: a name that begins with _ is kept for Twinbox`,
      `${AT}/constructor: "constructor" means something in JavaScript; choose another name`,
    ],
  ],
  [
    'with a field whose name is too long',
    withFields({ ['a'.repeat(64)]: { type: 'text' } }),
    [`${AT}/${'a'.repeat(60)}: a name has at most 63 characters, this one has 64`],
  ],
  [
    'with reserved and impossible columns',
    withFields({ a: { type: 'text', column: 'version' }, b: { type: 'text', column: 'B b' } }),
    [`${AT}/a/column: "version" is a column of Twinbox itself`, `${AT}/b/column: ${NAMES}: "b_b"`],
  ],
  [
    'with two fields on one column',
    withFields({
      full: { type: 'text', column: 'name' },
      phone: { type: 'text' },
      tel: { type: 'text', column: 'phone' },
    }),
    [
      `${AT}/full/column: "name" is the column of name already`,
      `${AT}/tel/column: "phone" is the column of phone already`,
    ],
  ],
  [
    'that lacks what a type needs',
    withFields({
      a: { type: 'enum' },
      b: { type: 'decimal' },
      c: { type: 'money' },
      d: { type: 'reference' },
    }),
    [
      `${AT}/a/values: is missing; an enum lists its values, such as ["free", "team"]`,
      `${AT}/b/scale: is missing; a decimal says how many digits it has after the point, 0 to 15`,
      `${AT}/c/currency: is missing; money names the field that holds its currency`,
      `${AT}/d/entity: is missing; a reference names the entity whose id it is`,
    ],
  ],
  [
    'that says of a type what belongs to another',
    withFields({ a: { type: 'integer', maxLength: 5, values: ['x'] } }),
    [
      `${AT}/a/maxLength: belongs to text and email, and this field is integer`,
      `${AT}/a/values: belongs to enum, and this field is integer`,
    ],
  ],
  [
    'with values of an enum that are not in canonical form, or there twice',
    withFields({ a: { type: 'enum', values: ['x', ' y', 'x'] } }),
    [
      `${AT}/a/values/1: " y" has white space at its ends, or letters that are not Unicode NFC`,
      `${AT}/a/values/2: "x" is there twice`,
    ],
  ],
  [
    'with an enum without values',
    withFields({ a: { type: 'enum', values: [] } }),
    [`${AT}/a/values: must not be empty`],
  ],
  [
    'with a scale that is too large',
    withFields({ a: { type: 'decimal', scale: 16 } }),
    [`${AT}/a/scale: must be at most 15, not 16`],
  ],
  [
    'with a currency that is no field, or no text',
    withFields({
      a: { type: 'money', currency: 'curency' },
      b: { type: 'money', currency: 'a' },
      currency: { type: 'text' },
    }),
    [
      `${AT}/a/currency: there is no field "curency"; did you mean "currency"?`,
      `${AT}/b/currency: a is money; a currency is in a text or an enum`,
    ],
  ],
  [
    'with a reference to an unknown entity',
    withFields({ parent: { type: 'reference', entity: 'custmer' } }),
    [`${AT}/parent/entity: there is no entity "custmer"; did you mean "customer"? (there are: customer)`],
  ],
  [
    'that changes the built-in fields',
    withFields({
      name: { type: 'email', required: false, maxLength: 300 },
      email: { type: 'email', values: ['x'], maxLength: 513 },
    }),
    [
      `${AT}/name/type: is built in as text and stays so; leave the type out`,
      `${AT}/name/required: a customer always has a name; leave it out`,
      `${AT}/name/maxLength: must be at most 256, the built-in limit`,
      `${AT}/email/maxLength: must be at most 512, the built-in limit`,
      `${AT}/email/values: cannot be said of email, which is email`,
    ],
  ],
  [
    'with a table in a schema',
    { entities: { customer: { table: 'crm.customers' } } },
    [
      '/entities/customer/table: "crm.customers" names a schema; name the table alone, its schema is that of the search_path of the database',
    ],
  ],
  [
    'with a table of Twinbox itself',
    { entities: { customer: { table: 'sync_events' } } },
    ['/entities/customer/table: "sync_events" is a table of Twinbox itself, or may become one'],
  ],
  [
    'with another plural of customers',
    { entities: { customer: { plural: 'clients' } } },
    ['/entities/customer/plural: is "customers" and stays so; leave it out'],
  ],
  [
    'with an identity that is no field',
    { entities: { customer: { identity: 'mail' } } },
    [
      '/entities/customer/identity: a customer has no field "mail"; did you mean "email"? (it has: name, email)',
    ],
  ],
  [
    'with an identity that may be empty, or is no text',
    { entities: { customer: { identity: 'phone', fields: { phone: { type: 'text' } } } } },
    ['/entities/customer/identity: phone may be empty; an identity is a field with required: true'],
  ],
  [
    'with an identity that is a number',
    { entities: { customer: { identity: 'no', fields: { no: { type: 'integer', required: true } } } } },
    ['/entities/customer/identity: no is integer; an identity is a text or an email'],
  ],
  [
    'with an entity of its own',
    { entities: { invoice: { fields: { total: { type: 'integer' } } } } },
    [ONLY_CUSTOMERS],
  ],
  [
    'with an entity of its own that is wrong too',
    { entities: { invoice: { table: 'customers', plural: 'Bills', fields: { id: { type: 'integer' } } } } },
    [
      `/entities/invoice/plural: ${NAMES}: "bills"`,
      '/entities/invoice/fields/id: "id" is a member that the API itself gives to every row',
      ONLY_CUSTOMERS,
      '/entities/invoice/table: "customers" is the table of customer already',
    ],
  ],
  [
    'with an entity without fields',
    { entities: { invoice: {} } },
    ['/entities/invoice/fields: must have at least one field', ONLY_CUSTOMERS],
  ],
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
  ['with a condition', withWhen({ when: { field: 'plan', not: 'free' } }), [NO_CONDITIONS]],
  [
    'with a condition over an unknown field',
    withWhen({ when: { field: 'paln', not: 'free' } }),
    [
      '/systems/stripe/customer/when/field: a customer has no field "paln"; did you mean "plan"? (it has: name, email, plan)',
      NO_CONDITIONS,
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

describe('a configuration', () => {
  for (const [what, config, problems] of BAD)
    it(`${what} is refused with its place`, () => expect(problemsOf(config)).to.deep.equal(problems));

  it('is refused with all its problems in one message', () => {
    const config = { ...withRules({ internal: 'phone', external: 'fone' }), transforms: { x: 1 } };
    expect(() => parse(config)).to.throw(
      /\/transforms\/x: .*\n\/systems\/stripe\/customer\/fields\/0\/external: /,
    );
  });

  it('takes no name of a table that the database of Twinbox has', () => {
    const schema = readFileSync(new URL('../../../db/schema.sql', import.meta.url), 'utf8');
    const tables = [...schema.matchAll(/^create table (?:public\.)?(\w+)/gim)].map(([, name = '']) => name);
    expect(tables).to.have.length.above(30);
    expect(tables.filter((name) => tableProblem(name) === null)).to.deep.equal(['customers']);
  });
});
