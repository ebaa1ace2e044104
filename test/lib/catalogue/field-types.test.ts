import { expect } from 'chai';
import fc from 'fast-check';
import { builtInEntities, plainField } from '../../../lib/catalogue/built-in.ts';
import { compileCheck } from '../../../lib/catalogue/check.ts';
import { customerFields } from '../../../lib/catalogue/customer.ts';
import { fieldTypes, type Field, type FieldType } from '../../../lib/catalogue/entity.ts';
import { canonical, equal, fieldSchema, fits, fromText, toText } from '../../../lib/catalogue/field-types.ts';
import type { Value } from '../../../lib/catalogue/value.ts';

const DETAILS: Partial<Record<FieldType, Partial<Field>>> = {
  enum: { values: ['free', 'team', 'Business'] },
  money: { currency: 'currency' },
  decimal: { scale: 2 },
  reference: { references: 'customer' },
};

function field(type: FieldType, more: Partial<Field> = {}): Field {
  return { ...plainField('it', type), ...DETAILS[type], ...more };
}

/** Values of every kind, with many that are nearly of the type. */
const near: Record<FieldType, fc.Arbitrary<unknown>> = {
  text: fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom(' a ', '\u200b', 'e\u0301', '\0', '\ud800'),
  ),
  email: fc.oneof(fc.emailAddress(), fc.constantFrom(' A@b.c\u200b', 'a@b\u200bc', 'a b@c', 'ADA@x.y', '@')),
  enum: fc.constantFrom('free', ' team', 'Business', 'business', 'x'),
  integer: fc.oneof(
    fc.maxSafeInteger(),
    fc.maxSafeInteger().map(String),
    fc.double(),
    fc.constantFrom('4x', -0),
  ),
  money: fc.oneof(fc.maxSafeInteger(), fc.constantFrom('4.20', ' 42 ', '+7', '99999999999999999')),
  decimal: fc.oneof(
    fc.tuple(fc.integer(), fc.nat(999)).map(([a, b]) => `${a}.${b}`),
    fc.double().map(String),
    fc.constantFrom('1e3', '15e-1', '.5', '5.', '-0.00', '007.10', 1.5, '1.555', '1e99', '9'.repeat(31)),
  ),
  boolean: fc.oneof(fc.boolean(), fc.constantFrom('true', ' FALSE', 'yes')),
  date: fc.oneof(
    fc.date({ noInvalidDate: true }).map((at) => at.toISOString().slice(0, 10)),
    fc.constantFrom('2026-02-30', '0000-01-01', ' 2026-01-31 '),
  ),
  timestamp: fc.oneof(
    fc.date({ noInvalidDate: true }).map((at) => at.toISOString()),
    fc.constantFrom('2026-01-31T12:00:00.999+02:00', '2026-02-30T00:00:00Z', '9999-12-31T23:59:59-12:00'),
    fc.constantFrom('2026-01-31 12:00', '2026-01-31t12:00:00z', '0001-01-01T00:00:00+12:00'),
  ),
  json: fc.oneof(fc.jsonValue(), fc.json(), fc.constantFrom({ b: 1, a: [{ d: 1, c: -0 }] }, '[1', '\0')),
  reference: fc.oneof(fc.integer(), fc.constantFrom('42', 0, '0')),
};

const anyValue = (type: FieldType): fc.Arbitrary<Value> =>
  fc.oneof(
    { weight: 6, arbitrary: near[type] as fc.Arbitrary<Value> },
    fc.jsonValue() as fc.Arbitrary<Value>,
    fc.constantFrom<Value>(null, '', '  ', '\u200b'),
  );

const RUNS = { numRuns: 500 };

