import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Reserved in this process: the user of a port may not have begun to listen yet. */
const given = new Set<number>();

// Below the ports that operating systems give to clients (Linux from 32768 on, others from 49152 on):
// while a broker restarts, no connection of another test can be given its port.
const FIRST = 20_000;
const LAST = 32_000;

/** Ports that were free a moment ago, each given out once. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = randomInt(FIRST, LAST);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
