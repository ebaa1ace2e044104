/** A simulator on a free port, and three ways to call it: the SDK checked against OpenAPI, the SDK as it is, raw HTTP. */
import http from 'node:http';
import Stripe from 'stripe';
import { createSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts';
import { checkAnswer, checkRequest } from './openapi.ts';

export const KEY = 'sk_test_twinbox_fake';

export type RawAnswer = { status: number; headers: Headers; body: unknown; text: string };
export type RawRequest = {
  form?: Record<string, string> | string;
  headers?: Record<string, string>;
  key?: string | null;
};

export type Bench = {
  simulator: Simulator;
  /** Every request and answer of this client is validated against Stripe's OpenAPI description. */
  stripe: Stripe;
  /** The SDK with its own HTTP client, as the worker uses it. */
  plain: Stripe;
  call(method: string, path: string, request?: RawRequest): Promise<RawAnswer>;
  errorOf(answer: RawAnswer): Record<string, unknown>;
};

const opened = new Set<Simulator>();

/** Closes what a failed test has left open, so that one failure does not become a run that never ends. */
export async function closeSimulators(): Promise<void> {
  for (const simulator of opened) await simulator.close();
  opened.clear();
}

const NO_LIMITS = { globalPerSecond: null, endpointPerSecond: null };

export async function startSimulator(options: SimulatorOptions = {}): Promise<Bench> {
  const simulator = createSimulator({
    rateLimits: NO_LIMITS,
    onBug: (error) => {
      throw error; // a failure of the double itself must not look like one of Stripe's
    },
    ...options,
  });
  opened.add(simulator);
  const { port } = await simulator.listen(0);
  return { simulator, ...clientsFor(port) };
}

export function clientsFor(port: number): Omit<Bench, 'simulator'> {
  const at = { host: '127.0.0.1', port, protocol: 'http' as const, maxNetworkRetries: 0, telemetry: false };
  return {
    stripe: new Stripe(KEY, { ...at, httpClient: Stripe.createFetchHttpClient(checkedFetch) }),
    plain: new Stripe(KEY, at),
    call: (method, path, request = {}) => callRaw(`http://127.0.0.1:${port}`, method, path, request),
    errorOf: (answer) => (answer.body as { error: Record<string, unknown> }).error, // the shape of every error answer
  };
}

const checkedFetch: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  const url = new URL(String(input instanceof Request ? input.url : input));
  const method = init?.method ?? 'GET';
  const body: unknown = await response.clone().json();
  checkAnswer(method, url.pathname, response.status, body);
  if (response.ok) {
    const form =
      method === 'POST'
        ? new URLSearchParams(typeof init?.body === 'string' ? init.body : '')
        : url.searchParams;
    checkRequest(method, url.pathname, form);
  }
  return response;
};

async function callRaw(base: string, method: string, path: string, request: RawRequest): Promise<RawAnswer> {
  const form = request.form === undefined ? undefined : String(new URLSearchParams(request.form));
  const isQuery = method === 'GET' || method === 'DELETE';
  const response = await fetch(`${base}${path}${isQuery && form ? `?${form}` : ''}`, {
    method,
    headers: {
      ...(request.key === null ? {} : { authorization: `Bearer ${request.key ?? KEY}` }),
      ...(form !== undefined && !isQuery ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      ...request.headers,
    },
    ...(form !== undefined && !isQuery ? { body: form } : {}),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? null : JSON.parse(text),
    text,
  };
}

/** The error of a rejected promise; a promise that resolves is a failure. */
export async function refusalOf(
  promise: Promise<unknown>,
): Promise<InstanceType<typeof Stripe.errors.StripeError>> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) return error;
    throw error;
  }
  throw new Error('The call was expected to be refused.');
}

export type Received = { body: string; signature: string; at: number };

export type Receiver = {
  url: string;
  received: Received[];
  /** The status to answer with from now on, one for all or a list in the order of arrival. */
  answerWith(status: number | ((nth: number) => number | null), headers?: Record<string, string>): void;
  /** Resolves when this number of webhooks has arrived in total. */
  waitFor(count: number): Promise<Received[]>;
  close(): Promise<void>;
};

/** An endpoint for webhooks. A status of null means no answer at all: the connection is closed. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const waiting = new Set<() => void>();
  let answer: { status: number | ((nth: number) => number | null); headers: Record<string, string> } = {
    status: 200,
    headers: {},
  };
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const signature = String(request.headers['stripe-signature']);
      received.push({ body: Buffer.concat(chunks).toString('utf8'), signature, at: performance.now() });
      const status = typeof answer.status === 'number' ? answer.status : answer.status(received.length);
      if (status === null) response.destroy();
      else response.writeHead(status, answer.headers).end();
      for (const look of [...waiting]) look();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The receiver has no port.');
  return {
    url: `http://127.0.0.1:${address.port}/webhooks`,
    received,
    answerWith(status, headers = {}) {
      answer = { status, headers };
    },
    waitFor: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (received.length < count) return;
          waiting.delete(look);
          resolve([...received]);
        };
        waiting.add(look);
        look();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
