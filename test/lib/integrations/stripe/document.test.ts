import { expect } from 'chai';
import { externalFields, parseDocument } from '../../../../lib/catalogue/document.ts';
import customer from '../../../../lib/integrations/stripe/customer.json' with { type: 'json' };
import { namesToRead, parseStripeDocument } from '../../../../lib/integrations/stripe/document.ts';
import { ALL, candidateOf, documentOf, ruleOf, WIDE } from './fields.ts';
import { TAG_KEY } from './harness.ts';

describe('a mapping document of Stripe', () => {
  it('that is built in is taken as it is, and reads no more than before', () => {
    const document = parseStripeDocument(customer);
    expect(document).to.deep.equal(parseDocument(customer));
    const named = externalFields(document);
    expect(named).to.deep.equal(['name', 'individual_name', 'business_name', 'email']);
    expect(namesToRead(document, named)).to.deep.equal(named);
  });

  it('may name every field of the table, and any key of the metadata', () => {
    expect(documentOf(ALL).fields.map(({ external }) => external)).to.deep.equal(ALL);
  });

  it('reads the rest of a group that it writes, nothing of one that it only reads, and the email', () => {
    const written = documentOf(['address.city']);
    expect(namesToRead(written, externalFields(written))).to.deep.equal([
      ...['address.city', 'address.line1', 'address.line2', 'address.state'],
      ...['address.postal_code', 'address.country', 'email'],
    ]);
    const read = parseStripeDocument(candidateOf(ruleOf('address.city', { direction: 'pull' })), WIDE);
    expect(namesToRead(read, externalFields(read))).to.deep.equal(['address.city', 'email']);
  });

  const one = (external: string, more: object = {}): object => candidateOf(ruleOf(external, more));
  const named = (external: string): object => one('name', { external });
  const WRONG: [string, object, RegExp][] = [
    [
      'an unknown field, with names that are near',
      named('adress.city'),
      /\/fields\/0\/external: a customer at Stripe has no field "adress\.city"; did you mean "address\.city"/,
    ],
    ['a field of another case', named('postalCode'), /did you mean "address\.postal_code" or "shipping/],
    [
      'an unknown field, with all that are known',
      named('favourite_colour'),
      /no field "favourite_colour" \(it has: name, email, phone, .*, metadata\.<key>\)/,
    ],
    ['a member of every object', named('constructor'), /\/fields\/0\/external: .* no field "constructor"/],
    ['a whole hash', named('address'), /"address" is no single value; name one in it: address\.line1/],
    ['all metadata', named('metadata'), /"metadata" is no single value; name one in it: metadata\.<key>/],
    ['a number', named('balance'), /"balance" cannot be mapped: it is an amount of money/],
    [
      'a part of what cannot be mapped',
      named('invoice_settings.footer'),
      /"invoice_settings\.footer" cannot be mapped: it belongs to payment methods/,
    ],
    ['a key without a name', named('metadata.'), /a key of the metadata has a name/],
    [
      'a key that is too long',
      named(`metadata.${'k'.repeat(41)}`),
      /a key of the metadata has at most 40 characters, this one has 41/,
    ],
    ['a key with brackets', named('metadata.a[b]'), /a key of the metadata has no square brackets/],
    ['our owner tag', named(`metadata.${TAG_KEY}`), /"twinbox_testtest" is kept for owner tags/],
    ['the owner tag of another one', named('metadata.twinbox_otherone'), /is kept for owner tags/],
    [
      'an unknown field that stands in',
      one('name', { fallback: ['email|localPart', 'nmae'] }),
      /\/fields\/0\/fallback\/1: a customer at Stripe has no field "nmae"; did you mean "name"/,
    ],
    [
      'a greater length than Stripe takes',
      one('phone', { maxLength: 21 }),
      /\/fields\/0\/maxLength: Stripe takes phone up to 20 characters, not 21/,
    ],
    [
      'no length where Stripe has one',
      one('metadata.plan', { maxLength: null }),
      /\/fields\/0\/maxLength: Stripe takes metadata\.plan up to 500 characters, not no limit/,
    ],
    [
      'what cannot be unset, written from a field that may be empty',
      one('invoice_prefix', { direction: 'both' }),
      /\/fields\/0\/direction: Stripe cannot unset invoice_prefix, .* say "pull"/,
    ],
    [
      'shipping without its name',
      one('shipping.address.city'),
      /\/fields\/0\/external: Stripe takes shipping only with its name and address; map shipping\.name too/,
    ],
    ['shipping without an address', one('shipping.name'), /map shipping\.address\.line1 too/],
    [
      'one path twice',
      candidateOf(ruleOf('address.city'), ruleOf('address.line1', { external: 'address.city' })),
      /\/fields\/1\/external: "address\.city" is mapped twice/,
    ],
    [
      'more keys than there is room for beside the owner tag',
      candidateOf(
        ...Array.from({ length: 50 }, (_, at) =>
          ruleOf('name', { external: `metadata.k${at}`, maxLength: 1 }),
        ),
      ),
      /\/fields: 50 keys of the metadata; Stripe takes 49 beside the owner tag/,
    ],
    ['another system', { ...candidateOf(ruleOf('name')), system: 'crm' }, /\/system: must be "stripe"/],
    [
      'another kind of record',
      { ...candidateOf(ruleOf('name')), externalType: 'account' },
      /\/externalType: must be "customer"/,
    ],
  ];
  for (const [what, candidate, problem] of WRONG) {
    it(`that names ${what} is refused`, () =>
      expect(() => parseStripeDocument(candidate, WIDE)).to.throw(problem));
  }

  it('is refused with all its problems at once, each with its place', () => {
    const candidate = candidateOf(
      ruleOf('name', { internal: 'nmae', maxLength: 300 }),
      ruleOf('email', { external: 'emial', fallback: ['balance'] }),
      ruleOf('phone', { external: `metadata.${TAG_KEY}`, maxLength: 501 }),
    );
    expect(() => parseStripeDocument(candidate, WIDE)).to.throw(
      /\/fields\/0\/internal[\s\S]*\/fields\/0\/maxLength[\s\S]*\/fields\/1\/external[\s\S]*\/fields\/1\/fallback\/0[\s\S]*\/fields\/2\/external[\s\S]*\/fields\/2\/maxLength/,
    );
  });

  it('may write what cannot be unset from a field that is never empty', () => {
    const rule = ruleOf('invoice_prefix', { internal: 'name', direction: 'push' });
    expect(parseStripeDocument(candidateOf(rule), WIDE).fields).to.have.length(1);
  });
});
