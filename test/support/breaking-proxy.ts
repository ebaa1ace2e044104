import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { forward } from './altering-proxy.ts';

/** What is answered in the place of a system: by a proxy, or by the system on a bad day. */
export interface Nonsense {
  title: string;
  status: number;
  type: string;
  body: string;
}

const json = (title: string, body: unknown, status = 200): Nonsense => ({
  title,
  status,
  type: 'application/json',
  body: JSON.stringify(body),
});

export const NONSENSE: readonly Nonsense[] = [
  { title: 'a page of HTML', status: 200, type: 'text/html', body: '<html><h1>Sign in</h1></html>' },
  { title: 'HTML that says it is JSON', status: 200, type: 'application/json', body: '<html></html>' },
  { title: 'an empty body', status: 200, type: 'application/json', body: '' },
  { title: 'half of a JSON text', status: 200, type: 'application/json', body: '{"id":"x","name":"A' },
  json('null', null),
  json('a number', 7),
  json('an array', []),
  json('an object without members', {}),
  json('members of wrong types', {
    ...{ id: 7, object: 5, name: {}, email: [], full_name: 1, mail: false, data: 'none', items: {} },
    ...{ has_more: 'no', next: 4, created: 'now', metadata: 3, deleted: 'yes', account: null },
  }),
  json('a record of another id', {
    ...{ id: 'other_1', object: 'customer', name: 'Other', full_name: 'Other', email: null, mail: null },
    ...{ tag: null, made: '2026-01-01T00:00:00.000Z', version: 1, created: 1, metadata: {} },
  }),
  { title: 'a proxy that finds nothing', status: 404, type: 'text/html', body: '<h1>404 Not Found</h1>' },
  { title: 'a proxy for which it is gone', status: 410, type: 'text/html', body: 'Gone' },
  json('a 404 of someone else', { message: 'no Route matched with those values' }, 404),
  { title: 'a proxy that is overloaded', status: 503, type: 'text/html', body: 'Service Unavailable' },
];

/** Stands between an integration and its double, and can spoil the answers or keep them. */
export interface BreakingProxy {
  readonly url: string;
  /** From now on every call is answered so; `arrives`: the call is carried out before. */
  spoil(nonsense: Nonsense, options?: { arrives: boolean }): void;
  /** From now on no call is answered, until `heal`. */
  hang(): void;
  /** How many calls hang. */
  waiting(): number;
  /** Calls pass, also those that hung. */
  heal(): void;
  close(): Promise<void>;
}

export async function openBreakingProxy(target: string): Promise<BreakingProxy> {
  let spoilt: { nonsense: Nonsense; arrives: boolean } | null = null;
  let held: (() => void)[] | null = null;

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const waiting = held;
    if (waiting) await new Promise<void>((resolve) => waiting.push(resolve));
    const now = spoilt;
    const answer = now?.arrives === false ? null : await forward(target, request);
    if (now) response.writeHead(now.nonsense.status, { 'content-type': now.nonsense.type });
    else response.writeHead(answer?.status ?? 502, answer?.headers);
    response.end(now ? now.nonsense.body : answer?.text);
  }

  function heal(): void {
    spoilt = null;
    for (const go of held ?? []) go();
    held = null;
  }

  const server = createServer((request, response) => {
    pass(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spoil: (nonsense, { arrives } = { arrives: false }) => void (spoilt = { nonsense, arrives }),
    hang: () => void (held ??= []),
    waiting: () => held?.length ?? 0,
    heal,
    async close() {
      heal();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
