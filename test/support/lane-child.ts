/**
 * A worker in a process of its own, which a test may kill at any failpoint: `node --import ./test/support/enable-failpoints.ts
 * test/support/lane-child.ts <database> <simulator>`. Loads, waits for the time on its input, then receives, reconciles and
 * sweeps until nothing that is due is left.
 */
import { once } from 'node:events';
import { createDb } from '../../db/connection.ts';
import { readInstanceId } from '../../db/connections.ts';
import { findUndelivered } from '../../db/deliveries.ts';
import { findUnheard } from '../../db/inbound.ts';
import { createStripeIntegration } from '../../lib/integrations/stripe/stripe.ts';
import { receiveInbound, toExternalEvent } from '../../lib/sync/inbound.ts';
import { keyPrefix } from '../../lib/sync/intent.ts';
import { receiveOutbound } from '../../lib/sync/receive.ts';
import type { SyncDeps } from '../../lib/sync/step.ts';
import { sweep } from '../../lib/sync/sweep.ts';
import { createLane } from '../../workers/lane.ts';

const [url = '', apiBase = ''] = process.argv.slice(2);
const db = createDb({ url, poolSize: 2, applicationName: 'lane-child' });
const [line] = (await once(process.stdin, 'data')) as unknown[];
const time = String(line).trim();
const instanceId = await readInstanceId(db);
const integration = createStripeIntegration({
  secretKey: 'sk_test_twinbox_fake',
  apiBase,
  markKey: `twinbox_${instanceId}`,
});
const clock = { now: () => new Date(time) };
const quiet = (): void => undefined;
const deps: SyncDeps = {
  db,
  clock,
  integration,
  policy: {
    environment: 'test',
    instanceId,
    writes: true,
    pulls: true,
    deletes: 'delete',
    linkByEmail: 'ask',
    imports: true,
    parkAfterMs: 24 * 3_600_000,
    backoff: { baseMs: 1_000, capMs: 300_000, random: () => 1 },
    rates: null,
  },
  log: { info: quiet, warn: quiet, debug: quiet },
  nudge: quiet,
};
const target = { system: integration.system, externalType: integration.document.externalType };
const lane = createLane(deps, { owner: 'child', concurrency: 1, leaseMs: 60_000 }, quiet);
for (;;) {
  const everything = { system: target.system, after: 0, upTo: 2 ** 52, limit: 100 };
  const lost = await findUndelivered(db, everything);
  const received = await receiveOutbound({ db, clock, wake: quiet }, target, lost);
  const unheard = await findUnheard(db, everything);
  const events = unheard.flatMap((event) => toExternalEvent(event, event.syncEventId, keyPrefix(deps)) ?? []);
  const heard = await receiveInbound({ db, clock, wake: quiet }, target, events);
  const started = await lane.runOnce();
  await lane.drain();
  if (received + heard + started > 0) continue;
  const { stored } = await sweep(deps, { retentionDays: 35, signal: new AbortController().signal });
  if (stored === 0) break;
}
process.exit(0);
