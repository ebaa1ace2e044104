// The API as a typed client: the types come from the API document (api-types.ts), the answers over HTTP.

import type { paths } from './api-types.ts';

type Json<T> = T extends { content: { 'application/json': infer Body } } ? Body : never;
type Answers<O> = O extends { responses: infer R } ? Json<R[keyof R]> : never;

export type GetPath = { [P in keyof paths]: paths[P] extends { get: unknown } ? P : never }[keyof paths];
export type PostPath = { [P in keyof paths]: paths[P] extends { post: unknown } ? P : never }[keyof paths];

/** What GET answers at a path. */
export type Got<P extends GetPath> = paths[P] extends { get: infer O } ? Answers<O> : never;
/** What POST answers at a path. */
export type Posted<P extends PostPath> = paths[P] extends { post: infer O } ? Answers<O> : never;

export type ApiRow<P extends GetPath> = Got<P> extends readonly (infer Row)[] ? Row : never;

export type Ask = {
  /** By the names in braces. */
  path?: Record<string, string | number>;
  /** Empty and undefined ones are left out. */
  query?: Record<string, string | number | undefined>;
};

export type Page<P extends GetPath> = {
  rows: ApiRow<P>[];
  /** The `after` of the next page; null on the last one. */
  next: string | null;
};

export interface Api {
  get<P extends GetPath>(path: P, ask?: Ask): Promise<Got<P>>;
  /** A page of a list. */
  list<P extends GetPath>(path: P, ask?: Ask): Promise<Page<P>>;
  /** `once`: the idempotency key, so that a form that is sent twice acts once. */
  post<P extends PostPath>(path: P, ask: Ask & { body: object; once: string }): Promise<Posted<P>>;
}

/** A refusal, or an API that does not answer (`api_away`, 502). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly requestId: string | null;
  /** All members of the problem document. */
  readonly members: Record<string, unknown>;

  constructor(status: number, members: Record<string, unknown>, cause?: unknown) {
    super(textIn(members, 'detail') ?? `The API answered ${status}.`, { cause });
    this.status = status;
    this.code = textIn(members, 'code') ?? 'unknown';
    this.title = textIn(members, 'title') ?? 'The API refused this';
    this.requestId = textIn(members, 'request_id') ?? null;
    this.members = members;
  }
}

export type ApiOptions = {
  /** Such as http://127.0.0.1:8000. */
  origin: string;
  /** The person's own key; null where the API needs none. */
  key: string | null;
  requestId: string;
  fetch: typeof fetch;
  /** How long an answer may take. */
  limitMs: number;
};

export function createApi({ origin, key, requestId, fetch: ask, limitMs }: ApiOptions): Api {
  async function call(method: string, path: string, body?: object, once?: string): Promise<Response> {
    const response = await reach(() =>
      ask(origin + path, {
        method,
        headers: {
          'X-Request-Id': requestId,
          ...(key !== null && { Authorization: `Bearer ${key}` }),
          ...(body && { 'Content-Type': 'application/json' }),
          ...(once !== undefined && { 'Idempotency-Key': once }),
        },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(limitMs),
      }),
    );
    if (response.ok) return response;
    throw new ApiError(response.status, await problemOf(response));
  }
  const bodyOf = (response: Response): Promise<unknown> => reach(() => response.json());

  return {
    async get<P extends GetPath>(path: P, given: Ask = {}) {
      return (await bodyOf(await call('GET', addressOf(path, given)))) as Got<P>;
    },
    async list<P extends GetPath>(path: P, given: Ask = {}) {
      const response = await call('GET', addressOf(path, given));
      const rows = (await bodyOf(response)) as ApiRow<P>[];
      return { rows, next: nextOf(response.headers.get('Link')) };
    },
    async post<P extends PostPath>(path: P, { body, once, ...given }: Ask & { body: object; once: string }) {
      return (await bodyOf(await call('POST', addressOf(path, given), body, once))) as Posted<P>;
    },
  };
}

/** `/api/v1/customers/{id}` with its values and its query. */
export function addressOf(path: string, { path: values = {}, query = {} }: Ask = {}): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(values[name] ?? '')),
  );
  const parts = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === ''
      ? []
      : [`${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`],
  );
  return parts.length === 0 ? filled : `${filled}?${parts.join('&')}`;
}

function nextOf(link: string | null): string | null {
  const [, address] = /<([^>]*)>; *rel="next"/.exec(link ?? '') ?? [];
  return address === undefined ? null : new URL(address, 'http://api').searchParams.get('after');
}

async function reach<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const isLate = cause instanceof Error && cause.name === 'TimeoutError';
    throw new ApiError(
      502,
      {
        code: 'api_away',
        title: 'The API does not answer',
        detail: isLate ? 'It took too long to answer.' : 'No connection to it could be made.',
      },
      cause,
    );
  }
}

async function problemOf(response: Response): Promise<Record<string, unknown>> {
  const text = await reach(() => response.text());
  if (!/[/+]json/.test(response.headers.get('Content-Type') ?? '')) return {};
  const said: unknown = JSON.parse(text);
  return typeof said === 'object' && said !== null ? { ...said } : {};
}

function textIn(members: Record<string, unknown>, name: string): string | undefined {
  const value = members[name];
  return typeof value === 'string' ? value : undefined;
}
