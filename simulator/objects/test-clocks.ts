/**
 * docs.stripe.com/api/test_clocks, as far as is needed to have customers of a clock: create,
 * retrieve, list, delete. A clock of the simulator does not advance: no model of a customer depends
 * on its time.
 */
import { seconds, takeSeq, type Call, type Handler } from '../http/call.ts';
import { deleteCustomerOf } from './customers.ts';
import { noSuchObject } from '../http/errors.ts';
import { newId } from './ids.ts';
import { LIST_PARAMS, listPage } from '../http/lists.ts';
import type { TestClock } from './objects.ts';
import { readInteger, readText, refuseMissing, refuseUnknown } from '../http/params.ts';

/**
 * docs.stripe.com/billing/testing/test-clocks: a clock is deleted by itself after 30 days, which is
 * not simulated.
 */
const KEPT_S = 30 * 24 * 3600;

export const createTestClock: Handler = (call) => {
  refuseUnknown(call.params, ['expand', 'frozen_time', 'name']);
  const now = seconds(call.now);
  const clock: TestClock = {
    id: newId('clock', 24),
    object: 'test_helpers.test_clock',
    created: now,
    deletes_after: now + KEPT_S,
    frozen_time: readInteger(call.params['frozen_time'], 'frozen_time') ?? refuseMissing('frozen_time'),
    livemode: false,
    name: readText(call.params['name'], 'name', 300) ?? null,
    status: 'ready',
    status_details: {},
  };
  const row = { id: clock.id, created: clock.created, seq: takeSeq(call), at: call.now, value: clock };
  call.ops.push({ op: 'test_clock', account: call.account.id, ...row });
  return { body: clock };
};

export const retrieveTestClock: Handler = (call) => {
  refuseUnknown(call.params, ['expand']);
  return { body: findClock(call).value };
};

export const listTestClocks: Handler = ({ account, params }) => {
  refuseUnknown(params, LIST_PARAMS);
  const url = '/v1/test_helpers/test_clocks';
  return { body: listPage({ kind: 'test clock', url, params, collection: account.testClocks }) };
};

/**
 * Deletes the clock's customers too. One deletion event for each of them is a guess: Stripe does
 * not say.
 */
export const deleteTestClock: Handler = (call) => {
  refuseUnknown(call.params, []);
  const { value: clock, seq } = findClock(call);
  for (const { value: customer, seq: place } of call.account.customers.living)
    if (customer?.test_clock === clock.id) deleteCustomerOf(call, customer, place);
  const row = { id: clock.id, created: clock.created, seq, at: call.now, value: null };
  call.ops.push({ op: 'test_clock', account: call.account.id, ...row });
  return { body: { id: clock.id, object: clock.object, deleted: true } };
};

function findClock({ account, id }: Call): { value: TestClock; seq: number } {
  const row = account.testClocks.get(id);
  if (!row?.value) return noSuchObject('test clock', id);
  return { value: row.value, seq: row.seq };
}
