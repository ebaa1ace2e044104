// Creates, edits and deletes customers in a session like the API: row and event in one transaction.
import { readCustomer, type Customer } from '../../db/customers.ts';
import type { Db } from '../../db/server/connection.ts';
import type { Checked } from '../../lib/catalogue/check.ts';
import { checkCustomerChange, checkNewCustomer } from '../../lib/catalogue/customer.ts';
import type { CustomerStore, CustomerValues, Refusal } from '../../lib/customers/customers.ts';
import { commandActor } from '../actor.ts';

export type Customers = {
  read(id: number): Promise<Customer | null>;
  create(values: CustomerValues): Promise<Customer>;
  edit(id: number, values: Partial<CustomerValues>): Promise<Customer>;
  remove(id: number): Promise<Customer>;
};

export function createCustomers(db: Db, store: CustomerStore): Customers {
  const origin = { context: { actor: commandActor() } };
  return {
    read: (id) => readCustomer(db, id),
    create: async (values) => written(await store.create(checked(checkNewCustomer(values)), origin)),
    edit: async (id, values) =>
      written(await store.patch(id, checked(checkCustomerChange(values)), {}, origin)),
    remove: async (id) => written(await store.remove(id, {}, origin)),
  };
}

function checked<T>(result: Checked<T>): T {
  if (result.ok) return result.value;
  throw new Error(result.violations.map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}`).join('; '));
}

function written(result: Refusal | { outcome: string; customer: Customer }): Customer {
  if (isRefusal(result)) throw new Error(`nothing was written: ${JSON.stringify(result)}`);
  return result.customer;
}

const REFUSALS = ['gone', 'version_mismatch', 'duplicate_email', 'refused', 'contended'];

function isRefusal(result: Refusal | { outcome: string; customer: Customer }): result is Refusal {
  return REFUSALS.includes(result.outcome);
}
