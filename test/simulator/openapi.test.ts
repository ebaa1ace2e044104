import { expect } from 'chai';
import { checkAnswer, checkRequest, checkSchema } from './openapi.ts';
import { startSimulator } from './start-simulator.ts';

describe('the check against Stripe’s own description', () => {
  it('accepts the simulator’s answers and refuses them with a member missing, of a wrong type or too long', async () => {
    const { simulator, plain } = await startSimulator();
    const customer = await plain.customers.create({ name: 'A', address: { city: 'B' } });
    await simulator.close();
    const answer = (changes: object) => () =>
      checkAnswer('POST', '/v1/customers', 200, { ...customer, ...changes });
    expect(answer({})).to.not.throw();
    expect(answer({ id: undefined })).to.throw();
    expect(answer({ balance: 'much' })).to.throw();
    expect(answer({ object: 'client' })).to.throw();
    expect(answer({ business_name: 'x'.repeat(151) })).to.throw();
    expect(() =>
      checkSchema('deleted_customer', { id: customer.id, object: 'customer', deleted: false }),
    ).to.throw();
  });

  it('refuses requests with parameters that are unknown or too long', () => {
    const request = (form: string) => () => checkRequest('POST', '/v1/customers', new URLSearchParams(form));
    expect(request('name=A&metadata[a]=b&expand[0]=tax_ids')).to.not.throw();
    expect(request('nmae=A')).to.throw();
    expect(request(`name=${'x'.repeat(257)}`)).to.throw();
  });
});
