import { expect } from 'chai';
import fc from 'fast-check';
import { withoutValues } from '../../../../lib/integrations/stripe/redact.ts';

const KEPT: [string, string | null, string][] = [
  ["No such customer: 'cus_9'", 'id', "No such customer: 'cus_9'"],
  ['Missing required param: name.', 'name', 'Missing required param: name.'],
  [
    'Received unknown parameter: address[planet]',
    'address[planet]',
    'Received unknown parameter: address[planet]',
  ],
  [
    "You passed an empty string for 'name'. It cannot be unset.",
    'name',
    "You passed an empty string for 'name'. It cannot be unset.",
  ],
  ['Invalid integer: abc', 'limit', 'Invalid integer: …'],
  [
    'Invalid string: Ada Lov...ace; must be at most 256 characters',
    'name',
    'Invalid string: …; must be at most 256 characters',
  ],
  ['The e-mail ada@example.com is refused', 'email', 'The e-mail … is refused'],
  ["The name 'Conan O'Brien' is taken", 'name', 'The name … is taken'],
  ['The name "Ann "the Ox" Lee" is taken', 'name', 'The name … is taken'],
];

describe('the text of an error that is stored', () => {
  for (const [message, param, kept] of KEPT) {
    it(`${message} → ${kept}`, () => expect(withoutValues(message, param)).to.equal(kept));
  }

  it('never has a quoted value, a value after a colon, or an email', () => {
    const name = fc
      .string({ minLength: 3, maxLength: 30 })
      .map((text) => `Zq${text.replaceAll(/\s/g, '')}Zq`);
    fc.assert(
      fc.property(
        name,
        fc.constantFrom("The name 'X' is taken", 'Invalid string: X', 'No: "X"; X', 'Mail X@x.io no'),
        (value, text) => {
          expect(
            withoutValues(
              text.replaceAll('X', () => value),
              'name',
            ),
          ).to.not.include(value);
        },
      ),
    );
  });

  it('is short, also for a megabyte', () => {
    expect(withoutValues('x '.repeat(500_000), null).length).to.be.at.most(300);
    expect(withoutValues(`'${"'".repeat(1_000_000)}`, null).length).to.be.at.most(300);
  });
});
