/** docs.stripe.com/api/customers */
import { seconds, takeSeq, type Call, type Handler } from '../http/call.ts';
import { readClock, refuseFullClock } from './clock-customers.ts';
import { applyCustomerParams, CREATE_PARAMS, UPDATE_PARAMS } from './customer-params.ts';
import { noSuchObject, refuse } from '../http/errors.ts';
import { previousAttributes, stageEvent } from './events.ts';
import { readExpand } from '../http/expand.ts';
import type { ParamValue, Params } from '../http/form.ts';
import { newId, newInvoicePrefix } from './ids.ts';
import { LIST_PARAMS, listPage } from '../http/lists.ts';
import type { Customer } from './objects.ts';
import { readRequiredText, refuseUnknown } from '../http/params.ts';
import { cancelSubscriptionsOf, subscriptionsOf } from './subscriptions.ts';

const EXPANDABLE = ['subscriptions', 'sources', 'tax_ids'];

export const createCustomer: Handler = (call) => {
  const expand = readExpand(call.params, EXPANDABLE);
  const id = readNewId(call) ?? newId('cus');
  const clockId = readRequiredText(call.params['test_clock'], 'test_clock');
  const clock = clockId === undefined ? null : readClock(call, clockId);
  // A customer of a clock is created at the time of that clock.
  const blank = {
    ...blankCustomer(id, clock?.frozen_time ?? seconds(call.now), freePrefix(call)),
    test_clock: clock?.id ?? null,
  };
  const customer = applyCustomerParams(blank, trimmed(call), paramRules(call, CREATE_PARAMS));
  if (clock) refuseFullClock(call, clock);
  refuseTakenPrefix(call, blank, customer);
  stageCustomer(call, customer, takeSeq(call));
  stageEvent(call, 'customer.created', customer);
  return { body: render(call, customer, expand), customer: id };
};

export const retrieveCustomer: Handler = (call) => {
  refuseUnknown(call.params, ['expand']);
  const expand = readExpand(call.params, EXPANDABLE);
  const row = call.account.customers.get(call.id) ?? noSuchObject('customer', call.id);
  // A deleted customer can still be retrieved, as an object of three members and with status 200.
  const body = row.value ? render(call, row.value, expand) : deletedStub(call.id);
  return { body, customer: call.id };
};

export const updateCustomer: Handler = (call) => {
  const expand = readExpand(call.params, EXPANDABLE);
  const { value: before, seq } = findLiving(call);
  const after = applyCustomerParams(before, trimmed(call), paramRules(call, UPDATE_PARAMS));
  refuseTakenPrefix(call, before, after);
  const previous = previousAttributes(before, after);
  if (Object.keys(previous).length === 0) return { body: render(call, before, expand), customer: call.id };
  stageCustomer(call, after, seq);
  stageEvent(call, 'customer.updated', after, previous);
  return { body: render(call, after, expand), customer: call.id };
};

/**
 * Permanent, and cancels the customer's subscriptions at once. The event has the customer as it
 * was.
 */
export const deleteCustomer: Handler = (call) => {
  refuseUnknown(call.params, []);
  const { value: customer, seq } = findLiving(call);
  deleteCustomerOf(call, customer, seq);
  return { body: deletedStub(customer.id), customer: customer.id };
};

/** The effect of a delete, also when the test clock of the customer is deleted. */
export function deleteCustomerOf(call: Call, customer: Customer, seq: number): void {
  cancelSubscriptionsOf(call, customer.id);
  const row = { id: customer.id, created: customer.created, seq, at: call.now, value: null };
  call.ops.push({ op: 'customer', account: call.account.id, ...row });
  stageEvent(call, 'customer.deleted', customer);
}

