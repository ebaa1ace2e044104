import { expect } from 'chai';
import { nameOfKey, open, seal } from '../../../lib/credentials/seal.ts';
import { secretForms } from '../../../lib/config/secret-forms.ts';
import { A_KEY, OTHER_KEY } from '../../support/credentials.ts';

const secrets = { refresh_token: 'a-refresh-token', access_token: 'ünï' };

describe('a sealed credential', () => {
  it('is opened by the key that sealed it, wherever that stands, and by no other', () => {
    const sealed = seal(secrets, 'toy', [A_KEY]);
    expect(open(sealed, 'toy', [A_KEY])).to.deep.equal({ ok: true, secrets, isCurrent: true });
    expect(open(sealed, 'toy', [OTHER_KEY, A_KEY])).to.deep.equal({ ok: true, secrets, isCurrent: false });
    expect(open(sealed, 'toy', [OTHER_KEY])).to.deep.equal({
      ...{ ok: false, why: 'no_key', key: nameOfKey(A_KEY) },
    });
  });

  it('is sealed by the first of several keys, never twice the same, and shows nothing', () => {
    const [one, two] = [seal(secrets, 'toy', [A_KEY, OTHER_KEY]), seal(secrets, 'toy', [A_KEY, OTHER_KEY])];
    expect(one).to.not.equal(two);
    expect(open(one, 'toy', [A_KEY])).to.include({ ok: true });
    expect(Buffer.from(one.split('.')[3] ?? '', 'base64url').toString()).to.not.include('refresh');
  });

  it('is refused where a character of it was changed, or where it is said to be of another system', () => {
    const sealed = seal(secrets, 'toy', [A_KEY]);
    expect(open(sealed, 'other', [A_KEY])).to.include({ ok: false, why: 'not_authentic' });
    const start = sealed.indexOf('.', 3) + 1;
    for (let at = start; at < sealed.length - 1; at += 7) {
      const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
      expect(open(changed, 'toy', [A_KEY]).ok, changed).to.equal(false);
    }
    for (const cut of ['', 'v1', sealed.slice(0, -30), sealed.replace('v1', 'v2')])
      expect(open(cut, 'toy', [A_KEY]).ok, cut).to.equal(false);
  });

  it('takes a key as openssl prints it, and names what is wrong with another text', () => {
    const check = secretForms['secret-key'];
    expect(check(A_KEY)).to.equal(null);
    expect(check('short')).to.include('is not 32 bytes in base64');
    expect(check(`"${A_KEY}"`)).to.include('quotation marks');
    expect(check(Buffer.alloc(33).toString('base64'))).to.include('32 bytes');
  });
});
