import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { tableProblem } from '../../../lib/catalogue/config-names.ts';
import { problemsOf, withFields } from './configs.ts';

const AT = '/entities/customer/fields';
const ONLY_CUSTOMERS =
  '/entities/invoice: only customers are kept in step today, so an entity of your own would have no effect; remove it';
const NAMES = 'a name has small letters, digits and underscores, and begins with a letter';

const BAD: [what: string, config: unknown, problems: string[]][] = [
  ['that is none', null, ['/: must be an object, not null']],
  ['that is a list', [], ['/: must be an object, not a list']],
  [
    'with an unknown key',
    { entites: {} },
    [
      '/entites: is not a key that there is here; did you mean "entities"? (the keys are: $schema, entities, systems, transforms)',
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
      `${AT}/phone/colum: is not a key that there is here; did you mean "column"? (the keys are: type, required, maxLength, column, values, scale, currency, entity, indexed, description)`,
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
  [
    'with an indexed json field',
    withFields({ extra: { type: 'json', indexed: true } }),
    [
      `${AT}/extra/indexed: a list cannot be filtered by a json field; put the value to filter by into a field of its own, with a column of its own`,
    ],
  ],
  [
    'with indexed texts that may be too long for an index',
    withFields({
      phone: { type: 'text', indexed: true },
      billing: { type: 'email', maxLength: 601, indexed: true },
      city: { type: 'text', maxLength: 600, indexed: true },
      name: { indexed: true },
    }),
    [
      `${AT}/phone/indexed: an indexed text needs a maxLength of at most 600: PostgreSQL refuses a row with a longer indexed value`,
      `${AT}/billing/indexed: an indexed email needs a maxLength of at most 600: PostgreSQL refuses a row with a longer indexed value`,
    ],
  ],
  [
    'with indexed fields that are called like a parameter of a list',
    withFields({
      limit: { type: 'integer', indexed: true },
      after: { type: 'date', column: 'after_day', indexed: true },
      updated_since: { type: 'boolean', indexed: false },
    }),
    ['limit', 'after'].map(
      (name) =>
        `${AT}/${name}/indexed: a list has a parameter "${name}" of its own, so it cannot be filtered by a field of this name; give the field another name, its column can stay`,
    ),
  ],
  [
    'with an index that is neither there nor not',
    withFields({ phone: { type: 'text', maxLength: 20, indexed: 'unique' } }),
    [`${AT}/phone/indexed: must be true or false, not "unique"`],
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
];

describe('the tables and fields of a configuration', () => {
  for (const [what, config, problems] of BAD)
    it(`${what}: refused with the place`, () => expect(problemsOf(config)).to.deep.equal(problems));

  it('have no table that the database of Twinbox has', () => {
    const schema = readFileSync(new URL('../../../db/schema.sql', import.meta.url), 'utf8');
    const tables = [...schema.matchAll(/^create table (?:public\.)?(\w+)/gim)].map(([, name = '']) => name);
    expect(tables).to.have.length.above(30);
    expect(tables.filter((name) => tableProblem(name) === null)).to.deep.equal(['customers']);
  });
});
