/** The HTTP server: loopback only, and quick to close. */
import http from 'node:http';
import type { Express } from 'express';

export type Address = { url: string; port: number };

const HOST = '127.0.0.1';

export function createListener(app: Express) {
  const server = http.createServer(app);
  let address: Address | null = null;

  function listen(port: number): Promise<Address> {
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const busy = `Port ${port} is in use by another process. Stop it, or set SIMULATOR_PORT to a free one.`;
        reject(error.code === 'EADDRINUSE' ? new Error(busy, { cause: error }) : error);
      });
      server.listen(port, HOST, () => {
        const bound = server.address();
        const actual = typeof bound === 'object' && bound !== null ? bound.port : port;
        address = { url: `http://${HOST}:${actual}`, port: actual };
        resolve(address);
      });
    });
  }

  function close(): Promise<void> {
    if (!server.listening) return Promise.resolve();
    return new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  return {
    listen,
    close,
    address(): Address {
      if (!address) throw new Error('The simulator is not listening yet.');
      return address;
    },
  };
}
