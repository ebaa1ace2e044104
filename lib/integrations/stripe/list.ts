// Every customer of a window of creation times, newest first. A cursor is the id of a customer, and whether it still works
// once that customer is deleted is not documented: the walk then goes on from a bound in `created` instead, which is sure.
// Customers with a test clock are not listed (docs.stripe.com/api/customers/list).
import type { Stripe } from 'stripe';
import type { ExternalRecord, ListWindow } from '../integration.ts';
import { readEvidence, unexpectedAnswer } from './evidence.ts';

const PAGE = 100;

interface Position {
  /** Nothing younger than this second is left. */
  bound: number | null;
  cursor: string | null;
  /** Ids of the bound's own second that were given out: what a walk from the bound meets again. */
  given: Set<string>;
}

export async function* listCustomers(
  { stripe, record }: { stripe: Stripe; record: (customer: object) => ExternalRecord },
  { createdFrom, createdTo }: ListWindow,
): AsyncGenerator<ExternalRecord[]> {
  const from = createdFrom === undefined ? null : seconds(createdFrom);
  let at: Position = {
    bound: createdTo === undefined ? null : seconds(createdTo),
    cursor: null,
    given: new Set(),
  };
  for (;;) {
    const page = await readPage(stripe, from, at);
    if (page === 'cursor_gone') {
      at = { ...at, cursor: null };
      continue;
    }
    const fresh = page.data.filter(({ id }) => !at.given.has(id));
    if (fresh.length > 0) yield fresh.map(record);
    const last = page.data.at(-1);
    if (!page.has_more || last === undefined) return;
    if (last.id === at.cursor) throw unexpectedAnswer('a list that repeats its page');
    at = { bound: last.created, cursor: last.id, given: givenOf(last.created, page.data, at) };
  }
}

async function readPage(
  stripe: Stripe,
  from: number | null,
  { bound, cursor }: Position,
): Promise<Stripe.ApiList<Stripe.Customer> | 'cursor_gone'> {
  const created = { ...(from !== null && { gte: from }), ...(bound !== null && { lte: bound }) };
  try {
    return await stripe.customers.list({
      limit: PAGE,
      created,
      ...(cursor !== null && { starting_after: cursor }),
    });
  } catch (error) {
    const { code, param } = readEvidence(error);
    if (cursor !== null && code === 'resource_missing' && param === 'starting_after') return 'cursor_gone';
    throw error;
  }
}

function givenOf(second: number, page: Stripe.Customer[], { bound, given }: Position): Set<string> {
  const ids = page.filter(({ created }) => created === second).map(({ id }) => id);
  return new Set(bound === second ? [...given, ...ids] : ids);
}

/** Stripe keeps whole seconds, so a bound is its second: `created` of what was made in it is not greater. */
function seconds(time: Date): number {
  return Math.floor(time.getTime() / 1000);
}
