/**
 * One call from its arrival to its answer, in the order in which Stripe does it: key, rate limits,
 * idempotency, the endpoint itself. Guarantee: an effect, its events, its idempotency key and its
 * ledger entry are committed together, before a byte of the answer is sent. Between the look-up of
 * a key and the commit there is no `await` except for scripted faults, so no two calls run at the
 * same time.
 */
import type { Call, Handler, Rules } from './call.ts';
import type { Clock } from '../clock.ts';
import { asError, isRefusal, lockTimeout, rateLimited, refuse, serverError, unknownUrl } from './errors.ts';
import { dropOldEvents } from '../objects/events.ts';
import type { FaultRule, Faults, FaultSubject, Stage } from '../control/faults.ts';
import { decodeForm, type Params } from './form.ts';
import { dropOldKeys, hashParams, type Idempotency, type KeyedRequest } from './idempotency.ts';
import { newId } from '../objects/ids.ts';
import type { Keys } from './keys.ts';
import type { LedgerEntry } from '../control/ledger-book.ts';
import { answered, refused, replayed, scriptedError, shouldRetry, type Outcome } from './outcome.ts';
import type { RateLimiter } from './rate-limits.ts';
import { findRoute } from './routes.ts';
import type { Op, Store } from '../store/store.ts';
import { isApiVersion } from '../webhooks/endpoints.ts';

export type Incoming = {
  method: string;
  path: string;
  query: string;
  body: string;
  header(name: string): string | undefined;
  /** Whether the client has closed its connection. */
  isGone(): boolean;
  /** Cuts the client's connection. */
  hangUp(): void;
};

/** The answer to send; `null` cuts the connection without an answer. */
export type Answer = { status: number; headers: Record<string, string>; body: string } | null;

export type PipelineDeps = {
  store: Store;
  clock: Clock;
  keys: Keys;
  faults: Faults;
  limiter: RateLimiter;
  idempotency: Idempotency;
  rules: () => Rules;
  /** Called with each commit, for webhooks and for callers that wait on the ledger. */
  committed(ops: readonly Op[]): void;
  reportBug(error: unknown): void;
};

type Trace = {
  incoming: Incoming;
  subject: FaultSubject;
  requestId: string;
  version: string;
  account: string | null;
  faults: string[];
};

/** A committed outcome, and the faults that apply before the client gets it. */
type Sending = { outcome: Outcome; faults: FaultRule[] };

const ABANDONED = new Error('The simulator was closed while a call was held.');

export type Pipeline = ReturnType<typeof createPipeline>;

