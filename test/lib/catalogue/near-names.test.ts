import { expect } from 'chai';
import { nearNames, suggestion } from '../../../lib/catalogue/near-names.ts';

const KNOWN = ['name', 'email', 'phone', 'address.city', 'address.postal_code', 'shipping.address.city'];

describe('a name that is not known', () => {
  const NEAR: [string, string[]][] = [
    ['emial', ['email']],
    ['Phone', ['phone']],
    ['adress.city', ['address.city']],
    ['city', ['address.city', 'shipping.address.city']],
    ['postalCode', ['address.postal_code']],
    ['favourite_colour', []],
    ['', []],
  ];
  for (const [given, near] of NEAR) {
    it(`"${given}" lies near ${near.length === 0 ? 'none' : near.join(' and ')}`, () =>
      expect(nearNames(given, KNOWN)).to.deep.equal(near));
  }

  it('is followed by the question, or by nothing', () => {
    expect(suggestion('city', KNOWN)).to.equal('; did you mean "address.city" or "shipping.address.city"?');
    expect(suggestion('colour', KNOWN)).to.equal('');
  });
});
