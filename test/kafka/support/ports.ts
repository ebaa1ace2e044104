import { once } from 'node:events';
import { createServer } from 'node:net';

/** Reserved in this process: the user of a port may not have begun to listen yet. */
const given = new Set<number>();

/** Ports that were free a moment ago, each given out once. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = await unusedPorts(count);
  const fresh = ports.filter((port) => !given.has(port));
  fresh.forEach((port) => given.add(port));
  return fresh.length === count ? fresh : [...fresh, ...(await freePorts(count - fresh.length))];
}

async function unusedPorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
