import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { defineConfig } from 'twinbox';
import { builtIn } from '../../../lib/catalogue/catalogue.ts';
import { configSchema } from '../../../lib/catalogue/config-schema.ts';

import { fromExternal, toExternal } from '../../../lib/catalogue/transforms.ts';
import { AppError } from '../../../lib/errors.ts';
import { stripe } from '../../../lib/integrations/stripe/definition.ts';
import { FIELDS, parse, withFields, withRules } from './configs.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

describe('the catalogue of a configuration', () => {
  it('is the built-in one where nothing is said', () => {
    const { entities, systems } = parse({});
    expect(entities).to.deep.equal(builtIn.entities);
    expect(systems['stripe']?.['customer']).to.deep.equal(stripe.document(builtIn));
  });

  it('has the built-in fields first, then those that are declared, with their defaults', () => {
    const { customer } = parse(FIELDS).entities;
    expect(customer).to.include({
      name: 'customer',
      plural: 'customers',
      table: 'customers',
      identity: 'email',
    });
    expect(
      customer?.fields.map(({ name, column, type, required }) => [name, column, type, required]),
    ).to.deep.equal([
      ['name', 'name', 'text', true],
      ['email', 'email', 'email', true],
      ['phone', 'phone', 'text', false],
      ['city', 'address_city', 'text', false],
      ['plan', 'plan', 'enum', false],
      ['seats', 'seats', 'integer', false],
      ['prefix', 'prefix', 'text', true],
    ]);
  });

  it('may give a built-in field another column, a smaller limit and a description', () => {
    const config = {
      entities: {
        customer: {
          table: 'clients',
          fields: { name: { column: 'full_name', maxLength: 80, description: 'Of a person.' } },
        },
      },
    };
    const { customer } = parse(config).entities;
    expect(customer?.table).to.equal('clients');
    expect(customer?.fields[0]).to.deep.equal({
      ...builtIn.entities['customer']?.fields[0],
      ...{ column: 'full_name', maxLength: 80, description: 'Of a person.' },
    });
  });

  it('holds every type with what belongs to it', () => {
    const { customer } = parse(
      withFields({
        currency: { type: 'enum', values: ['eur', 'usd'] },
        credit: { type: 'money', currency: 'currency' },
        rate: { type: 'decimal', scale: 4 },
        parent: { type: 'reference', entity: 'customer' },
        born: { type: 'date' },
        seen: { type: 'timestamp' },
        vip: { type: 'boolean', required: true },
        extra: { type: 'json' },
      }),
    ).entities;
    const byName = Object.fromEntries(customer?.fields.map((field) => [field.name, field]) ?? []);
    expect(byName['credit']).to.include({ type: 'money', currency: 'currency' });
    expect(byName['rate']).to.include({ type: 'decimal', scale: 4 });
    expect(byName['parent']).to.include({ type: 'reference', references: 'customer' });
    expect(byName['vip']).to.include({ type: 'boolean', required: true });
  });
});

