/**
 * A worker of one shop as a process of its own, which a test may kill at any failpoint: `node
 * test/support/shop/worker-child.ts <database>`. It reads its task from standard input, receives our
 * changes, reconciles until no due work is left, and prints the failpoints that it has passed.
 */
import { once } from 'node:events';
import { createDb } from '../../../db/server/connection.ts';
import { findUndelivered } from '../../../db/deliveries.ts';
import { enableFailpoints, noteFailpoints } from '../../../lib/failpoint.ts';
import { receiveOutbound } from '../../../lib/intake/receive.ts';
import { targetsOf } from '../../../lib/sync/kinds.ts';
import { createLane } from '../../../workers/lane.ts';
import { nextOfOrder } from './orders.ts';
import { shopDeps } from './world.ts';

/** One line of JSON. */
export interface ShopTask {
  url: string;
  system: string;
  /** The time of the test. */
  time: string;
  /** The failpoint at which it dies: `settle.before=kill@2`. */
  failpoints: string;
}

const db = createDb({ url: process.argv[2] ?? '', poolSize: 2, applicationName: 'shop-child' });
const [line] = (await once(process.stdin, 'data')) as unknown[];
const { url, system, time, failpoints } = JSON.parse(String(line)) as ShopTask;
const passed: string[] = [];
noteFailpoints((name) => passed.push(name));
enableFailpoints(failpoints);
const clock = { now: () => new Date(time) };
const deps = await shopDeps(db, clock, { url, system, next: nextOfOrder });
const quiet = (): void => undefined;
const lane = createLane(deps, { owner: 'child', concurrency: 1, leaseMs: 60_000 }, quiet);
for (;;) {
  const lost = await findUndelivered(db, { system, after: 0, upTo: 2 ** 52, limit: 100 });
  const received =
    lost.length > 0 ? await receiveOutbound({ db, clock, wake: quiet }, targetsOf(deps), lost) : 0;
  const started = await lane.runOnce();
  await lane.drain();
  if (received + started === 0) break;
}
process.stdout.write(JSON.stringify(passed), () => process.exit(0));
