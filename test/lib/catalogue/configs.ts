// Configurations for tests, and the systems that they may map.
import { parseConfig, readConfig, type Catalogue } from '../../../lib/catalogue/catalogue.ts';
import { systems } from '../../../lib/integrations/registry.ts';
import { mappingsOf } from '../../../lib/process/load-config.ts';

export const MAPPINGS = mappingsOf(systems);

export const parse = (candidate: unknown): Catalogue => parseConfig(candidate, MAPPINGS);

export const problemsOf = (candidate: unknown): readonly string[] => readConfig(candidate, MAPPINGS).problems;

/** A configuration with these fields of a customer. */
export const withFields = (fields: object): object => ({ entities: { customer: { fields } } });

/** A configuration with these rules at Stripe, for customers with a phone, a plan and more. */
export const withRules = (...fields: object[]): object => ({
  ...FIELDS,
  systems: { stripe: { customer: { fields } } },
});

export const FIELDS = withFields({
  phone: { type: 'text', maxLength: 20 },
  city: { type: 'text', column: 'address_city' },
  plan: { type: 'enum', values: ['free', 'team', 'business'] },
  seats: { type: 'integer' },
  prefix: { type: 'text', required: true },
});
