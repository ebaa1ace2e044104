import { expect } from 'chai';
import fc from 'fast-check';
import {
  escapeUnseen,
  escapeUnseenJson,
  findInvisible,
  isVisible,
  stripEnds,
} from '../../../lib/catalogue/characters.ts';

/** Texts in which every second character is one that hardly anybody types. */
const odd = fc
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

// What moves a cursor, ends a line or turns the order of letters, written out from Unicode's Bidi_Control and general category Cc.
const DANGEROUS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

describe('characters that cannot be seen', () => {
  const strangers: [text: string, name: string, place: number][] = [
    ['a\u00adb', 'U+00AD SOFT HYPHEN', 2],
    ['\u200bab', 'U+200B ZERO WIDTH SPACE', 1],
    ['ab\u200d', 'U+200D ZERO WIDTH JOINER', 3],
    ['👩\u202eb', 'U+202E RIGHT-TO-LEFT OVERRIDE', 2],
    ['a\u2066b', 'U+2066 LEFT-TO-RIGHT ISOLATE', 2],
    ['a\u2060b', 'U+2060 WORD JOINER', 2],
    ['a\u3164b', 'U+3164 HANGUL FILLER', 2],
    ['a\ufeffb', 'U+FEFF ZERO WIDTH NO-BREAK SPACE', 2],
    ['a\u{e0041}b', 'U+E0041 TAG CHARACTER', 2],
    ['a\u{e01d0}b', 'U+E01D0 VARIATION SELECTOR', 2],
    ['a\u{1d173}b', 'U+1D173', 2],
    ['a\u2800b', 'U+2800 BRAILLE PATTERN BLANK', 2],
  ];
  for (const [text, name, place] of strangers) {
    it(`finds ${name} and says where`, () => {
      expect(findInvisible(text)).to.deep.equal({ name, place });
    });
  }

  it('finds none in what people write', () => {
    for (const text of [
      'ada@example.org',
      'jos\u00e9@b\u00fccher.example',
      '漢字@例え.jp',
      'क्षि@x',
      'a-b_c+d',
    ]) {
      expect(findInvisible(text), text).to.equal(null);
    }
  });

  it('takes no text for visible that has only blanks, control and invisible characters', () => {
    for (const text of [
      '',
      ' ',
      '\u200b\u200d',
      '\u0007',
      '\u3164 \u115f',
      '\ufe0f',
      '\u{e0041}',
      '\u2800',
      '\u00ad',
    ]) {
      expect(isVisible(text), escapeUnseen(text)).to.equal(false);
    }
    for (const text of ['.', 'a', '\u200ba', '漢', '👩\u200d💻', 'م\u200c'])
      expect(isVisible(text)).to.equal(true);
  });

  it('strips the ends only, and leaves nothing there', () => {
    fc.assert(
      fc.property(odd, (text) => {
        const stripped = stripEnds(text);
        expect(text.includes(stripped)).to.equal(true);
        expect(stripEnds(stripped)).to.equal(stripped);
        expect(stripEnds(`\u200b ${text}\ufeff\u200e`)).to.equal(stripped);
        if (!isVisible(text) && !/\p{Cc}/u.test(text)) expect(findInvisible(stripped)).to.equal(null);
      }),
      { numRuns: 2_000 },
    );
  });

  it('strips a text of 100,000 such characters in the time of one pass', () => {
    const text = `a${'\u200b '.repeat(50_000)}b`;
    expect(stripEnds(text)).to.equal(text);
  });
});

describe('escaping what cannot be seen', () => {
  it('leaves nothing dangerous and nothing to do, and keeps what is plain', () => {
    fc.assert(
      fc.property(odd, (text) => {
        const shown = escapeUnseen(text);
        expect(shown).not.to.match(DANGEROUS);
        expect(shown.isWellFormed()).to.equal(true);
        expect(escapeUnseen(shown)).to.equal(shown);
      }),
      { numRuns: 5_000 },
    );
    fc.assert(fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => escapeUnseen(text) === text));
  });

  it('shows what was there, by its code', () => {
    expect(escapeUnseen('\u001b[2J\u202egnp.exe\n99\t\u009b\u{e0041}\ud83d')).to.equal(
      '\\u001b[2J\\u202egnp.exe\\n99\\t\\u009b\\u{e0041}\\ud83d',
    );
    expect(escapeUnseen('a\nb\r', '\n')).to.equal('a\nb\\r');
  });

  it('leaves joiners and selectors that are part of a sign', () => {
    for (const text of [
      '👩\u200d💻',
      '👩🏽\u200d🚀',
      '❤\ufe0f',
      '❤\ufe0f\u200d🔥',
      'می\u200cخواهم',
      'क्\u200dष',
    ]) {
      expect(escapeUnseen(text)).to.equal(text);
    }
    for (const text of ['Ada\u200d', 'A\u200dda', 'a\ufe0f', '\u200d👩', 'م\u200d\u200dم']) {
      expect(escapeUnseen(text), JSON.stringify(text)).to.include('\\u');
    }
  });

  it('gives JSON that is read back as the very values', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ [`x\u202e`]: odd, y: odd })), (value) => {
        for (const indent of [undefined, 2]) {
          const json = escapeUnseenJson(JSON.stringify(value, null, indent));
          expect(json.replaceAll('\n', '')).not.to.match(DANGEROUS);
          expect(JSON.parse(json)).to.deep.equal(value);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
