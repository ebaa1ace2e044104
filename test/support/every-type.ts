import { expect } from 'chai';
import fc from 'fast-check';
import type { UserField, UserRule } from '../../lib/catalogue/define-config.ts';
import type { Value } from '../../lib/catalogue/value.ts';
import { ownCatalogue } from './catalogues.ts';

/** One of each type: where it is at Stripe, what our side may be given, and what theirs may hold. */
export interface Case {
  field: UserField;
  external: string;
  ours: fc.Arbitrary<Value>;
  /** Texts of theirs that are values of the type, in any of their forms. */
  theirs: fc.Arbitrary<string>;
  /** A text that is none. */
  none?: string;
}

const words = fc.string({ unit: 'grapheme', maxLength: 40 });
const small = fc.constantFrom('a', 'Zoë', 'x y', 'Ünï', '東京', '1');
const whole = fc.integer({ min: -1_000_000, max: 1_000_000 });
const day = fc
  .date({ min: new Date('1000-01-01'), max: new Date('9999-12-30'), noInvalidDate: true })
  .map((at) => at.toISOString().slice(0, 10));
const instant = fc
  .date({ min: new Date('1000-01-02'), max: new Date('9999-12-30'), noInvalidDate: true })
  .map((at) => at.toISOString());
const cents = fc.tuple(whole, fc.nat(99)).map(([a, b]) => `${a}.${String(b).padStart(2, '0')}`);
const json = fc
  .jsonValue({ maxDepth: 2, stringUnit: 'grapheme' })
  .filter((value) => JSON.stringify(value).length < 300) as fc.Arbitrary<Value>;
const choice = (...values: string[]) => fc.constantFrom(...values);

const CASES: Record<string, Case> = {
  note: { field: { type: 'text' }, external: 'description', ours: words, theirs: words },
  city: {
    field: { type: 'text', column: 'address_city' },
    external: 'address.city',
    ours: words,
    theirs: small,
  },
  locales: {
    field: { type: 'text' },
    external: 'preferred_locales',
    ours: choice('de', 'de,en', 'en,fr'),
    theirs: choice('fr', 'en,de'),
  },
  backup: {
    field: { type: 'email' },
    external: 'metadata.backup',
    ours: choice('a@example.com', 'B@Example.com', 'Zoë@exämple.com'),
    theirs: choice('c@example.com', ' D@example.com '),
  },
  plan: {
    field: { type: 'enum', values: ['free', 'team', 'business'] },
    external: 'metadata.plan',
    ours: choice('free', 'team', 'business'),
    theirs: choice('free', ' team', 'business'),
    none: 'gold',
  },
  seats: {
    field: { type: 'integer' },
    external: 'metadata.seats',
    ours: fc.oneof(whole, fc.constantFrom(0, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER)),
    theirs: fc.oneof(whole.map(String), choice('007', '+5', ' 12 ', '-0')),
    none: 'many',
  },
  credit: {
    field: { type: 'money', currency: 'currency' },
    external: 'metadata.credit',
    ours: whole,
    theirs: whole.map(String),
    none: '12.50',
  },
  currency: {
    field: { type: 'text' },
    external: 'metadata.currency',
    ours: choice('eur', 'usd'),
    theirs: choice('chf', 'eur'),
  },
  rate: {
    field: { type: 'decimal', scale: 2 },
    external: 'metadata.rate',
    ours: fc.oneof(cents, choice('1.5', '0', '-0.10', '100')),
    theirs: fc.oneof(cents, choice('1.5', '1.50', '15e-1', '.5', '-0', '007.1')),
    none: '1.505',
  },
  vip: {
    field: { type: 'boolean' },
    external: 'metadata.vip',
    ours: fc.boolean(),
    theirs: choice('true', 'FALSE', ' True '),
    none: 'yes',
  },
  born: { field: { type: 'date' }, external: 'metadata.born', ours: day, theirs: day, none: '2026-02-30' },
  seen: {
    field: { type: 'timestamp' },
    external: 'metadata.seen',
    ours: instant,
    theirs: fc.oneof(instant, choice('2026-01-31T12:00:00+02:00', '2026-01-31t12:00:00.999z')),
    none: '2026-01-31 12:00',
  },
  settings: {
    field: { type: 'json' },
    external: 'metadata.settings',
    ours: json,
    theirs: fc.oneof(
      json.map((value) => JSON.stringify(value)),
      choice('{"b": 1, "a": [2]}', 'plain text', '7', 'true'),
    ),
  },
};

export const NAMES = Object.keys(CASES);
export const caseOf = (name: string): Case => CASES[name] as Case;
const fields = Object.fromEntries(NAMES.map((name) => [name, caseOf(name).field]));
const rules = NAMES.map((internal): UserRule => ({ internal, external: caseOf(internal).external }));
export const { entity, document } = ownCatalogue({
  entities: { customer: { fields } },
  systems: { stripe: { customer: { fields: rules } } },
});
export const fieldOf = (name: string) =>
  entity.fields.find((field) => field.name === name) ?? expect.fail(name);

/** Some fields, each with a value or emptied. */
export const edits = (side: 'ours' | 'theirs'): fc.Arbitrary<Record<string, Value>> =>
  fc.record(
    Object.fromEntries(
      NAMES.map((name) => [name, fc.option(caseOf(name)[side] as fc.Arbitrary<Value>, { freq: 4 })]),
    ),
    { requiredKeys: [] },
  ) as fc.Arbitrary<Record<string, Value>>;
