/**
 * docs.stripe.com/search: `field:"v"` (without regard to case), `field~"part"` (at least three
 * characters), `-` negates, numbers with `< > <= >=`, clauses joined by AND or by OR, not both, ten
 * at most. Search lags behind writes, up to a minute on a normal day: the simulator has a settable
 * delay by its clock.
 */
import type { Handler } from '../http/call.ts';
import type { Row } from '../http/collection.ts';
import { refuse } from '../http/errors.ts';
import { readExpand } from '../http/expand.ts';
import { readLimit } from '../http/lists.ts';
import type { Customer } from './objects.ts';
import { readRequiredText, refuseMissing, refuseUnknown } from '../http/params.ts';

type Test = (customer: Customer) => boolean;

const CLAUSE =
  /^(-?)(?:metadata\[(?:"([^"]*)"|'([^']*)')\]|([a-z_]+))\s*(:|~|<=|>=|<|>)\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(\d+|null))\s*/;

export const searchCustomers: Handler = ({ account, params, now, rules }) => {
  refuseUnknown(params, ['query', 'limit', 'page', 'expand']);
  readExpand(params, ['total_count']);
  const matches = parseQuery(readRequiredText(params['query'], 'query') ?? refuseMissing('query'));
  const limit = readLimit(params);
  const start = readPage(readRequiredText(params['page'], 'page'));
  const found: Customer[] = [];
  for (const row of account.customers.all()) {
    const seen = asOf(row, now - rules.searchDelayMs);
    if (seen && matches(seen)) found.push(seen);
  }
  found.sort((a, b) => b.created - a.created);
  const hasMore = found.length > start + limit;
  return {
    body: {
      object: 'search_result',
      data: found.slice(start, start + limit),
      has_more: hasMore,
      next_page: hasMore ? Buffer.from(String(start + limit)).toString('base64url') : null,
      url: '/v1/customers/search',
    },
  };
};

/** The state that search sees at this time; null if it sees no customer yet, or a deleted one. */
function asOf(row: Row<Customer>, time: number): Customer | null {
  return row.versions.findLast((version) => version.at <= time)?.value ?? null;
}

function parseQuery(query: string): Test {
  const tests: Test[] = [];
  let joint: string | null = null;
  let rest = query.trim();
  for (;;) {
    const clause = CLAUSE.exec(rest) ?? refuseQuery(query);
    tests.push(readClause(clause, query));
    rest = rest.slice(clause[0].length);
    if (rest === '') break;
    const joiner = /^(AND|OR)\s+/i.exec(rest)?.[1]?.toUpperCase();
    if (joiner) rest = rest.replace(/^\w+\s+/, '');
    if (joint !== null && joint !== (joiner ?? 'AND')) refuseQuery(query);
    joint = joiner ?? 'AND';
  }
  if (tests.length > 10) refuse('A search query can have up to 10 clauses.', { param: 'query' });
  return joint === 'OR'
    ? (customer) => tests.some((test) => test(customer))
    : (customer) => tests.every((test) => test(customer));
}

function readClause(clause: RegExpExecArray, query: string): Test {
  const [, minus, quoted, apostrophed, field, operator, double, single, bare] = clause;
  const key = quoted ?? apostrophed;
  const text = (double ?? single ?? bare ?? '').replace(/\\(.)/g, '$1');
  const test = fieldTest(field, key, operator ?? ':', text, bare === 'null') ?? refuseQuery(query);
  return minus === '-' ? (customer) => !test(customer) : test;
}

function fieldTest(
  field: string | undefined,
  key: string | undefined,
  operator: string,
  text: string,
  isNull: boolean,
): Test | null {
  if (key !== undefined)
    return textTest((customer) => customer.metadata[key] ?? null, operator, text, isNull);
  if (field === 'email' || field === 'name' || field === 'phone') {
    return textTest((customer) => customer[field], operator, text, isNull);
  }
  if (field !== 'created' || !/^\d+$/.test(text)) return null;
  const second = Number(text);
  const compare: Record<string, Test> = {
    ':': (customer) => customer.created === second,
    '<': (customer) => customer.created < second,
    '>': (customer) => customer.created > second,
    '<=': (customer) => customer.created <= second,
    '>=': (customer) => customer.created >= second,
  };
  return compare[operator] ?? null;
}

function textTest(
  read: (customer: Customer) => string | null,
  operator: string,
  text: string,
  isNull: boolean,
): Test | null {
  const wanted = text.toLowerCase();
  if (operator === ':' && isNull) return (customer) => read(customer) === null;
  if (operator === ':') return (customer) => read(customer)?.toLowerCase() === wanted;
  if (operator === '~' && wanted.length >= 3)
    return (customer) => read(customer)?.toLowerCase().includes(wanted) ?? false;
  return null;
}

function readPage(page: string | undefined): number {
  if (page === undefined) return 0;
  const start = Number(Buffer.from(page, 'base64url').toString('utf8'));
  return Number.isSafeInteger(start) ? start : refuse('Invalid page.', { param: 'page' });
}

function refuseQuery(query: string): never {
  refuse(`We were unable to parse your search query: ${query}`, { param: 'query' });
}
