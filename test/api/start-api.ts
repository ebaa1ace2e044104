// The API on a free port, asked over HTTP as a customer's program would.

import { expect } from 'chai';
import { routesOf } from '../../api/routing.ts';
import { createApi, type ApiDeps } from '../../api/app.ts';
import type { ConsoleOptions } from '../../api/console.ts';
import type { Readiness } from '../../lib/health/readiness-report.ts';
import type { ProblemDetail } from '../../api/problems.ts';
import { readHashSecrets } from '../../lib/keys/hash-secrets.ts';
import { createApiKeys } from '../../lib/keys/api-keys.ts';
import type { ImportTimes } from '../../api/import-stop.ts';
import { listen, type ApiServer } from '../../api/server.ts';
import type { Db } from '../../db/server/connection.ts';
import { systemClock, type Clock } from '../../lib/clock.ts';
import { createPreviewedConflicts } from '../../lib/operations/conflict-preview.ts';
import { createCustomerStore } from '../../lib/customers/customers.ts';
import { parseDocument } from '../../lib/catalogue/document.ts';
import document from '../../lib/integrations/stripe/customer.json' with { type: 'json' };
import { createKeyOperations } from '../../lib/operations/keys.ts';
import { createLaneOperations } from '../../lib/operations/lanes.ts';
import { createLinkOperations } from '../../lib/operations/links.ts';
import { createResolveOperations } from '../../lib/operations/resolutions.ts';
import { createChoiceOperations } from '../../lib/operations/record-choice.ts';
import { customer as customerEntity } from '../../lib/catalogue/built-in.ts';
import type { Entity } from '../../lib/catalogue/entity.ts';
import { demandDescribed } from './described.ts';

export type Line = {
  level: 'debug' | 'info' | 'warn' | 'error';
  message: string;
  fields: Record<string, unknown>;
};

/** What a test may read of an answer; a member that is not there shows as undefined in an assertion. */
export type Body = {
  id?: number;
  name?: string;
  email?: string;
  version?: number;
  updated_at?: string;
  external_mappings?: Record<string, string>;
  sync?: Record<string, { state: string; reason: string | null; version: number | null; since: string }>;
  code?: string;
  detail?: string;
  request_id?: string;
  current?: Body;
} & Record<string, unknown>;

export type Answer = {
  status: number;
  headers: Headers;
  text: string;
  json: Body;
  /** The answer, if it is an array. */
  list: Body[];
  /** The errors of a problem document. */
  errors: ProblemDetail[];
};

export type StartOptions = {
  db: Db;
  /** 0, a free one, unless it stands for a process that is started again. */
  port?: number;
  apiKeys?: string[];
  keySecrets?: string[];
  /** Milliseconds that only go on. */
  elapsed?: () => number;
  readiness?: Readiness;
  deadlineMs?: number;
  compareWaitMs?: number;
  clock?: Clock;
  /** Other bounds of the streams of changes. */
  streams?: ApiDeps['config']['streams'];
  webhooks?: NonNullable<ApiDeps['webhooks']>;
  importTimes?: ImportTimes;
  /** What a customer is; by default what is built in. */
  entity?: Entity;
  planners?: ApiDeps['planners'];
  /** With the console, whose one-time links open with the first key. */
  console?: Partial<ConsoleOptions>;
  scrape?: ApiDeps['scrape'];
};

export async function startApi({
  db,
  port = 0,
  apiKeys = [],
  keySecrets = [],
  elapsed = () => performance.now(),
  readiness = {},
  deadlineMs = 8_000,
  compareWaitMs,
  clock = systemClock,
  streams = {},
  webhooks = [],
  importTimes,
  entity = customerEntity,
  planners = new Map(),
  console,
  scrape = () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }),
}: StartOptions) {
  const lines: Line[] = [];
  let nudges = 0;
  const nudge = () => void (nudges += 1);
  const store = createCustomerStore({ entity, db, clock, nudge });
  const documents = [parseDocument(document)];
  const log: ApiDeps['log'] = {
    debug: (message, fields = {}) => lines.push({ level: 'debug', message, fields }),
    info: (message, fields = {}) => lines.push({ level: 'info', message, fields }),
    warn: (message, fields = {}) => lines.push({ level: 'warn', message, fields }),
    error: (message, fields = {}) => lines.push({ level: 'error', message, fields }),
  };
  const keys = createApiKeys({ db, clock, fixed: apiKeys, keySecrets, elapsed });
  const app = createApi({
    entity,
    store,
    nudge,
    db,
    config: {
      ...{ deadlineMs, streams },
      ...(importTimes && { importTimes }),
      ...(compareWaitMs !== undefined && { compareWaitMs }),
    },
    keys,
    keyOperations: createKeyOperations({ db, clock, keySecrets }),
    elapsed,
    log,
    clock,
    readiness,
    webhooks,
    planners,
    ...(console && { console: consoleOptions(db, keySecrets, () => server.url, console) }),
    conflicts: createPreviewedConflicts({ entity, db, clock, nudge, documents }, planners),
    scrape,
    links: createLinkOperations({ db, clock }),
    lanes: createLaneOperations({ db, clock, entity }),
    laneSettings: [{ system: 'stripe', writes: true, pulls: true }],
    resolutions: createResolveOperations({ entity, db, clock, log }),
    choices: new Map([
      [
        'stripe',
        createChoiceOperations({
          entity,
          ...{ db, clock, nudge },
          target: { system: 'stripe', externalType: 'customer' },
        }),
      ],
    ]),
  });
  const routes = routesOf(app);
  const server: ApiServer = await listen(app, { host: '127.0.0.1', port });

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
    const { status, headers: answered } = response;
    demandDescribed({ routes, entity }, { method, url: path, answer: { status, headers: answered, text } });
    const isJson = text !== '' && /[/+]json/.test(response.headers.get('Content-Type') ?? '');
    const said: unknown = isJson ? JSON.parse(text) : {};
    const json = said as Body;
    const errors = (json['errors'] ?? []) as ProblemDetail[];
    const list = Array.isArray(said) ? (said as Body[]) : [];
    return { status, headers: answered, text, json, list, errors };
  }

  return { server, send, lines, routes, keys, nudges: () => nudges };
}

function consoleOptions(
  db: Db,
  keySecrets: string[],
  origin: () => string,
  given: Partial<ConsoleOptions>,
): ConsoleOptions {
  const secrets = async () => (await readHashSecrets(db, keySecrets)).map(({ key }) => key);
  const others = { port: null, environment: 'test', anyHost: false, takeLink: () => null };
  return { origin, secrets, ...others, ...given };
}

let made = 0;

/** A customer that no other test has. */
export function freshCustomer(): { name: string; email: string } {
  made += 1;
  return { name: `Customer ${made}`, email: `customer-${made}@example.org` };
}

/**
 * A problem document as every refusal has it: small, with its code, its texts and the request's id.
 */
export function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer.status, answer.text.slice(0, 300)).to.equal(status);
  expect(answer.headers.get('Content-Type')).to.match(/^application\/problem\+json/);
  expect(answer.json).to.include({ code, status, type: `urn:twinbox:problem:${code}` });
  expect(answer.json.detail).to.be.a('string').and.not.to.equal('');
  expect(answer.json.request_id).to.equal(answer.headers.get('X-Request-Id'));
  expect(answer.text.length).to.be.lessThan(5_000);
}
