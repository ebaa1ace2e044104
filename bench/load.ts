import { Agent, request } from 'node:http';
import type { UpProcess } from './up-process.ts';

export type Load = ReturnType<typeof createLoad>;

/** Calls of the API over connections that are kept alive, as a client service would make them. */
export function createLoad({ api, simulator }: Pick<UpProcess, 'api' | 'simulator'>, inFlight: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight });

  function send(method: string, url: string, body: object, expected: number): Promise<void> {
    const text = JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
      const call = request(url, { method, agent, headers }, (answer) => {
        let got = '';
        answer.setEncoding('utf8').on('data', (part: string) => (got += part));
        answer.once('end', () => {
          if (answer.statusCode === expected) resolve();
          else reject(new Error(`${method} ${url} answered ${answer.statusCode}: ${got}`));
        });
      });
      call.once('error', reject);
      call.end(text);
    });
  }

  const create = (name: string, email: string) =>
    send('POST', `${api}/api/v1/customers`, { name, email }, 201);

  return {
    create,
    /** Creates that many customers, `inFlight` at a time; `from`: the number of the first. */
    async createMany(count: number, from = 0): Promise<{ perSecond: number; ms: number[] }> {
      const ms: number[] = [];
      let next = 0;
      const one = async (): Promise<void> => {
        while (next < count) {
          const at = next++;
          const began = performance.now();
          await create(`Customer ${from + at}`, `customer${from + at}@example.com`);
          ms.push(performance.now() - began);
        }
      };
      const began = performance.now();
      await Promise.all(Array.from({ length: inFlight }, one));
      return { perSecond: count / ((performance.now() - began) / 1_000), ms };
    },
    /** Requests a second that the simulator allows at each endpoint; null for no limit. */
    async limitStripe(perSecond: number | null): Promise<void> {
      const limits = { global_per_second: perSecond && perSecond * 4, endpoint_per_second: perSecond };
      await send('PUT', `${simulator}/_sim/rate-limits`, limits, 200);
    },
    close: () => agent.destroy(),
  };
}
