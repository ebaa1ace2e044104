import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands between us and the simulator: it changes the answers to some calls. */
export interface AlteringProxy {
  url: string;
  /**
   * `alter` changes the answers to calls whose method and path match, from now on; null changes
   * none.
   */
  alter(fits: RegExp | null, alter?: (answer: Record<string, unknown>) => unknown): void;
  close(): Promise<void>;
}

export async function openAlteringProxy(target: string): Promise<AlteringProxy> {
  let fits: RegExp | null = null;
  let change: (answer: Record<string, unknown>) => unknown = (answer) => answer;
  const server = createServer((request, response) => {
    void forward(target, request).then(({ status, headers, text }) => {
      const altered = fits?.test(`${request.method} ${request.url}`) === true && status === 200;
      response.writeHead(status, headers);
      response.end(altered ? JSON.stringify(change(JSON.parse(text) as Record<string, unknown>)) : text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    alter(next, alter = (answer) => answer) {
      fits = next;
      change = alter;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

export async function forward(target: string, request: IncomingMessage) {
  const body = Buffer.concat((await request.toArray()) as Buffer[]);
  const headers = Object.fromEntries(
    Object.entries(request.headers).flatMap(([name, value]) =>
      OF_THE_CONNECTION.has(name) || value === undefined ? [] : [[name, String(value)]],
    ),
  );
  const answer = await fetch(`${target}${request.url ?? ''}`, {
    method: request.method ?? 'GET',
    headers,
    ...(body.length > 0 && { body }),
  });
  const kept = [...answer.headers].filter(([name]) => !OF_THE_CONNECTION.has(name));
  return { status: answer.status, headers: Object.fromEntries(kept), text: await answer.text() };
}

const OF_THE_CONNECTION = new Set([
  'host',
  'connection',
  'keep-alive',
  'content-length',
  'transfer-encoding',
]);
