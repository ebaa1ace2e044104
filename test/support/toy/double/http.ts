// Requests to Toy's double and its answers, as they are over HTTP.
import type { IncomingMessage } from 'node:http';
import { isRefusal, type Outcome, type Refusal } from './people.ts';

export type Reply = { status: number; body: unknown; headers?: Record<string, string> };
export type Request = {
  method: string;
  path: string;
  query: URLSearchParams;
  key: string | null;
  version: string | null;
  text: string;
  /** Whether it changed anything. */
  effect: boolean;
};

export const PAGE = 50;

export async function readRequest(incoming: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://toy');
  const header = (name: string): string | null => {
    const value = incoming.headers[name];
    return typeof value === 'string' ? value : null;
  };
  return {
    method: incoming.method ?? '',
    path: pathname,
    query: searchParams,
    key: header('idempotency-key'),
    version: header('if-match'),
    text: Buffer.concat(chunks).toString(),
    effect: false,
  };
}

export function answer(outcome: Outcome): Reply {
  return isRefusal(outcome) ? refused(outcome) : { status: 200, body: outcome };
}

export function refuse(status: number, code: string, field?: string): Reply {
  return refused({ status, code, ...(field !== undefined && { field }) });
}

function refused({ status, ...error }: Refusal): Reply {
  return { status, body: { error } };
}

/** `after` is the id of the last item of the page before. */
export function pageOf(all: { id: string }[], query: URLSearchParams): Reply {
  const after = query.get('after');
  const begin = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1;
  const items = all.slice(begin, begin + Number(query.get('limit') ?? PAGE));
  const next = begin + items.length < all.length ? (items.at(-1)?.id ?? null) : null;
  return { status: 200, body: { items, next } };
}

export function idIn(path: string): string {
  return decodeURIComponent(path.split('/')[2] ?? '');
}
