// Customers that are found without their id. Stripe lists customers of a test clock only for that
// clock (docs.stripe.com/api/customers/list), and test clocks exist in test mode only.
import type { Stripe } from 'stripe';
import type { Value } from '../../catalogue/document.ts';
import type { ExternalRecord, ListWindow } from '../integration.ts';
import { requireList } from './answer.ts';
import { classify } from './classify.ts';
import { unexpectedAnswer } from './evidence.ts';
import { tagKeyOf, readTag } from './owner-tag.ts';
import { pagesOf, type PageParams } from './pages.ts';

interface ListDeps<T> {
  stripe: Stripe;
  record: (customer: object) => T;
  livemode: boolean;
}

/**
 * Every customer of a window of creation times, newest first, and in test mode after them the
 * customers of all test clocks, each page one request. The creation time of a clock's customer is
 * the time of the clock. So these customers are listed whatever the end of the window is; if the
 * window has a beginning they are left out, since the caller then looks for what was created since,
 * by real time.
 */
export async function* listCustomers<T>(
  { stripe, record, livemode }: ListDeps<T>,
  window: ListWindow,
): AsyncGenerator<T[]> {
  for await (const { fresh } of pagesOf((params) => stripe.customers.list(params), window, 'customer'))
    yield fresh.map(record);
  if (livemode || window.createdFrom !== undefined) return;
  const clocks = new Set<string>();
  try {
    for await (const { fresh } of pagesOf(
      (params) => stripe.testHelpers.testClocks.list(withoutTimes(params)),
      {},
      'test_helpers.test_clock',
    )) {
      for (const { id } of fresh) clocks.add(id);
      yield [];
    }
  } catch (error) {
    // A restricted key without the right to read clocks gets the list without them; doctor names
    // the right.
    const { kind, status } = classify(error);
    if (kind !== 'auth' || status !== 403) throw error;
  }
  for (const clock of clocks) {
    for await (const { fresh } of pagesOf(
      (params) => stripe.customers.list({ ...withoutTimes(params), test_clock: clock }),
      {},
      'customer',
    ))
      yield fresh.map(record);
  }
}

/**
 * The list of clocks accepts no times, and the customers of a clock have a time of their own: their
 * pages are read by the cursor alone.
 */
function withoutTimes({ limit, starting_after: after }: PageParams): Omit<PageParams, 'created'> {
  return { limit, ...(after !== undefined && { starting_after: after }) };
}

/**
 * Customers with an email, the newest first. Stripe compares the email letter by letter
 * (docs.stripe.com/api/customers/list: "a case-sensitive filter"). One page is enough: more than a
 * hundred records with one email add nothing to the choice.
 */
export async function listByEmail(
  { stripe, record }: ListDeps<ExternalRecord>,
  email: string,
): Promise<ExternalRecord[]> {
  const answer = await stripe.customers.list({ email, limit: 100 });
  requireList(answer, 'list', 'customer');
  const found = answer.data.map(record);
  // If a proxy dropped the filter, customers would be linked with another person's row.
  if (found.some(({ fields }) => !isSameEmail(fields['email'], email)))
    throw unexpectedAnswer('a customer with another email than the one that was asked for');
  return found;
}

/**
 * Customers with an owner tag, as far as Stripe's search has caught up: it lags by a minute on a
 * normal day, by an hour on a bad one, and in some countries there is no search
 * (docs.stripe.com/search). One page is enough: an owner tag belongs to one row.
 */
export async function searchByTag(
  { stripe, record }: ListDeps<ExternalRecord>,
  tagKey: string,
  ownerTag: string,
): Promise<ExternalRecord[]> {
  const query = `metadata["${tagKey}"]:"${ownerTag}"`;
  const answer = await stripe.customers.search({ query, limit: 100 });
  requireList(answer, 'search_result', 'customer');
  return answer.data.map(record).filter((found) => found.ownerTag === ownerTag);
}

/** Ignores case and spaces: the check only shows that the filter was applied. */
function isSameEmail(theirs: Value | undefined, asked: string): boolean {
  const folded = (text: string): string => text.normalize('NFC').trim().toLowerCase();
  return typeof theirs === 'string' && folded(theirs) === folded(asked);
}

/**
 * How many customers have an owner tag of one of these installations. Each customer is read, since
 * Stripe's search lags behind.
 */
export async function countTagged(
  deps: Omit<ListDeps<boolean>, 'record'>,
  instanceIds: readonly string[],
): Promise<number> {
  const record = (customer: object): boolean => {
    const { metadata } = customer as { metadata?: unknown };
    return instanceIds.some((id) => readTag(metadata, tagKeyOf(id)).ownerTag !== null);
  };
  let count = 0;
  for await (const page of listCustomers({ ...deps, record }, {})) count += page.filter(Boolean).length;
  return count;
}
