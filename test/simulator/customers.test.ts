import { expect } from 'chai';
import { CREATE_PARAMS, UPDATE_PARAMS } from '../../simulator/objects/customer-params.ts';
import { isAcceptedEmail } from '../../simulator/objects/email.ts';
import { requestParams } from './openapi.ts';
import { refusalOf, startSimulator, type Bench } from './start-simulator.ts';

describe('the simulator’s customers', () => {
  let bench: Bench;
  before(async () => void (bench = await startSimulator()));
  after(() => bench.simulator.close());

  it('have every nullable member as null when no value is given', async () => {
    const { body } = await bench.call('POST', '/v1/customers');
    expect(body).to.deep.include({
      object: 'customer',
      address: null,
      balance: 0,
      customer_account: null,
      delinquent: false,
      description: null,
      email: null,
      livemode: false,
      metadata: {},
      name: null,
      phone: null,
      shipping: null,
      tax_exempt: 'none',
    });
    expect(body).to.not.have.any.keys(
      'business_name',
      'individual_name',
      'subscriptions',
      'sources',
      'tax_ids',
    );
  });

  it('come back as they were written, through create, retrieve, update and list', async () => {
    const { stripe } = bench;
    const created = await stripe.customers.create({
      name: 'Luís Gonçalves',
      email: 'luisg@example.com.br',
      phone: '+55 12 3923 5555',
      address: { city: 'São José dos Campos', country: 'BR' },
      shipping: { name: 'Luís', address: { line1: 'Av. 1' } },
      metadata: { internal: '1' },
      business_name: 'Embraer & Söhne',
      preferred_locales: ['pt', 'en'],
      invoice_settings: { custom_fields: [{ name: 'VAT', value: '12' }], footer: 'thanks' },
    });
    expect(created.address).to.deep.equal({
      city: 'São José dos Campos',
      country: 'BR',
      line1: null,
      line2: null,
      postal_code: null,
      state: null,
    });
    expect(created.shipping).to.have.keys('address', 'name', 'phone');
    const updated = await stripe.customers.update(created.id, {
      name: 'Luis',
      balance: -500,
      tax_exempt: 'exempt',
    });
    expect(updated).to.deep.equal({ ...created, name: 'Luis', balance: -500, tax_exempt: 'exempt' });
    expect(await stripe.customers.retrieve(created.id)).to.deep.equal(updated);
    expect((await stripe.customers.list({ limit: 1 })).data[0]).to.deep.equal(updated);
  });

  it('lose a member when it is set to an empty value', async () => {
    const { stripe } = bench;
    const { id } = await stripe.customers.create({
      name: 'A',
      email: 'a@example.com',
      business_name: 'B',
      address: { city: 'C' },
      metadata: { a: '1', b: '2' },
    });
    // The SDK sends null as an empty string; its types allow that for some parameters only.
    const { body } = await bench.call('POST', `/v1/customers/${id}`, {
      form: { name: '', email: '', business_name: '', address: '', metadata: '' },
    });
    expect(body).to.deep.include({ name: null, email: null, address: null, metadata: {} });
    expect(body).to.not.have.property('business_name');
  });

  it('are updated member by member in nested hashes', async () => {
    const { stripe } = bench;
    const { id } = await stripe.customers.create({ address: { city: 'A', line1: 'B' } });
    const { address } = await stripe.customers.update(id, { address: { line1: 'C', city: '' } });
    expect(address).to.include({ city: null, line1: 'C' });
  });

  it('refuse to unset a member that cannot be unset', async () => {
    const { id } = await bench.stripe.customers.create({});
    const answer = await bench.call('POST', `/v1/customers/${id}`, { form: { balance: '' } });
    expect(answer.status).to.equal(400);
    expect(bench.errorOf(answer)).to.include({ code: 'parameter_invalid_empty', param: 'balance' });
  });

  it('keep an invoice prefix for one customer of the account, also after the delete', async () => {
    const { stripe } = bench;
    const { id, invoice_prefix: prefix } = await stripe.customers.create({ invoice_prefix: 'TAKEN1' });
    await stripe.customers.del(id);
    const refused = await refusalOf(stripe.customers.create({ invoice_prefix: String(prefix) }));
    expect(refused.param).to.equal('invoice_prefix');
  });

  it('know exactly the parameters of Stripe’s own description', () => {
    // The description does not say that a create takes an id, and it has always worked.
    const described = CREATE_PARAMS.filter((name) => name !== 'id');
    expect(described.sort()).to.deep.equal(requestParams('POST', '/v1/customers').sort());
    expect([...UPDATE_PARAMS].sort()).to.deep.equal(requestParams('POST', '/v1/customers/cus_x').sort());
  });

  it('accept an id of the caller’s choice once, also after a delete, and find it however it is encoded', async () => {
    const create = (id: string) => bench.call('POST', '/v1/customers', { form: { id } });
    expect((await create('acme/42 ü@x')).body).to.include({ id: 'acme/42 ü@x' });
    expect(bench.errorOf(await create('acme/42 ü@x'))).to.include({
      code: 'resource_already_exists',
      param: 'id',
    });
    const path = `/v1/customers/${encodeURIComponent('acme/42 ü@x')}`;
    expect((await bench.call('GET', path)).body).to.include({ id: 'acme/42 ü@x' });
    await bench.call('DELETE', path);
    expect((await create('acme/42 ü@x')).status).to.equal(400);
  });

  describe('that were deleted', () => {
    it('are retrieved as a stub with status 200, and are unknown to every write', async () => {
      const { stripe, simulator } = bench;
      const { id } = await stripe.customers.create({ name: 'Gone' });
      expect(await stripe.customers.del(id)).to.deep.equal({ id, object: 'customer', deleted: true });
      expect(await stripe.customers.retrieve(id)).to.deep.equal({ id, object: 'customer', deleted: true });
      for (const again of [stripe.customers.del(id), stripe.customers.update(id, { name: 'Back' })]) {
        const refused = await refusalOf(again);
        expect(refused).to.include({ statusCode: 404, code: 'resource_missing', param: 'id' });
        expect(refused.message).to.equal(`No such customer: '${id}'`);
      }
      expect(simulator.customers().map((customer) => customer.id)).to.not.include(id);
      expect(
        (await stripe.customers.list({ limit: 100 })).data.map((customer) => customer.id),
      ).to.not.include(id);
    });

    it('answer differently from ids that never existed', async () => {
      const refused = await refusalOf(bench.stripe.customers.retrieve('cus_never'));
      expect(refused).to.include({ statusCode: 404, code: 'resource_missing', param: 'id' });
      expect(refused.type).to.equal('StripeInvalidRequestError');
    });
  });

  describe('metadata', () => {
    const fill = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`key${at}`, 'v']));

    it('is merged by key, and an empty value unsets its key', async () => {
      const { stripe } = bench;
      const { id } = await stripe.customers.create({ metadata: { a: '1', b: '2' } });
      const { metadata } = await stripe.customers.update(id, { metadata: { b: '', c: '3' } });
      expect(metadata).to.deep.equal({ a: '1', c: '3' });
    });

    it('has up to 50 keys of 40 characters with values of 500, counted after the merge', async () => {
      const { stripe } = bench;
      const { id } = await stripe.customers.create({ metadata: fill(50) });
      expect((await refusalOf(stripe.customers.update(id, { metadata: { more: '1' } }))).param).to.equal(
        'metadata',
      );
      await stripe.customers.update(id, { metadata: { key0: '', more: '1' } });
      await stripe.customers.create({ metadata: { ['k'.repeat(40)]: '🙂'.repeat(500) } });
      for (const metadata of [{ ['k'.repeat(41)]: 'v' }, { k: 'v'.repeat(501) }, { 'a[b]': 'v' }]) {
        const refused = await refusalOf(stripe.customers.create({ metadata }));
        expect(refused).to.include({ statusCode: 400, param: 'metadata' });
      }
    });

    it('may have keys that are names of JavaScript’s own', async () => {
      const form = 'metadata[__proto__]=a&metadata[constructor]=b&metadata[0]=c';
      const { body } = await bench.call('POST', '/v1/customers', { form });
      const { id } = body as { id: string };
      await bench.call('POST', `/v1/customers/${id}`, { form: 'metadata[__proto__]=x' });
      const previous = bench.simulator.events().at(-1)?.data.previous_attributes;
      expect(JSON.stringify(previous)).to.equal('{"metadata":{"__proto__":"a"}}');
      const metadata = (body as { metadata: object }).metadata; // the answer to a create is a customer
      expect(Object.entries(metadata)).to.have.deep.members([
        ['__proto__', 'a'],
        ['constructor', 'b'],
        ['0', 'c'],
      ]);
    });
  });

  describe('parameters', () => {
    const refused: [string, Record<string, string>, Record<string, unknown>][] = [
      ['an unknown one', { nmae: 'A' }, { code: 'parameter_unknown', param: 'nmae' }],
      [
        'an unknown leaf',
        { 'address[planet]': 'A' },
        { code: 'parameter_unknown', param: 'address[planet]' },
      ],
      ['a name of 257 characters', { name: 'x'.repeat(257) }, { param: 'name' }],
      ['an email of 513 characters', { email: `${'x'.repeat(501)}@example.com` }, { param: 'email' }],
      ['a phone of 21 characters', { phone: '1'.repeat(21) }, { param: 'phone' }],
      ['a business name of 151 characters', { business_name: 'x'.repeat(151) }, { param: 'business_name' }],
      ['a number that is none', { balance: 'many' }, { code: 'parameter_invalid_integer', param: 'balance' }],
      ['a hash for a text', { 'name[first]': 'A' }, { param: 'name' }],
      ['a text for a hash', { address: 'Street 1' }, { param: 'address' }],
      [
        'shipping without an address',
        { 'shipping[name]': 'A' },
        { code: 'parameter_missing', param: 'shipping[address]' },
      ],
      ['one without a model here', { source: 'tok_visa' }, { param: 'source' }],
      ['a bad email', { email: 'not an email' }, { code: 'email_invalid', param: 'email' }],
    ];
    for (const [what, form, expected] of refused) {
      it(`are refused: ${what}`, async () => {
        const answer = await bench.call('POST', '/v1/customers', { form });
        expect(answer.status).to.equal(400);
        expect(bench.errorOf(answer)).to.include({ type: 'invalid_request_error', ...expected });
      });
    }

    it('outside an enumeration are refused without a code', async () => {
      const answer = await bench.call('POST', '/v1/customers', { form: { tax_exempt: 'maybe' } });
      expect(bench.errorOf(answer))
        .to.include({ param: 'tax_exempt' })
        .and.not.have.any.keys('code', 'doc_url');
    });

    it('may be of the longest length', async () => {
      const name = '🙂'.repeat(256);
      expect((await bench.stripe.customers.create({ name })).name).to.equal(name);
    });
  });

  it('accept the emails that Stripe accepts, and not those that only a loose check accepts', () => {
    const taken = [
      'a@example.com',
      'A.b+c@ex-ample.co.uk',
      "o'hara@example.com",
      'x_1@müller.de',
      'a@1.example.org',
    ];
    const refused = [
      'a@com',
      ' a@example.com',
      'a@example.com ',
      'a b@example.com',
      'a..b@example.com',
      '.a@example.com',
    ];
    const more = [
      'a.@example.com',
      'a@.example.com',
      'a@example..com',
      'stanisław@wp.pl',
      'a＠example.com',
      'a@example.c',
    ];
    const odd = [
      '@example.com',
      'a@',
      'a@@example.com',
      'a@-example.com',
      '"a b"@example.com',
      'a@example.123',
      'a\u0000@b.com',
    ];
    expect(taken.filter((email) => !isAcceptedEmail(email))).to.deep.equal([]);
    expect([...refused, ...more, ...odd].filter(isAcceptedEmail)).to.deep.equal([]);
  });

  it('lose the white space at both ends of their texts when the rules say so', async () => {
    bench.simulator.rules.set({ trimsText: true });
    const { name, email } = await bench.stripe.customers.create({
      name: '  Ada ',
      email: ' ada@example.com',
    });
    bench.simulator.rules.set({ trimsText: false });
    expect({ name, email }).to.deep.equal({ name: 'Ada', email: 'ada@example.com' });
  });
});