for (const type of fieldTypes) {
  describe(`a field of the type ${type}`, () => {
    const optional = field(type);
    const check = compileCheck(fieldSchema(optional));

    it('has one canonical form for each value: the canonical form of a canonical value is itself', () => {
      fc.assert(
        fc.property(anyValue(type), (given) => {
          const once = canonical(given, optional);
          expect(canonical(once, optional)).to.deep.equal(once);
        }),
        RUNS,
      );
    });

    it('fits exactly the canonical values that the schema of the API accepts', () => {
      fc.assert(
        fc.property(anyValue(type), (given) => {
          const value = canonical(given, optional);
          // What the database alone refuses, or what no client can write.
          if (['json', 'timestamp'].includes(type) && !fits(value, optional)) return;
          expect(check(value).ok, JSON.stringify(value)).to.equal(fits(value, optional));
        }),
        RUNS,
      );
    });

    it('becomes text and back without a change', () => {
      fc.assert(
        fc.property(anyValue(type), (given) => {
          const value = canonical(given, optional);
          fc.pre(fits(value, optional));
          expect(fromText(toText(value, optional) ?? '', optional)).to.deep.equal({ value });
        }),
        RUNS,
      );
    });

    it('compares as an equivalence, and canonical forms of one value are the same', () => {
      fc.assert(
        fc.property(anyValue(type), anyValue(type), anyValue(type), (...given) => {
          const [a, b, c] = given.map((each) => canonical(each, optional)) as [Value, Value, Value];
          expect(equal(a, a, optional)).to.equal(true);
          expect(equal(a, b, optional)).to.equal(equal(b, a, optional));
          if (equal(a, b, optional) && equal(b, c, optional)) expect(equal(a, c, optional)).to.equal(true);
        }),
        RUNS,
      );
    });

    it('is cleared by null and by a text in which nothing can be seen, unless it is required', () => {
      for (const empty of [null, '', ' \t', '\u200b']) expect(canonical(empty, optional)).to.equal(null);
      expect(fits(null, optional)).to.equal(true);
      expect(check(null).ok).to.equal(true);
      expect(fromText(' ', optional)).to.deep.equal({ value: null });
      const required = field(type, { required: true });
      expect(fits(null, required)).to.equal(false);
      expect(compileCheck(fieldSchema(required))(null).ok).to.equal(false);
      expect(fromText(' ', required)).to.deep.equal({ problem: 'is missing' });
    });
  });
}

describe('the canonical form of a value', () => {
  const FORMS: [type: FieldType, given: Value, form: Value][] = [
    ['text', '  Jose\u0301 ', 'José'],
    ['text', 42, 42],
    ['email', '\u200b ada@example.com\u200b', 'ada@example.com'],
    ['integer', ' 42 ', 42],
    ['integer', '+7', 7],
    ['integer', '4x ', '4x'],
    ['integer', '9007199254740993', '9007199254740993'],
    ['decimal', '1.5', '1.50'],
    ['decimal', 1.5, '1.50'],
    ['decimal', '15e-1', '1.50'],
    ['decimal', '-0', '0.00'],
    ['decimal', '007', '7.00'],
    ['decimal', '1.555', '1.555'],
    ['boolean', 'TRUE', true],
    ['boolean', 'yes', 'yes'],
    ['timestamp', '2026-01-31T12:00:00.999+02:00', '2026-01-31T10:00:00Z'],
    ['timestamp', '2026-02-30T12:00:00Z', '2026-02-30T12:00:00Z'],
    ['json', '{"b":1,"a":2}', { a: 2, b: 1 }],
    ['json', 'plain', 'plain'],
    ['reference', '42', 42],
  ];
  for (const [type, given, form] of FORMS) {
    it(`of ${type} ${JSON.stringify(given)} is ${JSON.stringify(form)}`, () => {
      expect(canonical(given, field(type))).to.deep.equal(form);
      if (type === 'json')
        expect(Object.keys(canonical(given, field(type)) as object).join('')).to.match(/^ab|^01/);
    });
  }
});

describe('two values of a field', () => {
  const PAIRS: [type: FieldType, a: Value, b: Value, same: boolean][] = [
    ['email', 'Ada@Example.com', 'ada@example.com', true],
    ['email', 'É@x.y', 'é@x.y', false],
    ['text', 'Ada', 'ada', false],
    ['decimal', '1.50', '1.5', true],
    ['decimal', '10', '1', false],
    ['decimal', '0.00', '0', true],
    ['integer', 1, '1', false],
    ['json', { a: 1, b: [2] }, { b: [2], a: 1 }, true],
    ['json', [1, 2], [2, 1], false],
    ['text', null, 'a', false],
  ];
  for (const [type, a, b, same] of PAIRS) {
    it(`${JSON.stringify(a)} and ${JSON.stringify(b)} of ${type} are ${same ? 'the same' : 'different'}`, () =>
      expect(equal(a, b, field(type))).to.equal(same));
  }
});

