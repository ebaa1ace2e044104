// The API as a process of its own, on a database of the measurement, and webhooks as Stripe signs them.
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { waitUntil } from '../../lib/loop.ts';
import { environmentWith } from '../../test/support/environment.ts';
import { connectTo, type Connection } from '../http-load.ts';
import { freePort } from './place.ts';

const SECRET = 'whsec_bench';

export type SignedWebhook = { body: string; signature: string };

/** Signed beforehand, so that only receiving them is measured. */
export function signedWebhooks(count: number, prefix: string): SignedWebhook[] {
  const t = Math.floor(Date.now() / 1_000);
  return Array.from({ length: count }, (_, n) => {
    const object = {
      ...{
        id: `cus_${n % 1_000}`,
        object: 'customer',
        name: 'Ada Lovelace',
        email: `ada${n}@example.com`,
        metadata: {},
      },
    };
    const body = JSON.stringify({
      ...{ id: `evt_${prefix}_${n}`, object: 'event', type: 'customer.updated', created: t, livemode: false },
      ...{
        request: { id: null, idempotency_key: null },
        data: { object, previous_attributes: { name: 'Ada' } },
      },
    });
    const v1 = createHmac('sha256', SECRET).update(`${t}.${body}`).digest('hex');
    return { body, signature: `t=${t},v1=${v1}` };
  });
}

export async function withApi<T>(
  databaseUrl: string,
  work: (api: { pid: number; post: (webhook: SignedWebhook) => Promise<void> }) => Promise<T>,
): Promise<T> {
  const port = await freePort();
  const child = spawn(
    process.execPath,
    ['--max-semi-space-size=4', '--max-old-space-size=1024', join(import.meta.dirname, '../../api/main.ts')],
    {
      // It sends nothing to Kafka, and does not start without its address.
      env: environmentWith({
        ...{ DATABASE_URL: databaseUrl, API_PORT: String(port), LOG_LEVEL: 'warn' },
        ...{ KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:9', STRIPE_WEBHOOK_SECRET: SECRET },
      }),
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  const base = `http://127.0.0.1:${port}`;
  const [connections, free]: [Connection[], Connection[]] = [[], []];
  const connect = async (): Promise<Connection> => {
    const made = await connectTo(port);
    connections.push(made);
    return made;
  };
  const post = async ({ body, signature }: SignedWebhook): Promise<void> => {
    const connection = free.pop() ?? (await connect());
    const headers = { 'Stripe-Signature': signature };
    await connection.post({ path: '/api/v1/webhooks/stripe', body, headers }, 200);
    free.push(connection);
  };
  try {
    await waitUntil(async () => (await fetch(`${base}/api/v1/customers`).catch(() => null))?.ok === true, {
      ...{ timeoutMs: 60_000, what: 'the API' },
    });
    return await work({ pid: child.pid ?? 0, post });
  } finally {
    connections.forEach(({ end }) => end());
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
}
