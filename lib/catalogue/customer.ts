// The fields of a customer: their limits and their normal form. The checks of the API, `twinbox
// import` and the API document all use this file.

import { stripEnds } from './characters.ts';
import { compileCheck, storableText, type Checked } from './check.ts';

/**
 * Stripe's own limits, so that nothing is accepted that is too long for Stripe. Counted in code
 * points, after normalising.
 */
export const customerLimits = { name: 256, email: 512 } as const;

// Not strict on purpose: one @ with something on both sides. An email that passes this check and is
// refused by a system is parked for that system, with the system's reason.
const emailText = '^[^@\\s\\x00-\\x1f\\x7f-\\x9f]+@[^@\\s\\x00-\\x1f\\x7f-\\x9f]+$';

/** x-problem is the message for the caller when the pattern does not match. */
export const customerFields = {
  name: {
    type: 'string',
    minLength: 1,
    maxLength: customerLimits.name,
    pattern: storableText,
    'x-text': 'visible',
    description:
      'Trimmed and converted to Unicode NFC before it is checked and stored. It must have a visible character.',
    'x-problem': 'must not contain a NUL character or half a surrogate pair, which no database can store',
  },
  email: {
    type: 'string',
    minLength: 3,
    maxLength: customerLimits.email,
    pattern: emailText,
    'x-text': 'distinct',
    description:
      'Unique among living customers, without regard to the case of the letters A to Z; for other letters the case counts. Trimmed, also of invisible characters at its ends, and converted to Unicode NFC first; an email with an invisible character inside is refused.',
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

/** A whole customer: both fields, in normal form. */
export function checkNewCustomer(input: unknown): Checked<{ name: string; email: string }> {
  return checkNew(tidy(input));
}

/** A change: one field or both, in normal form. */
export function checkCustomerChange(input: unknown): Checked<{ name?: string; email?: string }> {
  return checkChange(tidy(input));
}

/** The stored form of a name. */
export function tidyText(text: string): string {
  return text.trim().normalize('NFC');
}

/**
 * The stored form of an email: invisible characters are often copied with an email from a page or a
 * mail, mostly at its ends.
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
