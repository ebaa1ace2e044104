import { expect } from 'chai';
import { customer, plainField } from '../../../lib/catalogue/built-in.ts';
import { builtIn } from '../../../lib/catalogue/catalogue.ts';
import { customerOf } from '../../../lib/config/entity.ts';

describe('what a customer is', () => {
  it('is built in where no configuration says it', () => {
    expect(customerOf({ catalogue: builtIn })).to.equal(customer);
    expect(customerOf({ catalogue: { ...builtIn, entities: {} } })).to.equal(customer);
  });

  it('is what the configuration says', () => {
    const own = { ...customer, table: 'people', fields: [...customer.fields, plainField('phone', 'text')] };
    expect(customerOf({ catalogue: { ...builtIn, entities: { customer: own } } })).to.equal(own);
  });
});