describe('a mapping of a configuration', () => {
  const rulesOf = (...rules: object[]) =>
    parse(withRules(...rules)).systems['stripe']?.['customer']?.fields ?? [];

  it('is put to the built-in one, and short rules become whole ones', () => {
    const [name, email, phone, plan, seats] = rulesOf(
      { internal: 'phone', external: 'phone' },
      { internal: 'plan', external: 'metadata.plan', direction: 'push', owner: 'internal' },
      {
        internal: 'seats',
        external: 'metadata.seats',
        conflict: 'external_wins',
        onNull: 'keep',
        maxLength: 9,
      },
    );
    const built = stripe.document(builtIn).fields;
    expect([name, email]).to.deep.equal(built);
    const { field, ...rule } = phone ?? {};
    expect(field).to.include({ name: 'phone', type: 'text' });
    expect(rule).to.deep.equal({
      ...{
        internal: 'phone',
        external: 'phone',
        direction: 'both',
        conflict: 'internal_wins',
        onNull: 'clear',
      },
      ...{ toExternal: [], toInternal: [], compare: ['exact'], fallback: [], maxLength: 20, owner: null },
    });
    expect(plan).to.include({ direction: 'push', maxLength: 500, owner: 'internal' });
    expect(seats).to.include({ conflict: 'external_wins', onNull: 'keep', maxLength: 9 });
  });

  it('keeps what is ours where it may not be empty, and compares emails without their case', () => {
    const config = withRules({ internal: 'prefix', external: 'invoice_prefix', direction: 'push' });
    const own = parse(config).systems['stripe']?.['customer']?.fields.at(-1);
    expect(own).to.include({ onNull: 'keep', maxLength: 12 });
    const billing = parse({
      ...withFields({ billing: { type: 'email' } }),
      systems: { stripe: { customer: { fields: [{ internal: 'billing', external: 'metadata.billing' }] } } },
    });
    expect(billing.systems['stripe']?.['customer']?.fields.at(-1)?.compare).to.deep.equal(['lower']);
  });

  it('replaces a built-in rule, and keeps what it does not say if the two fields are the same', () => {
    const [built] = stripe.document(builtIn).fields;
    const [same, , ...none] = rulesOf({ internal: 'name', external: 'name', conflict: 'external_wins' });
    expect(same).to.deep.equal({ ...built, conflict: 'external_wins' });
    expect(none).to.deep.equal([]);
    const [other] = rulesOf({ internal: 'name', external: 'business_name' });
    expect(other).to.include({ external: 'business_name', maxLength: 150 });
    expect(other?.fallback).to.deep.equal([]);
  });

  it('may say which rows the system has, with values in canonical form', () => {
    const config = (mapping: object): object => ({
      ...withFields({ plan: { type: 'enum', values: ['free', 'team'] } }),
      systems: { stripe: { customer: mapping } },
    });
    const conditionOf = (mapping: object) =>
      parse(config(mapping)).systems['stripe']?.['customer']?.condition;
    expect(conditionOf({})).to.equal(null);
    const when = { field: 'plan', not: ' free ' };
    expect(conditionOf({ when })).to.deep.equal({
      when: { field: 'plan', not: 'free' },
      onLeave: 'detach',
    });
    expect(conditionOf({ when, onLeave: 'keep' })).to.include({ onLeave: 'keep' });
  });

  it('may name the group that the system has for a field', () => {
    expect(
      rulesOf({ internal: 'city', external: 'address.city', group: 'address' }).at(-1),
    ).to.not.have.property('group');
  });

  it('uses transforms of the user’s own beside the built-in ones', () => {
    const upper = {
      toExternal: (text: string) => text.toUpperCase(),
      toInternal: (text: string) => text.toLowerCase(),
    };
    const config = defineConfig({
      ...withRules({
        ...{ internal: 'plan', external: 'metadata.plan', toExternal: ['singleSpaced', 'upper'] },
        toInternal: ['upper'],
      }),
      transforms: { upper },
    });
    const { systems, transforms } = parse(config);
    const rules = systems['stripe']?.['customer']?.fields ?? [];
    const rule = rules.at(-1);
    expect(transforms).to.have.property('upper');
    expect(rule?.toExternal).to.deep.equal(['singleSpaced', 'upper']);
    expect(toExternal(rule!, 'a  b')).to.equal('A B');
    expect(fromExternal(rule!, 'A B')).to.equal('a b');
    expect(rules[0]).to.not.have.property('own');
  });

  it('stops with its name when a transform of the user’s own makes no text of a value', () => {
    const rule = {
      ...{ toExternal: ['odd'], toInternal: [] },
      own: { odd: { toExternal: () => 1, toInternal: String } },
    };
    expect(() => toExternal(rule as never, 'a'))
      .to.throw(AppError, 'the transform "odd" (toExternal) has made something else than a text')
      .with.property('code', 'config_invalid');
  });
});

describe('twinbox.schema.json', () => {
  it('is current; if not, run: make settings', () => {
    expect(JSON.parse(readFileSync(resolve(ROOT, 'twinbox.schema.json'), 'utf8'))).to.deep.equal(
      configSchema,
    );
  });
});
