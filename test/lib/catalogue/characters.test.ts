import { expect } from 'chai';
import fc from 'fast-check';
import { findInvisible, isVisible, stripEnds } from '../../../lib/catalogue/characters.ts';
import { escapeUnseen } from '../../../lib/escape-unseen.ts';
import { odd } from '../../support/odd-texts.ts';

describe('characters that cannot be seen', () => {
  const invisible: [text: string, name: string, place: number][] = [
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
  for (const [text, name, place] of invisible) {
    it(`are found and located: ${name}`, () => {
      expect(findInvisible(text)).to.deep.equal({ name, place });
    });
  }

  it('are not found in ordinary names', () => {
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

  it('do not make a text count as visible that has only blanks, control and invisible characters', () => {
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

  it('are removed from both ends only, with nothing left over there', () => {
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

  it('are removed from a text of 100,000 such characters in a single pass', () => {
    const text = `a${'\u200b '.repeat(50_000)}b`;
    expect(stripEnds(text)).to.equal(text);
  });
});