describe('a cell of a CSV file', () => {
  const WRONG: [field: Field, cell: string, problem: string][] = [
    [field('integer'), '4x', 'must be a whole number, not "4x"'],
    [
      field('money'),
      '4.20',
      'must be a whole number of the smallest unit of its currency, such as cents, not "4.20"',
    ],
    [field('decimal'), '1.555', 'must be a number with at most 2 digits after the point, not "1.555"'],
    [field('decimal', { scale: 0 }), '1.5', 'must be a number without digits after the point, not "1.5"'],
    [field('boolean'), 'yes', 'must be true or false, not "yes"'],
    [field('date'), '31.1.2026', 'must be a day such as 2026-01-31, not "31.1.2026"'],
    [
      field('timestamp'),
      '2026-01-31 12:00',
      'must be a time with a time zone, such as 2026-01-31T12:00:00Z, not "2026-01-31 12:00"',
    ],
    [field('json'), '{', 'must be JSON, not "{"'],
    [
      field('json'),
      '[1e400]',
      'must be JSON with numbers of at most 1.8e308, above or below 0, not "[1e400]"',
    ],
    [field('enum'), 'gold', 'must be one of free, team, Business, not "gold"'],
    [field('reference'), 'Ada', 'must be the id of a customer, not "Ada"'],
    [field('text', { maxLength: 3 }), 'abcd', 'must be a text of at most 3 characters, not "abcd"'],
    [
      field('email', { maxLength: 512 }),
      'ada',
      'must be an email address: one @, something on both sides, no spaces, at most 512 characters, not "ada"',
    ],
    [field('integer'), 'x'.repeat(41), `must be a whole number, not "${'x'.repeat(40)}…"`],
  ];
  for (const [of, cell, problem] of WRONG) {
    it(`of ${of.type}: ${problem}`, () => expect(fromText(cell, of)).to.deep.equal({ problem }));
  }

  it('of json may hold any value, a text in quotes', () => {
    expect(fromText('"a"', field('json'))).to.deep.equal({ value: 'a' });
    expect(fromText('1', field('json'))).to.deep.equal({ value: 1 });
  });
});

describe('the schema of a field', () => {
  it('is, for the built-in fields, what the API has for them', () => {
    const [name, email] = builtInEntities['customer']?.fields ?? [];
    expect(fieldSchema(name as Field)).to.deep.equal(customerFields.name);
    expect(fieldSchema(email as Field)).to.deep.equal(customerFields.email);
  });

  it('takes the description of the field', () => {
    for (const type of fieldTypes)
      expect(fieldSchema(field(type, { description: 'Ours.' }))).to.include({ description: 'Ours.' });
  });

  it('says what it wants where a value is of another type', () => {
    const detail = (type: FieldType, value: unknown, more: Partial<Field> = {}): string | undefined => {
      const checked = compileCheck(fieldSchema(field(type, more)))(value);
      return checked.ok ? undefined : checked.violations[0]?.detail;
    };
    expect(detail('text', 1)).to.equal('must be a string or null, not a number');
    expect(detail('integer', '1', { required: true })).to.equal('must be a whole number, not a string');
    expect(detail('enum', 'x', { required: true })).to.equal('must be one of free, team, Business');
    expect(detail('date', '2026-02-30')).to.equal('must be a day such as 2026-01-31');
    expect(detail('decimal', 'x')).to.equal(
      'must be a number as text, with at most 2 digits after the point',
    );
    expect(detail('reference', 0)).to.equal('must be at least 1');
  });

  it('does not run out of stack on JSON of any depth', () => {
    const deep = JSON.parse('['.repeat(5_000) + ']'.repeat(5_000)) as Value;
    const value = canonical(deep, field('json'));
    expect(fits(value, field('json'))).to.equal(false);
  });
});
