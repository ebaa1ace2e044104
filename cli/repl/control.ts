// The simulator's control routes (docs/simulator.md) for a session: edits as in Stripe's dashboard,
// faults, and the list of requests.

type Json = Record<string, unknown>;

export type Control = {
  url: string;
  /** Any control route, by its path below `/_sim`: `get('/webhooks')`. */
  get(path: string): Promise<unknown>;
  post(path: string, body?: Json): Promise<unknown>;
  put(path: string, body: Json): Promise<unknown>;
  delete(path: string): Promise<unknown>;
  /** Living customers at Stripe, oldest first. */
  customers(): Promise<unknown>;
  /** Creates a customer, like a person in the dashboard; so do `edit` and `remove`. */
  create(values: Json): Promise<unknown>;
  edit(externalId: string, values: Json): Promise<unknown>;
  remove(externalId: string): Promise<unknown>;
  /**
   * Makes the calls that match the rule fail from now on, such as `{ kind: 'reset', times: 2 }`.
   */
  fault(rule: Json): Promise<unknown>;
  clearFaults(): Promise<unknown>;
  /** Waits until every webhook was answered. */
  idle(): Promise<unknown>;
  /** The requests to the simulator, oldest first; filters such as `{ method: 'POST' }`. */
  ledger(filter?: Record<string, string>): Promise<unknown>;
};

export function createControl(url: string): Control {
  async function call(method: string, path: string, body?: Json): Promise<unknown> {
    const answer = await fetch(`${url}/_sim${path}`, {
      method,
      ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(15_000),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the simulator answered ${answer.status} to ${method} ${path}: ${text}`);
    return text === '' ? null : JSON.parse(text);
  }
  const at = (externalId: string): string => `/dashboard/customers/${encodeURIComponent(externalId)}`;
  return {
    url,
    get: (path) => call('GET', path),
    post: (path, body = {}) => call('POST', path, body),
    put: (path, body) => call('PUT', path, body),
    delete: (path) => call('DELETE', path),
    customers: () => call('GET', '/customers'),
    create: (values) => call('POST', '/dashboard/customers', values),
    edit: (externalId, values) => call('POST', at(externalId), values),
    remove: (externalId) => call('DELETE', at(externalId)),
    fault: (rule) => call('POST', '/faults', rule),
    clearFaults: () => call('DELETE', '/faults'),
    idle: () => call('GET', '/webhooks/idle'),
    ledger: (filter = {}) => call('GET', `/ledger?${new URLSearchParams(filter).toString()}`),
  };
}
