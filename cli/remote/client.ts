// Asks an API by HTTP. Whatever goes wrong becomes a sentence that says what to do; the key is in none.
import { randomUUID } from 'node:crypto';
import { CliError, exit } from '../exit.ts';
import { expiredPosition } from '../source.ts';
import type { Json } from './wire.ts';

export type Place = { url: string; key: string | null };

export type Query = Readonly<Record<string, string | number | undefined>>;

export type Page<T> = { body: T; /** The cursor of the next page; null on the last. */ next: string | null };

/** A refusal of the API: its code, and its whole answer. */
export class Refused extends CliError {
  readonly code: string | undefined;
  readonly body: Json;

  constructor(said: CliError, body: Json) {
    super(said.exitCode, said.message);
    this.code = body['code'] as string | undefined;
    this.body = body;
  }
}

export interface ApiClient {
  /** The body and the cursor of the next page. Null if there is nothing with this id. */
  get<T = Json[]>(path: string, query?: Query): Promise<Page<T> | null>;
  /** Sent again once with the same Idempotency-Key if the connection is lost: nothing is done twice. */
  post(path: string, body: object): Promise<Json | null>;
  /** What /ready says, whether it is ready or not. */
  ready(): Promise<Json>;
  /** The body as it comes; the caller ends it. */
  stream(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<ReadableStream>;
}

/** `silentMs`: a stream says every 15 seconds that it is alive. */
const TIMES = { answerMs: 30_000, silentMs: 45_000 };

type Sent = { method?: string; headers?: Record<string, string>; body?: string; signal: AbortSignal };

export function createApiClient({ url, key }: Place, { answerMs, silentMs } = TIMES): ApiClient {
  const base = `${url.replace(/\/+$/, '').replace(/\/api\/v1$/, '')}/api/v1`;

  async function send(path: string, init: Sent): Promise<Response> {
    const headers = { ...(key !== null && { Authorization: `Bearer ${key}` }), ...init.headers };
    try {
      return await fetch(base + path, { redirect: 'error', ...init, headers });
    } catch (error) {
      if (init.signal.aborted && !(error instanceof Error && error.name === 'TimeoutError')) throw error;
      throw new CliError(exit.unavailable, unreachable(base, error, answerMs), { cause: error });
    }
  }

  async function jsonOf(answer: Response): Promise<object> {
    // An answer may break off in its body.
    const text = await answer.text().catch((cause: unknown) => {
      throw new CliError(exit.unavailable, unreachable(base, cause, answerMs), { cause });
    });
    const body = parsed(text);
    if (body !== null) return body;
    throw noTwinbox(base, answer.status);
  }

  async function demand(answer: Response): Promise<object | null> {
    const body = await jsonOf(answer);
    if (answer.ok) return body;
    const { code }: Problem = body;
    if (answer.status === 404 && code !== undefined && code !== 'not_found') return null;
    throw new Refused(refusal(base, answer.status, { body, hasKey: key !== null }), { ...body });
  }

  return {
    async get<T>(path: string, query: Query = {}) {
      const answer = await send(path + queryText(query), { signal: AbortSignal.timeout(answerMs) });
      const body = (await demand(answer)) as T | null;
      return body === null ? null : { body, next: nextOf(answer) };
    },
    async post(path, body) {
      const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() };
      const attempt = (): Promise<Response> => {
        const signal = AbortSignal.timeout(answerMs);
        return send(path, { method: 'POST', headers, body: JSON.stringify(body), signal });
      };
      const answer = await onceMoreIfLost(attempt);
      return (await demand(answer)) as Json | null;
    },
    async ready() {
      const answer = await send('/ready', { signal: AbortSignal.timeout(answerMs) });
      // A process that is starting, and a proxy, answer 503 too, without a report.
      const body = answer.ok || answer.status === 503 ? await jsonOf(answer.clone()) : {};
      if ('warnings' in body) return body;
      await demand(answer);
      throw new CliError(exit.unavailable, `${base} has no /ready.`);
    },
    async stream(path, headers, signal) {
      const late = new AbortController();
      const watch = watchSilence(late);
      watch.within(answerMs);
      const either = AbortSignal.any([signal, late.signal]);
      const answer = await send(path, { headers, signal: either }).finally(watch.end);
      if (answer.ok && answer.body) return answer.body.pipeThrough(watch.stream(silentMs));
      await demand(answer);
      throw new CliError(exit.unavailable, `${base} has no stream of changes.`);
    },
  };
}

