import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createStripeIntegration, type StripeSettings } from '../../../../lib/integrations/stripe/stripe.ts';
import type { Failure, Integration } from '../../../../lib/integrations/integration.ts';
import { TAG_KEY, SECRET_KEY } from './harness.ts';

export interface Scripted {
  status?: number;
  headers?: Record<string, string>;
  /** Sent as JSON unless it is a string. */
  body?: unknown;
  /** Done instead of an answer. */
  act?: (response: ServerResponse) => void;
}

export interface AnsweringServer {
  url: string;
  /** How many requests have come since the last `answer`. */
  requests: () => number;
  answer(next: Scripted): void;
  connect(settings?: Partial<StripeSettings>): Integration;
  close(): Promise<void>;
}

/**
 * A server that gives every request a prepared answer, for answers that no well-behaved double
 * gives.
 */
export async function openAnsweringServer(host = '127.0.0.1'): Promise<AnsweringServer> {
  let script: Scripted = {};
  let count = 0;
  const server: Server = createServer((request, response) => {
    count += 1;
    request.resume().once('end', () => {
      if (script.act) return script.act(response);
      response.writeHead(script.status ?? 200, { 'request-id': 'req_scripted', ...script.headers });
      response.end(typeof script.body === 'string' ? script.body : JSON.stringify(script.body ?? {}));
    });
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, host, resolve));
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`;
  return {
    url,
    requests: () => count,
    answer(next) {
      script = next;
      count = 0;
    },
    connect: (settings) =>
      createStripeIntegration({ secretKey: SECRET_KEY, apiBase: url, tagKey: TAG_KEY, ...settings }),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

export async function failureOf(integration: Integration, call: () => Promise<unknown>): Promise<Failure> {
  try {
    await call();
  } catch (error) {
    return integration.classify(error);
  }
  throw new Error('the call was to fail');
}