export function createPipeline(deps: PipelineDeps) {
  const { store, clock, faults } = deps;

  async function serve(incoming: Incoming): Promise<Answer> {
    const trace = openTrace(incoming, deps.rules().apiVersion);
    try {
      const arrival = take(trace, 'network');
      if (arrival.some((fault) => fault.kind === 'reset') || faults.outage()?.kind === 'reset') {
        record(trace, null, null, false);
        return null;
      }
      await wait(trace, arrival);
      return await send(trace, await execute(trace));
    } catch (error) {
      if (error === ABANDONED) return null;
      return await send(trace, commit(trace, fromError(trace, error), null));
    }
  }

  /** Everything from the API key to the commit. A refusal before the handler is a thrown error. */
  async function execute(trace: Trace): Promise<Sending> {
    const { incoming, subject } = trace;
    if (faults.outage()) throw asError(serverError(503, 'The API is not available at the moment.'));
    trace.account = deps.keys.authorise(incoming.header('authorization'), incoming.header('stripe-account'));
    const found = findRoute(subject.method, subject.path);
    limit(trace, trace.account, found?.route.pattern ?? 'no such route');
    if (!isApiVersion(trace.version)) refuse(`Invalid Stripe API version: ${trace.version}.`);
    if (!found) return unknownUrl(subject.method, subject.path);
    const params = decodeForm([subject.query, readBody(incoming)].filter(Boolean).join('&'));
    const keyed = keyedRequest(trace, trace.account, params);
    if (!keyed) return await perform(trace, found, params, null);

    const stored = deps.idempotency.begin(keyed);
    if (stored) return commit(trace, replayed(stored), null);
    try {
      return await perform(trace, found, params, keyed);
    } finally {
      deps.idempotency.end(keyed);
    }
  }

  async function perform(
    trace: Trace,
    found: { route: { handler: Handler; pattern: string }; id: string },
    params: Params,
    keyed: KeyedRequest | null,
  ): Promise<Sending> {
    const planned = take(trace, 'before');
    await wait(trace, planned);
    const failing = planned.find((fault) => fault.kind === 'error_before_effect');
    if (failing) return commit(trace, scriptedError(failing, trace.requestId), keyed);
    const outcome = run(trace, found, params, keyed);
    const [late] = take(trace, 'effect');
    if (!late) return commit(trace, outcome, keyed);
    const { ops, customer } = outcome;
    return commit(trace, { ...scriptedError(late, trace.requestId), ops, customer }, keyed);
  }

  function run(
    trace: Trace,
    found: { route: { handler: Handler; pattern: string }; id: string },
    params: Params,
    keyed: KeyedRequest | null,
  ): Outcome {
    const call: Call = {
      account: store.account(trace.account ?? ''),
      params,
      id: found.id,
      now: clock.now(),
      request: { id: trace.requestId, idempotency_key: keyed?.key ?? null },
      rules: deps.rules(),
      ops: [],
    };
    try {
      const reply = found.route.handler(call);
      return answered(reply.status ?? 200, reply.body, call.ops, reply.customer ?? null);
    } catch (error) {
      return {
        ...fromError(trace, error),
        customer: found.route.pattern === '/v1/customers/:id' ? found.id : null,
      };
    }
  }

  /** Limits are checked before the idempotency key: an answer that they refuse is not kept. */
  function limit(trace: Trace, account: string, endpoint: string): void {
    const [scripted] = take(trace, 'limits');
    if (scripted) {
      const refusal =
        scripted.reason === 'lock_timeout' ? lockTimeout() : rateLimited(scripted.reason ?? 'global-rate');
      throw asError({ ...refusal, headers: { ...refusal.headers, ...shouldRetry(scripted, null) } });
    }
    const reason = deps.limiter.take(account, `${trace.subject.method} ${endpoint}`);
    if (reason !== null) throw asError(rateLimited(reason));
  }

  function keyedRequest(trace: Trace, account: string, params: Params): KeyedRequest | null {
    const { method, path, key } = trace.subject;
    if (method !== 'POST' || key === null) return null;
    return { account: store.account(account), key, method, path, params, now: clock.now() };
  }

  function take(trace: Trace, stage: Stage): FaultRule[] {
    const taken = faults.take(stage, trace.subject);
    trace.faults.push(...taken.map((fault) => fault.kind));
    return taken;
  }

  async function wait(trace: Trace, planned: readonly FaultRule[]): Promise<void> {
    for (const fault of planned) {
      if (fault.kind === 'latency') await new Promise((resolve) => setTimeout(resolve, fault.ms ?? 0));
      if (fault.kind !== 'hang') continue;
      if (!(await faults.hold(trace.subject, fault, trace.incoming.hangUp))) throw ABANDONED;
    }
  }

  function commit(trace: Trace, outcome: Outcome, keyed: KeyedRequest | null): Sending {
    const late = take(trace, 'after');
    const dropped = late.some((fault) => fault.kind === 'drop_answer');
    record(trace, outcome, keyed, !dropped && !trace.incoming.isGone());
    return { outcome, faults: late };
  }

  async function send(trace: Trace, sending: Sending): Promise<Answer> {
    await wait(trace, sending.faults);
    if (sending.faults.some((fault) => fault.kind === 'drop_answer')) return null;
    const { method, key } = trace.subject;
    return {
      status: sending.outcome.status,
      headers: {
        ...sending.outcome.headers,
        'content-type': 'application/json',
        'request-id': trace.requestId,
        'stripe-version': trace.version,
        ...(method === 'POST' && key !== null ? { 'idempotency-key': key } : {}),
      },
      body: sending.outcome.body,
    };
  }

  /** The one write: the changes of the call, its key, its entry in the ledger. */
  function record(
    trace: Trace,
    outcome: Outcome | null,
    keyed: KeyedRequest | null,
    wasAnswered: boolean,
  ): void {
    const now = clock.now();
    const ops = outcome ? [...outcome.ops] : [];
    if (outcome?.kept && keyed) {
      const { account, key, method, path, params } = keyed;
      const { status, body } = outcome;
      const retry = outcome.headers['stripe-should-retry'] ?? null;
      const value = {
        key,
        method,
        path,
        params: hashParams(params),
        status,
        body,
        shouldRetry: retry,
        requestId: trace.requestId,
        at: now,
      };
      ops.push({ op: 'key', account: account.id, value });
      dropOldKeys(account, now);
      dropOldEvents(account, now);
    }
    ops.push({ op: 'ledger', value: ledgerEntry(trace, outcome, now, wasAnswered) });
    store.commit(ops);
    deps.committed(ops);
  }

  function ledgerEntry(trace: Trace, outcome: Outcome | null, at: number, wasAnswered: boolean): LedgerEntry {
    return {
      seq: store.state.ledger.nextSeq(),
      at,
      source: 'api',
      account: trace.account,
      method: trace.subject.method,
      path: trace.subject.path,
      request_id: trace.requestId,
      idempotency_key: trace.subject.key,
      customer: outcome?.customer ?? null,
      status: outcome?.status ?? null,
      error_code: outcome?.errorCode ?? null,
      answered: wasAnswered,
      replayed: outcome !== null && outcome.originalRequest !== null,
      original_request: outcome?.originalRequest ?? null,
      effect: outcome !== null && outcome.ops.length > 0,
      event_ids: (outcome?.ops ?? []).flatMap((op) => (op.op === 'event' ? [op.id] : [])),
      faults: trace.faults,
    };
  }

  function fromError(trace: Trace, error: unknown): Outcome {
    if (isRefusal(error)) return refused(error.refusal, trace.requestId);
    deps.reportBug(error);
    const broken = serverError(500, 'The simulator itself failed; its log says why.');
    return refused({ ...broken, stored: false }, trace.requestId);
  }

  return { serve };
}

function openTrace(incoming: Incoming, defaultVersion: string): Trace {
  const { method, path, query, body } = incoming;
  const key = incoming.header('idempotency-key');
  return {
    incoming,
    subject: { method, path, query, body, key: key === undefined || key === '' ? null : key },
    requestId: newId('req'),
    version: incoming.header('stripe-version') ?? defaultVersion,
    account: null,
    faults: [],
  };
}

function readBody(incoming: Incoming): string {
  const type = incoming.header('content-type')?.toLowerCase() ?? FORM;
  if (incoming.body !== '' && !type.startsWith(FORM)) {
    refuse(`Invalid request (check that your POST content type is ${FORM}).`);
  }
  return incoming.body;
}

const FORM = 'application/x-www-form-urlencoded';
