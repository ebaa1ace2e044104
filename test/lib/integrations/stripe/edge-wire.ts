import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createStripeIntegration } from '../../../../lib/integrations/stripe/stripe.ts';
import type { Integration } from '../../../../lib/integrations/integration.ts';
import { TAG_KEY, SECRET_KEY } from './harness.ts';

/** Stripe as bytes on a socket: answers that no server and no interceptor would write. */
export interface Wire {
  integration: Integration;
  /** Handles every request from now on. */
  script: (act: (socket: Socket) => void) => void;
  /** How many requests have come since the last `script`. */
  requests: () => number;
  /** Resolves once a request is in and the script has acted. */
  acted: () => Promise<unknown>;
  close: () => Promise<void>;
}

export async function openWire(): Promise<Wire> {
  let act: (socket: Socket) => void = () => undefined;
  let count = 0;
  let acted: PromiseWithResolvers<unknown> = Promise.withResolvers();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // The other side closes the connection once it has read enough.
    socket.on('error', () => undefined);
    let read = '';
    socket.on('data', (bytes: Buffer) => {
      read += bytes.toString('latin1');
      const [head = '', body] = read.split('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (body === undefined || body.length < length) return;
      read = '';
      count += 1;
      act(socket);
      acted.resolve(undefined);
    });
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const apiBase = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    integration: createStripeIntegration({ secretKey: SECRET_KEY, apiBase, tagKey: TAG_KEY }),
    script(next) {
      act = next;
      count = 0;
      acted = Promise.withResolvers();
    },
    requests: () => count,
    acted: () => acted.promise,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The head of an answer, with its lines as given. */
export function head(...lines: string[]): string {
  return ['HTTP/1.1 200 OK', 'content-type: application/json', ...lines, '', ''].join('\r\n');
}

/** A complete answer. */
export function whole(value: object, ...lines: string[]): string {
  const body = JSON.stringify(value);
  return `${head(`content-length: ${Buffer.byteLength(body)}`, ...lines)}${body}`;
}
