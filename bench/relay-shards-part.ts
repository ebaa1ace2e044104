// One shard of bench/suite/relay-shards.ts as a process: `relay-shards-part.ts <database url> <shard> <shards>`. Publishes
// what the shard has, to a bus that keeps nothing, and answers with one line of JSON.
import { createDb } from '../db/server/connection.ts';
import type { Bus } from '../lib/bus/bus.ts';
import { systemClock } from '../lib/clock.ts';
import { createRouting } from '../lib/events/routing.ts';
import { createRelay } from '../relay/relay.ts';

const [url = '', shard = '', shards = ''] = process.argv.slice(2);
const quiet = () => undefined;
let offset = 0;
const nowhere: Bus = {
  publish: (messages) =>
    Promise.resolve(messages.map(({ topic }) => ({ topic, partition: 0, offset: offset++ }))),
  subscribe: () => Promise.resolve(() => Promise.resolve()),
  identity: () => Promise.resolve('in-process'),
  progress: () => Promise.resolve(null),
  health: () => ({ problem: null }),
  close: () => Promise.resolve(),
};
const db = createDb({ url, poolSize: 4, applicationName: 'bench relay' });
const relay = createRelay({
  ...{ db, bus: nowhere, clock: systemClock, address: 'bench', headers: 'full' },
  log: { info: quiet, warn: quiet, error: quiet },
  routing: createRouting({ customerEvents: false, systems: [] }),
  shard: { shard: Number(shard), shards: Number(shards) },
});
// What a process does once does not count: modules, connections, the claim and the first page.
let count = await relay.runOnce();
const cpu = process.cpuUsage();
const began = Date.now();
for (let done = 1; done > 0; count += done) done = await relay.runOnce();
const ended = Date.now();
const { user, system } = process.cpuUsage(cpu);
console.log(JSON.stringify({ count, cpuSeconds: (user + system) / 1e6, began, ended }));
await relay.stop();
await db.destroy();
