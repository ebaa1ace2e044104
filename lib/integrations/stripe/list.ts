// Customers found without their id. Those with a test clock are not listed (docs.stripe.com/api/customers/list).
import type { Stripe } from 'stripe';
import type { ExternalRecord, ListWindow } from '../integration.ts';
import { pagesOf } from './pages.ts';

interface ListDeps {
  stripe: Stripe;
  record: (customer: object) => ExternalRecord;
}

/** Every customer of a window of creation times, newest first. */
export async function* listCustomers(
  { stripe, record }: ListDeps,
  window: ListWindow,
): AsyncGenerator<ExternalRecord[]> {
  for await (const { fresh } of pagesOf((params) => stripe.customers.list(params), window))
    yield fresh.map(record);
}

/**
 * Customers with an email, the newest first. Stripe compares it letter by letter (docs.stripe.com/api/customers/list: "a case-sensitive
 * filter"). One page: more than a hundred with one email are no more to choose from.
 */
export async function listByEmail({ stripe, record }: ListDeps, email: string): Promise<ExternalRecord[]> {
  const { data } = await stripe.customers.list({ email, limit: 100 });
  return data.map(record);
}

/**
 * Customers that bear a mark, as far as Stripe's search has caught up with them: a minute on a normal day, an hour on a bad one,
 * and in some countries never (docs.stripe.com/search). One page: a mark is one row's.
 */
export async function searchByMark(
  { stripe, record }: ListDeps,
  markKey: string,
  mark: string,
): Promise<ExternalRecord[]> {
  const query = `metadata["${markKey}"]:"${mark}"`;
  const { data } = await stripe.customers.search({ query, limit: 100 });
  return data.map(record).filter((found) => found.mark === mark);
}
