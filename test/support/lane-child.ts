/**
 * A worker as a process of its own, which a test may kill at any failpoint: `node
 * test/support/lane-child.ts <database>`. It loads, waits for its task on standard input, then
 * works on plans of first links, receives, reconciles and sweeps until no due work is left, compares
 * what is lost, and prints the failpoints that it has passed.
 */
import { onlyCustomers } from './only-target.ts';
import { once } from 'node:events';
import { readReading } from '../../db/account-readings.ts';
import { createDb } from '../../db/server/connection.ts';
import { readInstanceId } from '../../db/connections.ts';
import { findUndelivered } from '../../db/deliveries.ts';
import { findNotReceived } from '../../db/inbound.ts';
import { enableFailpoints, noteFailpoints } from '../../lib/failpoint.ts';
import { createStripeIntegration } from '../../lib/integrations/stripe/stripe.ts';
import { receiveInbound } from '../../lib/intake/inbound.ts';
import { keyPrefix } from '../../lib/sync/intent-key.ts';
import { receiveOutbound } from '../../lib/intake/receive.ts';
import type { SyncDeps } from '../../lib/sync/step.ts';
import { readAccountRecords } from '../../lib/intake/account-reading.ts';
import { sweep } from '../../lib/intake/sweep.ts';
import { compareLost } from '../../lib/operations/compare-lost.ts';
import { workOnLinkPlan } from '../../lib/operations/link-work.ts';
import { createLane } from '../../workers/lane.ts';
import { readAll } from './stored-events.ts';
import { TOKEN } from './toy/double/server.ts';
import { createToyIntegration } from './toy/system/toy.ts';
import { customer as customerEntity } from '../../lib/catalogue/built-in.ts';

/** One line of JSON. */
export type Task = {
  simulator: string;
  /** `stripe`, or `toy` with its feed that has a cursor. */
  system: string;
  /** The time of the test. */
  time: string;
  /** The failpoint at which it dies: `settle.before=kill@2`. */
  failpoints: string;
};

const [url = ''] = process.argv.slice(2);
const db = createDb({ url, poolSize: 2, applicationName: 'lane-child' });
const [line] = (await once(process.stdin, 'data')) as unknown[];
const { simulator, system, time, failpoints } = JSON.parse(String(line)) as Task;
const passed: string[] = [];
noteFailpoints((name) => passed.push(name));
enableFailpoints(failpoints);
const instanceId = await readInstanceId(db);
const integration =
  system === 'toy'
    ? createToyIntegration({ url: simulator, token: TOKEN, instanceId }, { feedBy: 'cursor' })
    : createStripeIntegration({
        secretKey: 'sk_test_twinbox_fake',
        apiBase: simulator,
        tagKey: `twinbox_${instanceId}`,
      });
const clock = { now: () => new Date(time) };
const quiet = (): void => undefined;
const deps: SyncDeps = {
  entity: customerEntity,
  db,
  clock,
  integration,
  policy: {
    environment: 'test',
    instanceId,
    writes: true,
    pulls: true,
    deletes: 'delete',
    deletesIn: 'delete',
    linkByEmail: 'ask',
    looksBeforeCreate: true,
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
const { signal } = new AbortController();
for (;;) {
  if ((await workOnLinkPlan(deps, signal)) > 0) continue;
  const everything = { system: target.system, after: 0, upTo: 2 ** 52, limit: 100 };
  const lost = await findUndelivered(db, everything);
  // No bus delivers an empty batch.
  const received =
    lost.length > 0 ? await receiveOutbound({ db, clock, wake: quiet }, onlyCustomers(target), lost) : 0;
  const notReceived = await findNotReceived(db, everything);
  const events = readAll(notReceived, keyPrefix(deps));
  const inbound = await receiveInbound({ db, clock, wake: quiet }, onlyCustomers(target), events);
  const started = await lane.runOnce();
  await lane.drain();
  if (received + inbound + started > 0) continue;
  const { stored, more } = await sweep(deps, { retentionDays: 35, signal });
  if (stored > 0 || more) continue;
  if ((await compareLost(deps, signal)) !== 'none') continue;
  if (await isRead()) break;
  await readAccountRecords(deps, signal);
}
process.stdout.write(JSON.stringify(passed), () => process.exit(0));

async function isRead(): Promise<boolean> {
  const { account } = await integration.identify();
  return (await readReading(db, { ...target, account }))?.doneAt instanceof Date;
}
