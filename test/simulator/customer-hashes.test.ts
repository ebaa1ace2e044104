import { expect } from 'chai';
import { startSimulator, type Bench } from './start-simulator.ts';

describe('the nested and the narrow fields of the simulator’s customers', () => {
  let bench: Bench;
  before(async () => void (bench = await startSimulator()));
  after(() => bench.simulator.close());

  it('take an address for the whole of it, when the rules say so', async () => {
    const { stripe, simulator } = bench;
    const shipping = { name: 'N', phone: '1', address: { city: 'A', line1: 'B' } };
    const { id } = await stripe.customers.create({ address: { city: 'A', line1: 'B' }, shipping });
    simulator.rules.set({ replacesHashes: true });
    const { address, shipping: after } = await stripe.customers.update(id, {
      address: { line1: 'C' },
      shipping: { name: 'M', address: { line1: 'C' } },
    });
    simulator.rules.set({ replacesHashes: false });
    expect(address).to.include({ city: null, line1: 'C' });
    expect(after).to.deep.include({ name: 'M', phone: null });
    expect(after?.address).to.include({ city: null, line1: 'C' });
  });

  it('take shipping with its name and its address only, also where both are there already', async () => {
    const { id } = await bench.stripe.customers.create({
      shipping: { name: 'N', phone: '1', address: { city: 'A', line1: 'B' } },
    });
    const refusals: [Record<string, string>, string, string][] = [
      [{ 'shipping[name]': 'M' }, 'parameter_missing', 'shipping[address]'],
      [{ 'shipping[address][city]': 'C' }, 'parameter_missing', 'shipping[name]'],
      [{ 'shipping[name]': '', 'shipping[address][city]': 'C' }, 'parameter_invalid_empty', 'shipping[name]'],
      [
        { 'shipping[name]': 'M', 'shipping[address][planet]': 'C' },
        'parameter_unknown',
        'shipping[address][planet]',
      ],
    ];
    for (const [form, code, param] of refusals) {
      const answer = await bench.call('POST', `/v1/customers/${id}`, { form });
      expect(bench.errorOf(answer)).to.include({ code, param });
    }
    const { shipping } = await bench.stripe.customers.update(id, {
      shipping: { name: 'M', address: { line1: '' } },
    });
    expect(shipping).to.deep.include({ name: 'M', phone: '1' });
    expect(shipping?.address).to.include({ city: 'A', line1: null });
    const { body } = await bench.call('POST', `/v1/customers/${id}`, { form: { shipping: '' } });
    expect(body).to.include({ shipping: null });
  });

  it('hold their tax exemption, locales and invoice prefix to what Stripe takes', async () => {
    const { stripe } = bench;
    const { id } = await stripe.customers.create({
      tax_exempt: 'reverse',
      preferred_locales: ['de', 'en'],
      invoice_prefix: 'Q7',
    });
    for (const [param, value] of [
      ['tax_exempt', 'some'],
      ['invoice_prefix', 'q7'],
      ['invoice_prefix', 'QQQQQQQQQQQQQ'],
      ['invoice_prefix', ''],
    ] as const) {
      const answer = await bench.call('POST', `/v1/customers/${id}`, { form: { [param]: value } });
      expect(bench.errorOf(answer)).to.include({ param });
    }
    const { body } = await bench.call('POST', `/v1/customers/${id}`, {
      form: { tax_exempt: '', preferred_locales: '' },
    });
    expect(body).to.deep.include({ tax_exempt: 'none', preferred_locales: [], invoice_prefix: 'Q7' });
  });
});
