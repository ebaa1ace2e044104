// What a customer is to a caller: its fields, their limits and their tidy form. One source for the
// API's checks, for `twinbox import` and for the API document.

import { stripEnds } from './characters.ts';
import { compileCheck, storableText, type Checked } from './check.ts';

/**
 * Stripe's own limits, so that nothing longer than it takes gets in. Counted in code points, after
 * tidying.
 */
export const customerLimits = { name: 256, email: 512 } as const;

// Loose on purpose: one @ with something on both sides. What this lets through and a system refuses
// is parked there, with that system's reason.
const emailText = '^[^@\\s\\x00-\\x1f\\x7f-\\x9f]+@[^@\\s\\x00-\\x1f\\x7f-\\x9f]+$';

/** x-problem is what a caller reads when the pattern does not match. */
export const customerFields = {
  name: {
    type: 'string',
    minLength: 1,
    maxLength: customerLimits.name,
    pattern: storableText,
    'x-text': 'visible',
    description:
      'Trimmed and brought to Unicode NFC before it is checked and stored. Something in it has to be visible.',
    'x-problem': 'must not hold a NUL character or half a surrogate pair, which no database can store',
  },
  email: {
    type: 'string',
    minLength: 3,
    maxLength: customerLimits.email,
    pattern: emailText,
    'x-text': 'distinct',
    description:
      'Unique among living customers, whatever the case of its letters A to Z; other letters are told apart by their case. Trimmed, also of invisible characters at its ends, and brought to Unicode NFC first; with an invisible character inside it is refused.',
    'x-problem': 'must be an email address: one @, something on both sides, no spaces or control characters',
  },
} as const;

export const newCustomerSchema = {
  type: 'object',
  required: ['name', 'email'],
  additionalProperties: false,
  properties: customerFields,
} as const;

export const customerChangeSchema = {
  type: 'object',
  minProperties: 1,
  additionalProperties: false,
  properties: customerFields,
} as const;

const checkNew = compileCheck<{ name: string; email: string }>(newCustomerSchema);
const checkChange = compileCheck<{ name?: string; email?: string }>(customerChangeSchema);

/** A whole customer: both fields, tidied. */
export function checkNewCustomer(input: unknown): Checked<{ name: string; email: string }> {
  return checkNew(tidy(input));
}

/** A change: one field or both, tidied. */
export function checkCustomerChange(input: unknown): Checked<{ name?: string; email?: string }> {
  return checkChange(tidy(input));
}

/** A name as it is kept. */
export function tidyText(text: string): string {
  return text.trim().normalize('NFC');
}

/**
 * An email as it is kept: what cannot be seen comes along when one is copied from a page or a mail,
 * mostly at its ends.
 */
export function tidyEmail(text: string): string {
  return stripEnds(text).normalize('NFC');
}

// Object.fromEntries defines properties and never sets them, so a key "__proto__" stays a key and
// is refused as unknown.
function tidy(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  return Object.fromEntries(
    Object.entries(input).map(([key, value]) => {
      if (typeof value !== 'string') return [key, value];
      return [key, key === 'email' ? tidyEmail(value) : tidyText(value)];
    }),
  );
}
