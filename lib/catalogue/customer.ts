// The built-in fields of a customer: their limits, what the API says of them, and the stored form of
// a text and of an email.

import { stripEnds } from './characters.ts';
import { storableText } from './check.ts';

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
