// One call of the API is one request: the credential, the time limit, and an answer that is believed
// only if it has the form that Toy's own software gives it.
import type { Authorize } from '../../../../lib/integrations/auth.ts';
import type { Answered, Budget } from '../../../../lib/integrations/integration.ts';
import { budgetsIn } from './budgets.ts';
import { capabilities } from './capabilities.ts';

export interface ToyClientSettings {
  /** Without a slash at its end. */
  url: string;
  /** A token that never changes; or else what sends each request with the present one. */
  token?: string | undefined;
  authorize?: Authorize | undefined;
}

export type Hash = Record<string, unknown>;
/** `replayed`: the answer was kept under the idempotency key, and shows a past state. */
export type Answer = { answered: Answered; body: Hash; replayed: boolean };

export interface Sent {
  body?: unknown;
  headers?: Record<string, string>;
}

export type ToyClient = (method: string, path: string, sent?: Sent) => Promise<Answer>;

/** What is known of a call that failed; classify.ts says what it means. */
export class ToyError extends Error {
  /** A code of ours for a call without an answer that counts, otherwise Toy's. */
  readonly code: string;
  /** Null if there was no answer. */
  readonly status: number | null;
  /** Whether the answer has the form of Toy's own errors. */
  readonly isTheirs: boolean;
  readonly field: string | null;
  readonly requestId: string | null;
  readonly retryAfterMs: number | null;
  readonly replayed: boolean;
  /** The people whom a refusal names. */
  readonly existing: readonly string[];
  /** The person that this one was merged into. */
  readonly into: string | null;
  readonly budgets: readonly Budget[];

  constructor(code: string, known: Partial<Omit<ToyError, keyof Error>> = {}) {
    super(code);
    this.code = code;
    this.status = known.status ?? null;
    this.isTheirs = known.isTheirs ?? false;
    this.field = known.field ?? null;
    this.requestId = known.requestId ?? null;
    this.retryAfterMs = known.retryAfterMs ?? null;
    this.replayed = known.replayed ?? false;
    this.existing = known.existing ?? [];
    this.into = known.into ?? null;
    this.budgets = known.budgets ?? [];
  }
}

/** An answer of success that does not say what it has to say: nothing of it is used. */
export function unexpectedAnswer(): ToyError {
  return new ToyError('unexpected_answer');
}

export function isHash(value: unknown): value is Hash {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function createToyClient({ url, token: fixed = '', authorize }: ToyClientSettings): ToyClient {
  const sendAs = authorize ?? withToken(fixed);
  return (method, path, { body, headers = {} } = {}) =>
    sendAs(({ access_token: token = '' }, signal) =>
      request(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...headers },
        body,
        signal,
      }),
    );
}

function withToken(token: string): Authorize {
  return (send) => send({ access_token: token }, AbortSignal.timeout(capabilities.callTimeoutMs));
}

type Request = Sent & { method: string; signal: AbortSignal };

/** One request. Throws a `ToyError` unless Toy's own software says that it succeeded. */
export async function request(address: string, { body, headers, ...rest }: Request): Promise<Answer> {
  const { response, text } = await send(address, {
    ...rest,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    // The credential goes to no other host.
    redirect: 'manual',
  });
  const said = readJson(response, text);
  if (response.status !== 200 || said === null) throw errorOf(response, said);
  return { answered: answeredOf(response), body: said, replayed: isReplayed(response) };
}

async function send(url: string, init: RequestInit): Promise<{ response: Response; text: string }> {
  try {
    const response = await fetch(url, init);
    return { response, text: await response.text() };
  } catch (error) {
    throw new ToyError(networkCode(error));
  }
}

/** These say that no connection came about, so the vendor has received nothing. */
const UNREACHED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

function networkCode(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as { code?: unknown } | undefined) : undefined;
  return UNREACHED.has(String(cause?.code)) ? 'connection_refused' : 'connection_lost';
}

/** Null for whatever is not a JSON object, such as the page of a proxy. */
function readJson(response: Response, text: string): Hash | null {
  if (response.headers.get('content-type')?.startsWith('application/json') !== true) return null;
  try {
    const said: unknown = JSON.parse(text);
    return isHash(said) ? said : null;
  } catch {
    return null;
  }
}

function errorOf(response: Response, said: Hash | null): ToyError {
  const error = said?.['error'];
  const seconds = Number(response.headers.get('retry-after') ?? NaN);
  const known = {
    status: response.status,
    requestId: response.headers.get('x-request-id'),
    retryAfterMs: seconds >= 0 ? seconds * 1_000 : null,
    replayed: isReplayed(response),
    budgets: budgetsIn(response.headers),
  };
  const code = isHash(error) ? shortName(error['code']) : null;
  if (!isHash(error) || code === null) return new ToyError('unexpected_answer', known);
  return new ToyError(code, {
    ...{ ...known, isTheirs: true, field: shortName(error['field']) },
    ...{ existing: namesIn(error['existing']), into: shortName(error['into']) },
  });
}

/** Codes and names of fields; whatever is longer could quote a customer's value. */
function shortName(value: unknown): string | null {
  return typeof value === 'string' && /^[\w.]{1,40}$/.test(value) ? value : null;
}

function namesIn(value: unknown): string[] {
  return Array.isArray(value) ? value.flatMap((name) => shortName(name) ?? []) : [];
}

function isReplayed({ headers }: Response): boolean {
  return headers.get('idempotent-replayed') === 'true';
}

function answeredOf(response: Response): Answered {
  const at = new Date(response.headers.get('x-time') ?? NaN);
  const budgets = budgetsIn(response.headers);
  return {
    requestId: response.headers.get('x-request-id'),
    status: response.status,
    answeredAt: Number.isNaN(at.getTime()) ? null : at,
    ...(budgets.length > 0 && { budgets }),
  };
}
