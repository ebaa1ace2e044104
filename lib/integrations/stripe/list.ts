// Customers found without their id. Stripe lists those of a test clock only for that clock
// (docs.stripe.com/api/customers/list), and there are clocks in test mode only.
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
 * Every customer of a window of creation times, newest first, and behind them in test mode the
 * customers of all test clocks, each page one request. What a clock's customer says of its creation
 * is the time of the clock, so those are given whatever the end of the window is, and not at all
 * where it has a beginning: then the caller looks for what was made since, by real time.
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
    // A restricted key without the right to read clocks sees what it always saw; doctor names the right.
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
 * The list of clocks takes no times, and what was made by a clock bears a time of its own: their
 * pages go by the cursor alone.
 */
function withoutTimes({ limit, starting_after: after }: PageParams): Omit<PageParams, 'created'> {
  return { limit, ...(after !== undefined && { starting_after: after }) };
}

/**
 * Customers with an email, the newest first. Stripe compares it letter by letter
 * (docs.stripe.com/api/customers/list: "a case-sensitive filter"). One page: more than a hundred
 * with one email are no more to choose from.
 */
export async function listByEmail(
  { stripe, record }: ListDeps<ExternalRecord>,
  email: string,
): Promise<ExternalRecord[]> {
  const answer = await stripe.customers.list({ email, limit: 100 });
  requireList(answer, 'list', 'customer');
  const found = answer.data.map(record);
  // Where something on the way loses the filter, customers would be linked to another person's row.
  if (found.some(({ fields }) => !isSameEmail(fields['email'], email)))
    throw unexpectedAnswer('a customer with another email than the one that was asked for');
  return found;
}

/**
 * Customers that bear an owner tag, as far as Stripe's search has caught up with them: a minute on
 * a normal day, an hour on a bad one, and in some countries never (docs.stripe.com/search). One
 * page: an owner tag is one row's.
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

/** Generous about case and blanks: that a filter was kept to is all that is asked. */
function isSameEmail(theirs: Value | undefined, asked: string): boolean {
  const folded = (text: string): string => text.normalize('NFC').trim().toLowerCase();
  return typeof theirs === 'string' && folded(theirs) === folded(asked);
}

/**
 * How many customers bear an owner tag of one of these installations. Each is looked at: Stripe's
 * search lags behind.
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
