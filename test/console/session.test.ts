import { expect } from 'chai';
import { may, type Scope } from '../../console/scopes.ts';
import { covers, keyScopes } from '../../lib/keys/scopes.ts';
import { createSeals, type Session } from '../../console/session.ts';

const session: Session = { id: 'a', key: 'twinbox_secret', scope: 'operator', name: 'key:oncall/1' };

describe('a sealed session', () => {
  let now = new Date('2026-11-30T00:00:00Z');
  const seals = createSeals([Buffer.from('new'), Buffer.from('old')], () => now);
  const sealed = seals.seal(session);

  it('is opened by every process with the secret, also while it is being replaced, and by no other', () => {
    const open = (...secrets: string[]) =>
      createSeals(
        secrets.map((text) => Buffer.from(text)),
        () => now,
      ).open(sealed);
    expect(open('new')).to.deep.equal(session);
    expect(open('newest', 'new')).to.deep.equal(session);
    expect(open('other')).to.equal(null);
    expect(sealed).not.to.include('secret');
  });

  it('is not opened when a single bit was changed, or half of it is gone', () => {
    const bytes = Buffer.from(sealed, 'base64url');
    for (const at of [0, 13, 30, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(seals.open(changed.toString('base64url'))).to.equal(null);
    }
    for (const text of ['', 'x', sealed.slice(0, 20), 'ü'.repeat(50)])
      expect(seals.open(text)).to.equal(null);
  });

  it('is over after 12 hours, by the clock of the server', () => {
    now = new Date('2026-11-30T11:59:59Z');
    expect(seals.open(sealed)).to.deep.equal(session);
    now = new Date('2026-11-30T12:00:00Z');
    expect(seals.open(sealed)).to.equal(null);
  });

  it('has form tokens of its own', () => {
    const token = seals.tokenOf('session a');
    expect(seals.isToken('session a', token)).to.equal(true);
    for (const wrong of ['', token.slice(1), seals.tokenOf('session b'), 'x'.repeat(43)])
      expect(seals.isToken('session a', wrong)).to.equal(false);
  });
});

describe('the scopes of the console', () => {
  it('cover what those of the API cover', () => {
    const scopes = keyScopes.filter((scope): scope is Scope => scope !== 'ingest');
    for (const has of scopes)
      for (const needs of scopes) expect(may(has, needs)).to.equal(covers(has, needs));
  });
});
