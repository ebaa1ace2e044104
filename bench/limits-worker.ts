// One worker of bench/limits.ts as a separate process: a lane with its loop, until its input ends.
//   node bench/limits-worker.ts <database> <simulator> <account's rate> <endpoint's rate>
import { once } from 'node:events';
import { customer } from '../lib/catalogue/built-in.ts';
import { createDb } from '../db/server/connection.ts';
import { readInstanceId } from '../db/connections.ts';
import { fullJitter } from '../lib/backoff.ts';
import { systemClock } from '../lib/clock.ts';
import { createStripeIntegration } from '../lib/integrations/stripe/stripe.ts';
import { runLoop } from '../lib/loop.ts';
import { createLane } from '../workers/lane.ts';

const [url = '', apiBase = '', account = '', endpoint = ''] = process.argv.slice(2);
const db = createDb({ url, poolSize: 10, applicationName: 'limits-worker' });
const instanceId = await readInstanceId(db);
const tagKey = `twinbox_${instanceId}`;
const quiet = (): void => undefined;
const lane = createLane(
  {
    db,
    clock: systemClock,
    entity: customer,
    integration: createStripeIntegration({ secretKey: 'sk_test_twinbox_bench', apiBase, tagKey }),
    policy: {
      environment: 'bench',
      instanceId,
      writes: true,
      pulls: true,
      deletes: 'delete',
      deletesIn: 'delete',
      linkByEmail: 'ask',
      looksBeforeCreate: false,
      imports: true,
      parkAfterMs: 24 * 3_600_000,
      backoff: { baseMs: 500, capMs: 300_000 },
      rates: { account: Number(account), endpoint: Number(endpoint) },
    },
    log: { info: quiet, warn: quiet, debug: quiet },
    nudge: quiet,
  },
  { owner: `bench:${process.pid}`, concurrency: 16, leaseMs: 60_000 },
  () => loop.wake(),
);
const stopping = new AbortController();
const loop = runLoop(() => lane.runOnce(), {
  idleMs: 250,
  backoffMs: (failures) => fullJitter(failures, { baseMs: 500, capMs: 5_000 }),
  onError: (error) => console.error(error),
  signal: stopping.signal,
});
await once(process.stdin.resume(), 'end');
stopping.abort();
await loop.done;
process.exit(0);
