import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * Stands between the API and Postgres: it can break every connection, refuse new ones, or stop
 * answering.
 */
export async function startDatabaseProxy(target: URL) {
  const sockets = new Set<Socket>();
  let silent = false;
  let server: Server;
  const open = (port: number) =>
    new Promise<number>((resolve) => {
      server = createServer((socket) => {
        const upstream = connect(Number(target.port), target.hostname);
        for (const [from, to] of [
          [socket, upstream],
          [upstream, socket],
        ] as const) {
          sockets.add(from);
          from.on('data', (bytes) => silent || to.write(bytes));
          from.on('error', () => to.destroy());
          from.on('close', () => to.destroy());
        }
      });
      server.listen(port, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
  const port = await open(0);
  return {
    port,
    silence: (is: boolean) => (silent = is),
    async cut() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
      sockets.clear();
    },
    fix: () => open(port),
  };
}
