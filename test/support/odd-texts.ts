import fc from 'fast-check';

/** Texts in which every second character is one that people hardly ever type. */
export const odd = fc
  .array(
    fc.oneof(
      fc.constantFrom('a', 'é', 'م', 'क', '漢', '👩', '🏽', '1', ' ', '\n', '\t', '\\', '"', '@'),
      fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
      fc.integer({ min: 0x2000, max: 0x206f }).map((code) => String.fromCodePoint(code)),
      fc.integer({ min: 0, max: 0xa0 }).map((code) => String.fromCodePoint(code)),
      fc.constantFrom(
        '\u00ad',
        '\u061c',
        '\u180e',
        '\u2028',
        '\u3164',
        '\ufe0f',
        '\ufeff',
        '\u{e0041}',
        '\ud83d',
      ),
    ),
    { maxLength: 40 },
  )
  .map((characters) => characters.join(''));