export const listCustomers: Handler = (call) => {
  const { account, params, rules } = call;
  refuseUnknown(params, [...LIST_PARAMS, 'created', 'email', 'test_clock']);
  const expand = readExpand(params, EXPANDABLE, 'data');
  const email = readRequiredText(params['email'], 'email', 512);
  const clockId = readRequiredText(params['test_clock'], 'test_clock');
  const clock = clockId === undefined ? null : readClock(call, clockId).id;
  const page = listPage({
    kind: 'customer',
    url: '/v1/customers',
    params,
    collection: account.customers,
    deletedCursors: rules.deletedCursors,
    // Customers of test clocks are in the lists of their clocks and in no other list
    // (docs.stripe.com/api/customers/list).
    keep: (customer) => customer.test_clock === clock && (email === undefined || customer.email === email),
  });
  return { body: { ...page, data: page.data.map((customer) => render(call, customer, expand)) } };
};

/** An id that the caller chose, as imports from other systems do. It stays taken after a delete. */
function readNewId({ account, params }: Call): string | undefined {
  const id = readRequiredText(params['id'], 'id', 255);
  if (id !== undefined && account.customers.get(id))
    refuse('Customer already exists.', { code: 'resource_already_exists', param: 'id' });
  return id;
}

/** A write treats a deleted customer like one that never existed. */
function findLiving(call: Call): { value: Customer; seq: number } {
  const row = call.account.customers.get(call.id);
  if (!row?.value) return noSuchObject('customer', call.id);
  return { value: row.value, seq: row.seq };
}

function stageCustomer(call: Call, customer: Customer, seq: number): void {
  const row = { id: customer.id, created: customer.created, seq, at: call.now, value: customer };
  call.ops.push({ op: 'customer', account: call.account.id, ...row });
}

function deletedStub(id: string) {
  return { id, object: 'customer', deleted: true };
}

/** `sources`, `subscriptions` and `tax_ids` are shown only if the call expands them. */
function render(call: Call, customer: Customer, expand: ReadonlySet<string>): object {
  if (expand.size === 0) return customer;
  const url = `/v1/customers/${encodeURIComponent(customer.id)}`;
  const empty = (part: string) => ({ object: 'list', data: [], has_more: false, url: `${url}/${part}` });
  return {
    ...customer,
    ...(expand.has('sources') ? { sources: empty('sources') } : {}),
    ...(expand.has('subscriptions')
      ? { subscriptions: { ...empty('subscriptions'), data: subscriptionsOf(call.account, customer.id) } }
      : {}),
    ...(expand.has('tax_ids') ? { tax_ids: empty('tax_ids') } : {}),
  };
}

/**
 * An invoice prefix belongs to one customer of the account for ever: it stays taken after a delete.
 */
function refuseTakenPrefix(call: Call, before: Customer, after: Customer): void {
  const { invoice_prefix: prefix } = after;
  if (prefix !== before.invoice_prefix && call.account.invoicePrefixes.has(prefix)) {
    refuse(`The invoice prefix ${prefix} is already used by another customer.`, { param: 'invoice_prefix' });
  }
}

function freePrefix(call: Call): string {
  let prefix = newInvoicePrefix();
  while (call.account.invoicePrefixes.has(prefix)) prefix = newInvoicePrefix();
  return prefix;
}

function paramRules({ rules }: Call, known: readonly string[]) {
  return { known, replacesHashes: rules.replacesHashes };
}

function trimmed(call: Call): Params {
  if (!call.rules.trimsText) return call.params;
  const trim = (value: ParamValue | undefined) => (typeof value === 'string' ? value.trim() : value);
  const params = { ...call.params };
  for (const name of ['name', 'email', 'description', 'phone']) {
    const value = trim(params[name]);
    if (value !== undefined) params[name] = value;
  }
  return params;
}

function blankCustomer(id: string, created: number, invoicePrefix: string): Customer {
  return {
    id,
    object: 'customer',
    address: null,
    balance: 0,
    created,
    currency: null,
    customer_account: null,
    default_source: null,
    delinquent: false,
    description: null,
    discount: null,
    email: null,
    invoice_prefix: invoicePrefix,
    invoice_settings: {
      custom_fields: null,
      default_payment_method: null,
      footer: null,
      rendering_options: null,
    },
    livemode: false,
    metadata: {},
    name: null,
    next_invoice_sequence: 1,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  };
}
