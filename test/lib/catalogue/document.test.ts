import { expect } from 'chai';
import {
  externalFields,
  fallbackValue,
  type FieldRule,
  parseDocument,
} from '../../../lib/catalogue/document.ts';
import customer from '../../../lib/integrations/stripe/customer.json' with { type: 'json' };

const FIELD: Omit<FieldRule, 'field'> = {
  internal: 'name',
  external: 'name',
  direction: 'both',
  conflict: 'internal_wins',
  onNull: 'keep',
  toExternal: [],
  toInternal: [],
  compare: [],
  fallback: [],
  maxLength: null,
  owner: null,
};
const email = { ...FIELD, internal: 'email', external: 'email' };

function documentOf(...fields: unknown[]): unknown {
  return { id: 'test@1', system: 'test', entity: 'customer', externalType: 'customer', fields };
}

describe('a mapping document', () => {
  it('of Stripe is accepted, and cannot be changed afterwards', () => {
    const document = parseDocument(customer);
    expect(document.fields.map(({ internal }) => internal)).to.deep.equal(['name', 'email']);
    expect(() => document.fields.pop()).to.throw(TypeError);
    expect(Object.isFrozen(document.fields[0]?.fallback)).to.equal(true);
  });

  const WRONG: [string, unknown, RegExp][] = [
    ['that is none', null, /\(without id\):\n {2}\/: must be object/],
    ['without fields', documentOf(), /\/fields: must NOT have fewer than 1 items/],
    ['with an unknown key', { ...(documentOf(FIELD) as object), when: 1 }, /\/: unknown key "when"/],
    [
      'with an unknown key in a field',
      documentOf({ ...FIELD, transform: 'x' }),
      /\/fields\/0: unknown key "transform"/,
    ],
    [
      'with an unknown rule',
      documentOf({ ...FIELD, conflict: 'latest' }),
      /\/fields\/0\/conflict: must be one of internal_wins/,
    ],
    [
      'with an unknown comparison',
      documentOf({ ...FIELD, compare: ['fuzzy'] }),
      /\/fields\/0\/compare\/0: must be one of lower, exact/,
    ],
    [
      'with an unknown transform',
      documentOf({ ...FIELD, fallback: ['email|upper'] }),
      /\/fields\/0\/fallback: unknown transform "upper" \(known: localPart\)/,
    ],
    [
      'with a transform named like a member of every object',
      documentOf({ ...FIELD, fallback: ['email|toString'] }),
      /unknown transform "toString"/,
    ],
    [
      'that stands in for itself',
      documentOf({ ...FIELD, fallback: ['name|localPart'] }),
      /\/fields\/0\/fallback: circular: name → name/,
    ],
    [
      'with a circle of stand-ins',
      documentOf({ ...FIELD, fallback: ['email|localPart'] }, { ...email, fallback: ['name'] }),
      /circular: name → email → name[\s\S]*circular: email → name → email/,
    ],
    [
      'that maps a field twice',
      documentOf(FIELD, { ...email, external: 'name' }),
      /\/fields\/1\/external: "name" is mapped twice/,
    ],
    [
      'that carries a value by an unknown name',
      documentOf({ ...FIELD, toExternal: ['localPart'] }),
      /\/fields\/0\/toExternal\/0: must be one of lower, singleSpaced/,
    ],
    [
      'that takes their null for what is never empty here',
      documentOf({ ...FIELD, onNull: 'clear' }),
      /\/fields\/0\/onNull: a customer in our table always has a name, so their null cannot be taken/,
    ],
    [
      'with a field that the entity does not have',
      documentOf(FIELD, { ...email, internal: 'emial' }),
      /\/fields\/1\/internal: a customer has no field "emial"; did you mean "email"\? \(it has: name, email\)/,
    ],
    [
      'with a field named like a member of every object',
      documentOf({ ...FIELD, internal: 'constructor' }),
      /\/fields\/0\/internal: a customer has no field "constructor" \(it has: name, email\)/,
    ],
    [
      'of an entity that is not known',
      { ...(documentOf({ ...FIELD, internal: 'total' }) as object), entity: 'invoice' },
      /\/entity: unknown entity "invoice" \(known: customer\)/,
    ],
    ['with a length of nothing', documentOf({ ...FIELD, maxLength: 0 }), /\/fields\/0\/maxLength/],
  ];
  for (const [what, candidate, problem] of WRONG) {
    it(`${what} is refused with its name`, () => expect(() => parseDocument(candidate)).to.throw(problem));
  }

  it('is refused with all its problems in one message', () => {
    const candidate = documentOf({ ...FIELD, direction: 'up', onNull: 'drop' });
    expect(() => parseDocument(candidate)).to.throw(/direction[\s\S]*onNull/);
  });

  it('names each external field to read once: mapped fields and substitutes for the name', () => {
    expect(externalFields(parseDocument(customer))).to.deep.equal([
      ...['name', 'individual_name', 'business_name', 'email'],
    ]);
  });
});

describe('the substitute for a missing name', () => {
  const [rule] = parseDocument(customer).fields;
  if (rule === undefined) throw new Error('no rule for the name');
  const cases: [string, Record<string, string | null>, string | null][] = [
    ['the person before the business', { individual_name: 'Ada', business_name: 'Engines' }, 'Ada'],
    [
      'the business before the e-mail',
      { individual_name: '  ', business_name: 'Engines', email: 'a@b.co' },
      'Engines',
    ],
    ['the local part of the e-mail', { individual_name: null, email: 'ada.l@example.com' }, 'ada.l'],
    ['all before the last @', { email: '"a@b"@example.com' }, '"a@b"'],
    ['nothing of an e-mail without a local part', { email: '@example.com' }, null],
    ['nothing of nothing', {}, null],
  ];
  for (const [what, fields, expected] of cases) {
    it(what, () => expect(fallbackValue(rule, fields)).to.equal(expected));
  }
});
