/** The HTTP server: by default on the loopback address, and fast to close. */
import http from 'node:http';
import type { Express } from 'express';

export type Address = { url: string; port: number };

/** The port or the address cannot be used. */
export class NotListeningError extends Error {
  override readonly name = 'NotListeningError';
  readonly code = 'not_listening';
}

export function createListener(app: Express, host: string) {
  const server = http.createServer(app);
  let address: Address | null = null;

  function listen(port: number): Promise<Address> {
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const busy = `Port ${port} is in use by another process. Stop that process, or set SIMULATOR_PORT to a free port.`;
        const nowhere = `This machine does not have the address ${host}. Set SIMULATOR_HOST to one of its addresses, such as 127.0.0.1.`;
        const forbidden = `This user may not listen on port ${port}. Set SIMULATOR_PORT to a port above 1023.`;
        const sentences: Record<string, string> = {
          ...{ EADDRINUSE: busy, EADDRNOTAVAIL: nowhere, ENOTFOUND: nowhere, EACCES: forbidden },
        };
        const sentence = sentences[error.code ?? ''];
        reject(sentence === undefined ? error : new NotListeningError(sentence, { cause: error }));
      });
      server.listen(port, host, () => {
        const bound = server.address();
        const actual = typeof bound === 'object' && bound !== null ? bound.port : port;
        address = { url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}`, port: actual };
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
