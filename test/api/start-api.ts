// The API on a free port, asked over HTTP as a customer's program would.

import { createApi } from '../../api/app.ts';
import type { Readiness } from '../../api/health.ts';
import { listen, type ApiServer } from '../../api/server.ts';
import type { Db } from '../../db/connection.ts';
import { systemClock } from '../../lib/clock.ts';
import { createCustomerStore } from '../../lib/customers.ts';

export type Line = { level: 'debug' | 'error'; message: string; fields: Record<string, unknown> };

export type Answer = {
  status: number;
  headers: Headers;
  text: string;
  /** The answer's JSON; what a test reads of it, it names. */
  json: Json;
};

// Tests look into answers freely; a wrong guess shows as undefined in an assertion.
export type Json = { readonly [key: string]: Json } & readonly Json[] & string & number;

export type StartOptions = { db: Db; apiKeys?: string[]; readiness?: Readiness; deadlineMs?: number };

export async function startApi({ db, apiKeys = [], readiness = {}, deadlineMs = 8_000 }: StartOptions) {
  const lines: Line[] = [];
  let nudges = 0;
  const store = createCustomerStore({ db, clock: systemClock, nudge: () => (nudges += 1) });
  const app = createApi({
    store,
    db,
    config: { apiKeys, deadlineMs },
    log: {
      debug: (message, fields = {}) => lines.push({ level: 'debug', message, fields }),
      error: (message, fields = {}) => lines.push({ level: 'error', message, fields }),
    },
    clock: systemClock,
    readiness,
  });
  const server: ApiServer = await listen(app, { host: '127.0.0.1', port: 0 });

  async function send(
    method: string,
    path: string,
    { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(server.url + path, {
      method,
      headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: raw ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('Content-Type')?.includes('json') ?? false;
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: (isJson && text !== '' ? JSON.parse(text) : {}) as Json,
    };
  }

  return { server, send, lines, nudges: () => nudges };
}

let made = 0;

/** A customer that no other test has. */
export function freshCustomer(): { name: string; email: string } {
  made += 1;
  return { name: `Customer ${made}`, email: `customer-${made}@example.org` };
}
