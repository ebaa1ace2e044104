import { expect } from 'chai';
import { compared, looksTheSame } from '../../console/characters.ts';
import { HOSTILE } from './hostile.ts';

/** What is marked, in square brackets; a sign in angle brackets. */
function read(one: unknown, other?: unknown): string {
  return compared(one, other)
    .toString()
    .replaceAll(/<i class="sign"[^>]*>([^<]*)<\/i>/g, '‹$1›')
    .replaceAll('<mark>', '[')
    .replaceAll('</mark>', ']')
    .replaceAll(/<[^>]*>/g, '');
}

describe('two values side by side in the console', () => {
  it('have what differs marked, and differences that stand close are one', () => {
    expect(read('Ada Lovelace', 'Ada King')).to.equal('Ada [Lovelace]');
    expect(read('anna.b@example.org', 'hanna.b@example.com')).to.equal('anna.b@example.[org]');
    expect(read('Anna', 'Hanna')).to.equal('[A]nna');
    expect(read(12, 13)).to.equal('1[2]');
    expect(read('same', 'same')).to.equal('same');
  });

  it('have letters drawn with their codes that look like others', () => {
    expect(read('аlice@example.com', 'alice@example.com')).to.equal('[а‹U+0430›]lice@example.com');
    expect(read('e\u0301t', '\u00e9t')).to.include('U+0065 U+0301');
    expect(read('Gr\u0430ce')).to.equal('Gr\u0430‹U+0430›ce');
    expect(read('Саша', 'Саша П')).to.equal('Саша');
  });

  it('have spaces drawn that an eye does not see, and marks of direction', () => {
    expect(read(' Ada  B ', 'Ada B')).to.equal('[‹␣›]Ada [‹␣›B‹␣›]');
    expect(read('Ada\u00a0B')).to.equal('Ada‹U+00A0›B');
    expect(read('Ada\u202e', 'Ada')).to.equal('Ada[‹U+202E›]');
    expect(read('\u200f'.repeat(256))).to.include('‹U+200F');
    expect(read('n\u0303'.repeat(2) + '\u0301'.repeat(5_000)).length).to.be.lessThan(200);
  });

  it('say whether they only look the same', () => {
    expect(looksTheSame('Grace Hоpper\u00a0', 'Grace Hopper')).to.equal(true);
    expect(looksTheSame('Ada', 'Ada')).to.equal(false);
    expect(looksTheSame('Ada', 'Ida')).to.equal(false);
    expect(looksTheSame(null, '')).to.equal(false);
  });

  it('are literal, and short, whatever they are', () => {
    for (const one of HOSTILE)
      for (const other of HOSTILE) {
        const drawn = compared(one, other).toString();
        expect(drawn).not.to.match(/<img|<script|\u202e|\u200f/);
        expect(drawn.length).to.be.lessThan(9_000);
      }
    expect(read('x'.repeat(1_000), 'y')).to.include('880 more');
    expect(read(null, 'a')).to.equal('empty');
  });
});
