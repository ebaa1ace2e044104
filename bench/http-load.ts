// Requests, such as those that create customers, written to sockets as they are: a client of Node's http costs as much as the API
// itself, and it has to share its cores with what it measures.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { sleep } from '../lib/loop.ts';

type Asked = { path: string; body: string; headers?: Readonly<Record<string, string>> };
/** `post` throws unless it is answered with the status. */
export type Connection = { post(asked: Asked, status: number): Promise<void>; end(): void };

export type HttpLoad = {
  /** So many clients, each of which sends its next request when it has the answer; for so many seconds. */
  closed(seconds: number): Promise<{ count: number; perSecond: number }>;
  /** Sends at this rate whatever becomes of the answers; ms from the moment at which a request was due. */
  open(perSecond: number, seconds: number): Promise<number[]>;
  close(): void;
};

export async function createHttpLoad(port: number, clients: number): Promise<HttpLoad> {
  const connections = await Promise.all(
    Array.from({ length: clients }, async () => {
      const { post, end } = await connectTo(port);
      const create = (n: number): Promise<void> => {
        const body = `{"name":"Customer ${n}","email":"customer${n}@example.com"}`;
        return post({ path: '/api/v1/customers', body }, 201);
      };
      return { create, end };
    }),
  );
  let made = 0;

  return {
    async closed(seconds) {
      const began = performance.now();
      const first = made;
      await Promise.all(
        connections.map(async ({ create }) => {
          while (performance.now() - began < seconds * 1_000) await create((made += 1));
        }),
      );
      const count = made - first;
      return { count, perSecond: count / ((performance.now() - began) / 1_000) };
    },
    async open(perSecond, seconds) {
      const began = performance.now();
      const count = Math.round(perSecond * seconds);
      const ms: number[] = [];
      let next = 0;
      await Promise.all(
        connections.map(async ({ create }) => {
          while (next < count) {
            const due = began + ((next += 1) / perSecond) * 1_000;
            const early = due - performance.now();
            if (early > 0) await sleep(early);
            await create((made += 1));
            ms.push(performance.now() - due);
          }
        }),
      );
      return ms;
    },
    close: () => connections.forEach(({ end }) => end()),
  };
}

export async function connectTo(port: number): Promise<Connection> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1');
  await once(socket, 'connect');
  return {
    async post({ path, body, headers = {} }, status) {
      const lines = Object.entries({ 'Content-Type': 'application/json', ...headers });
      const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
      const length = Buffer.byteLength(body);
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${head}Content-Length: ${length}\r\n\r\n${body}`,
      );
      const answer = await answerOf(socket);
      if (!answer.startsWith(`HTTP/1.1 ${status} `))
        throw new Error(`POST ${path} was answered with: ${answer}`);
    },
    end: () => socket.destroy(),
  };
}

function answerOf(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let got = '';
    const settle = (end: () => void): void => {
      socket.off('data', take).off('close', lost);
      end();
    };
    const lost = (): void => settle(() => reject(new Error('the API has closed a connection')));
    const take = (part: string): void => {
      got += part;
      const end = got.indexOf('\r\n\r\n') + 4;
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(got.slice(0, end))?.[1] ?? 0);
      if (end > 3 && got.length >= end + length) settle(() => resolve(got));
    };
    socket.on('data', take).on('close', lost);
  });
}
