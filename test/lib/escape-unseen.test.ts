import { expect } from 'chai';
import fc from 'fast-check';
import { escapeUnseen, escapeUnseenJson } from '../../lib/escape-unseen.ts';
import { odd } from '../support/odd-texts.ts';

// Characters that move a cursor, end a line or reverse the order of letters, from Unicode's
// Bidi_Control and general category Cc.
const DANGEROUS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

describe('escaping invisible characters', () => {
  it('leaves nothing dangerous, nothing to escape a second time, and keeps ordinary text', () => {
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

  it('shows each removed character by its code', () => {
    expect(escapeUnseen('\u001b[2J\u202egnp.exe\n99\t\u009b\u{e0041}\ud83d')).to.equal(
      '\\u001b[2J\\u202egnp.exe\\n99\\t\\u009b\\u{e0041}\\ud83d',
    );
    expect(escapeUnseen('a\nb\r', '\n')).to.equal('a\nb\\r');
  });

  it('keeps joiners and selectors that are part of a visible sign', () => {
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

  it('gives JSON that is read back as the same values', () => {
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
