import { expect } from 'chai';
import { interpolate } from './interpolate.ts';

describe('the variables of a compose file', () => {
  const given = { SET: 'here', EMPTY: '' };
  const cases: [string, string][] = [
    ['$SET and ${SET}', 'here and here'],
    ['${SET:-else}|${EMPTY:-else}|${GONE:-else}', 'here|else|else'],
    ['${SET-else}|${EMPTY-else}|${GONE-else}', 'here||else'],
    ['${SET:+more}|${EMPTY:+more}|${GONE:+more}', 'more||'],
    ['${SET+more}|${EMPTY+more}|${GONE+more}', 'more|more|'],
    ['${GONE}|$GONE|$$SET', '||$SET'],
    ['127.0.0.1:${PORT:-8000}:8000', '127.0.0.1:8000:8000'],
  ];
  for (const [text, expected] of cases) {
    it(`gives ${JSON.stringify(expected)} for ${text}`, () => {
      expect(interpolate({ list: [text, 7] }, given)).to.deep.equal({ list: [expected, 7] });
    });
  }

  it('says what is missing where the file demands it', () => {
    expect(() => interpolate('${GONE:?set it in .env}', given)).to.throw('GONE: set it in .env');
    expect(() => interpolate('${EMPTY:?set it}', given)).to.throw('EMPTY: set it');
    expect(interpolate('${EMPTY?set it}', given)).to.equal('');
  });

  it('refuses a syntax that it does not know', () => {
    for (const text of ['${A:-${B}}', '${1}', '${A', 'a $ b', '${A/x/y}'])
      expect(() => interpolate(text, given), text).to.throw('no reference to a variable');
  });
});
