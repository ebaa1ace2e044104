/**
 * Edits as a person makes them in Stripe's dashboard: the same rules as by the API, but the event's
 * `request` names neither a request nor an idempotency key. The ledger has them with the source
 * `dashboard`.
 */
import type { Handler, Rules } from '../http/call.ts';
import type { Clock } from '../clock.ts';
import { createCustomer, deleteCustomer, updateCustomer } from '../objects/customers.ts';
import { newParams, type Params } from '../http/form.ts';
import type { Keys } from '../http/keys.ts';
import type { Customer, TestClock } from '../objects/objects.ts';
import type { Op, Store } from '../store/store.ts';
import { createTestClock } from '../objects/test-clocks.ts';

/** Parameters in the SDK's form; null unsets. */
export type EditValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | EditValue[]
  | { [name: string]: EditValue };
export type Edit = { [name: string]: EditValue };

export type DashboardDeps = {
  store: Store;
  clock: Clock;
  keys: Keys;
  rules: () => Rules;
  committed(ops: readonly Op[]): void;
};

export type Dashboard = ReturnType<typeof createDashboard>;

export function createDashboard(deps: DashboardDeps) {
  const { store, clock } = deps;

  function edit(
    method: string,
    path: string,
    handler: Handler,
    id: string,
    params: Edit,
    accountId?: string,
  ): object {
    const account = store.account(accountId ?? deps.keys.defaultAccount());
    const ops: Op[] = [];
    const call = { account, params: toParams(params), id, now: clock.now(), rules: deps.rules(), ops };
    const reply = handler({ ...call, request: { id: null, idempotency_key: null } });
    const value = {
      seq: store.state.ledger.nextSeq(),
      at: call.now,
      source: 'dashboard' as const,
      account: account.id,
      method,
      path,
      request_id: null,
      idempotency_key: null,
      customer: reply.customer ?? null,
      status: reply.status ?? 200,
      error_code: null,
      answered: true,
      replayed: false,
      original_request: null,
      effect: ops.length > 0,
      event_ids: ops.flatMap((op) => (op.op === 'event' ? [op.id] : [])),
      faults: [],
    };
    ops.push({ op: 'ledger', value });
    store.commit(ops);
    deps.committed(ops);
    return reply.body;
  }

  // The casts: these handlers answer with the whole object when nothing is expanded.
  return {
    createCustomer: (params: Edit, account?: string) =>
      edit('POST', '/v1/customers', createCustomer, '', params, account) as Customer,
    updateCustomer: (id: string, params: Edit, account?: string) =>
      edit('POST', `/v1/customers/${id}`, updateCustomer, id, params, account) as Customer,
    createTestClock: (params: Edit, account?: string) =>
      edit('POST', '/v1/test_helpers/test_clocks', createTestClock, '', params, account) as TestClock,
    deleteCustomer: (id: string, account?: string) =>
      void edit('DELETE', `/v1/customers/${id}`, deleteCustomer, id, {}, account),
  };
}

function toParams(edit: Edit): Params {
  const params = newParams();
  for (const [name, value] of Object.entries(edit)) {
    if (value === undefined) continue;
    if (Array.isArray(value)) params[name] = toParams(Object.fromEntries(value.entries()));
    else if (typeof value === 'object' && value !== null) params[name] = toParams(value);
    else params[name] = value === null ? '' : String(value);
  }
  return params;
}