function noTwinbox(base: string, status: number): CliError {
  return new CliError(
    exit.unavailable,
    `${base} answers, but it is no Twinbox API (${status}, no JSON). Let TWINBOX_API_URL name the API, such as http://127.0.0.1:8000.`,
  );
}

type Problem = {
  code?: string;
  detail?: string;
  title?: string;
  errors?: { pointer: string; detail: string }[];
};

/** Whether the connection broke off: what was sent may have come in. */
function isLost({ cause }: CliError): boolean {
  const inner = cause instanceof Error ? cause.cause : undefined;
  return (
    inner instanceof Error && 'code' in inner && ['ECONNRESET', 'UND_ERR_SOCKET'].includes(String(inner.code))
  );
}

/** Aborts if nothing comes for so long: a connection whose other end has gone may stay open for ever. */
function watchSilence(late: AbortController) {
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => clearTimeout(timer);
  const within = (ms: number): void => {
    end();
    timer = setTimeout(() => late.abort(new DOMException('nothing came', 'TimeoutError')), ms).unref();
  };
  const stream = (ms: number): TransformStream<Uint8Array, Uint8Array> =>
    new TransformStream({
      start: () => within(ms),
      transform(part, controller) {
        within(ms);
        controller.enqueue(part);
      },
      flush: end,
    });
  return { within, end, stream };
}

function sayAll({ detail, title, errors = [] }: Problem): string {
  const each = errors.map(({ pointer, detail: says }) => `${pointer.slice(1)} ${says}`);
  return [detail ?? title ?? 'without a reason', ...each].join('; ');
}

function onceMoreIfLost<T>(attempt: () => Promise<T>): Promise<T> {
  return attempt().catch((error: unknown) => {
    if (error instanceof CliError && isLost(error)) return attempt();
    throw error;
  });
}

/** Null for what is no object and no list. */
function parsed(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

function queryText(query: Query): string {
  const parts = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(String(value))}`],
  );
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

/** The cursor in the link to the next page. */
function nextOf(answer: Response): string | null {
  const link = /<[^>?]*\?([^>]*)>; rel="next"/.exec(answer.headers.get('Link') ?? '')?.[1];
  const after = link?.split('&').find((part) => part.startsWith('after='));
  return after === undefined ? null : decodeURIComponent(after.slice('after='.length));
}

function unreachable(base: string, error: unknown, answerMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError')
    return `The API at ${base} did not answer within ${answerMs / 1_000} s.`;
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return `The API at ${base} cannot be reached${code}. Start it, or fix TWINBOX_API_URL.`;
}

/** By the code of the API's refusal (docs/api.md). */
function refusal(
  base: string,
  status: number,
  { body, hasKey }: { body: Problem; hasKey: boolean },
): CliError {
  const { code } = body;
  const says = sayAll(body);
  if (code === 'position_expired') return expiredPosition();
  if (code === 'unauthorized') return new CliError(exit.settings, sayUnauthorized(base, says, hasKey));
  if (code === 'forbidden')
    return new CliError(
      exit.settings,
      `The key in TWINBOX_API_KEY may not do this: ${says} Use a key with that scope.`,
    );
  if (code === undefined || code === 'not_found')
    return new CliError(
      exit.unavailable,
      `${base} has no such route (${status}): it is another program, or an older Twinbox. Fix TWINBOX_API_URL.`,
    );
  const isUsage = status >= 400 && status < 500 && status !== 429;
  return new CliError(isUsage ? exit.usage : exit.unavailable, `The API at ${base} refuses: ${says}`);
}

/** The API speaks of its header; a person of this command knows the setting. */
function sayUnauthorized(base: string, says: string, hasKey: boolean): string {
  const which = 'Set TWINBOX_API_KEY to a key of that API (npx twinbox keys create, on its machine).';
  if (!hasKey) return `The API at ${base} needs a key. ${which}`;
  const why = says.replace('The key in the header Authorization', 'It');
  return `The API at ${base} does not accept the key in TWINBOX_API_KEY: ${why} ${which}`;
}
