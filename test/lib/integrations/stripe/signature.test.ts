import { expect } from 'chai';
import { createHmac } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { Stripe } from 'stripe';
import { verifySignature, type SignatureCheck } from '../../../../lib/integrations/stripe/signature.ts';

const BODY = Buffer.from('{"id":"evt_1","name":"Zoë"}');
const NOW = new Date('2026-03-01T12:00:00.400Z');
const SECOND = Math.floor(NOW.getTime() / 1000);
const [OLD_SECRET, SECRET] = ['old-secret', 'new-secret'];

const sign = (secret: string, second = SECOND, body: Buffer = BODY): string =>
  createHmac('sha256', secret).update(`${second}.`).update(body).digest('hex');
const signed = (second = SECOND, secret = SECRET): string => `t=${second},v1=${sign(secret, second)}`;

const check = (changes: Partial<SignatureCheck> = {}) =>
  verifySignature({
    rawBody: BODY,
    header: signed(),
    secrets: [SECRET],
    now: NOW,
    toleranceS: 300,
    ...changes,
  });

describe('the signature of a webhook', () => {
  const RIGHT: [string, Partial<SignatureCheck>][] = [
    ['of this second', {}],
    ['as old as the tolerance', { header: signed(SECOND - 300) }],
    ['as far ahead as the tolerance', { header: signed(SECOND + 300) }],
    ['of this very second with a tolerance of 0', { toleranceS: 0 }],
    ['by the second of two secrets', { secrets: [OLD_SECRET, SECRET] }],
    ['by the first of two secrets', { secrets: [SECRET, OLD_SECRET] }],
    [
      'twice, by an old and a new secret, where we know the new one',
      { header: `${signed(SECOND, OLD_SECRET)},v1=${sign(SECRET)}` },
    ],
    [
      'twice, where we know the old one',
      { header: `${signed(SECOND, OLD_SECRET)},v1=${sign(SECRET)}`, secrets: [OLD_SECRET] },
    ],
    ['beside another scheme', { header: `t=${SECOND},v0=abc,v1=${sign(SECRET)},v2=${sign('x')}` }],
    ['with spaces after the commas', { header: `t=${SECOND}, v1=${sign(SECRET)}` }],
    ['with the signature before the time', { header: `v1=${sign(SECRET)},t=${SECOND}` }],
    ['in capital letters', { header: `t=${SECOND},v1=${sign(SECRET).toUpperCase()}` }],
    ['beside a secret that is not set', { secrets: ['', SECRET] }],
  ];
  for (const [what, changes] of RIGHT) {
    it(`is right ${what}`, () => expect(check(changes)).to.have.property('ok', true));
  }

  const WRONG: [string, Partial<SignatureCheck>, string][] = [
    ['older than the tolerance', { header: signed(SECOND - 301) }, 'too_old'],
    ['further ahead than the tolerance', { header: signed(SECOND + 301) }, 'too_new'],
    ['a second old with a tolerance of 0', { header: signed(SECOND - 1), toleranceS: 0 }, 'too_old'],
    ['a second ahead with a tolerance of 0', { header: signed(SECOND + 1), toleranceS: 0 }, 'too_new'],
    ['of another body', { rawBody: Buffer.from('{"id":"evt_2","name":"Zoë"}') }, 'no_match'],
    [
      'of the same text in other bytes',
      { rawBody: Buffer.from(BODY.toString('utf8').normalize('NFD')) },
      'no_match',
    ],
    ['of an empty body', { rawBody: new Uint8Array() }, 'no_match'],
    ['by another secret', { secrets: [OLD_SECRET] }, 'no_match'],
    ['of another time than it says', { header: `t=${SECOND + 1},v1=${sign(SECRET)}` }, 'no_match'],
    [
      'of the body without its time',
      { header: `t=${SECOND},v1=${createHmac('sha256', SECRET).update(BODY).digest('hex')}` },
      'no_match',
    ],
    ['under another scheme only', { header: `t=${SECOND},v0=${sign(SECRET)}` }, 'no_signature'],
    ['too short', { header: `t=${SECOND},v1=${sign(SECRET).slice(1)}` }, 'no_signature'],
    ['no hex', { header: `t=${SECOND},v1=${'z'.repeat(64)}` }, 'no_signature'],
    ['missing', { header: undefined }, 'missing'],
    ['empty', { header: '' }, 'missing'],
    ['given twice', { header: [signed(), signed()] }, 'malformed'],
    ['without a time', { header: `v1=${sign(SECRET)}` }, 'malformed'],
    ['with two times', { header: `t=${SECOND},${signed()}` }, 'malformed'],
    ['with a time that is no number', { header: `t=${SECOND}x,v1=${sign(SECRET)}` }, 'malformed'],
    ['with a time below zero', { header: `t=-${SECOND},v1=${sign(SECRET)}` }, 'malformed'],
    ['with an endless time', { header: `t=${'9'.repeat(400)},v1=${sign(SECRET)}` }, 'malformed'],
    ['words', { header: 'let me in' }, 'malformed'],
    [
      'with more signatures than secrets can be',
      { header: `t=${SECOND}${`,v1=${sign('x')}`.repeat(17)}` },
      'malformed',
    ],
    ['checked without a secret', { secrets: [] }, 'no_secret'],
    [
      'checked with an empty secret, by which anyone could sign',
      { secrets: [' ', ''], header: signed(SECOND, '') },
      'no_secret',
    ],
  ];
  for (const [what, changes, code] of WRONG) {
    it(`is refused ${what}: ${code}`, () => {
      const result = check(changes);
      expect(result).to.include({ ok: false, code });
      expect(result).to.have.property('message').that.is.a('string');
    });
  }

  it('gives the time when it was made', () => {
    expect(check()).to.deep.equal({ ok: true, signedAt: new Date(SECOND * 1000) });
  });

  it('agrees with what the SDK signs', () => {
    const payload = BODY.toString('utf8');
    const header = Stripe.webhooks.generateTestHeaderString({ payload, secret: SECRET, timestamp: SECOND });
    expect(check({ header })).to.have.property('ok', true);
  });

  it('covers the bytes, also where they are not text', () => {
    const rawBody = Buffer.from([0xff, 0x00, 0xfe]);
    expect(check({ rawBody, header: `t=${SECOND},v1=${sign(SECRET, SECOND, rawBody)}` })).to.have.property(
      'ok',
      true,
    );
  });

  it('is refused quickly when its header has a megabyte', () => {
    const headers = [`t=${SECOND},v1=`, ','.repeat(8), 'v1=a,', `${signed()},`].map((part) =>
      part.repeat(Math.ceil(1_000_000 / part.length)),
    );
    const start = performance.now();
    for (const header of headers) expect(check({ header })).to.include({ ok: false, code: 'malformed' });
    expect(performance.now() - start).to.be.lessThan(50);
  });
});
