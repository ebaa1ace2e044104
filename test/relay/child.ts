// The relay as a process of its own, to be killed or frozen: `child.ts <database url> <arrivals file>
// <page size> <lease ms> <failpoints>`. Each message of sync.outbound becomes a line of the file, appended
// before the relay gets the acknowledgement, with the fence of the lease under which it was sent. A
// line of stdout says that the relay has become active, with its fence.
import { appendFileSync } from 'node:fs';
import { createDb } from '../../db/server/connection.ts';
import { createInProcessBus } from '../../lib/bus/in-process.ts';
import { createRouting, topics } from '../../lib/events/routing.ts';
import { enableFailpoints } from '../../lib/failpoint.ts';
import { quiet, relaysOn } from './world.ts';

const [url = '', file = '', pageSize = '', leaseMs = '', failpoints = ''] = process.argv.slice(2);
enableFailpoints(failpoints);
let fence = 0;
const db = createDb({ url, poolSize: 10, applicationName: 'relay-child' });
const bus = createInProcessBus({ required: { [topics.outbound]: ['test'] } });
await bus.subscribe({
  topic: topics.outbound,
  group: 'test',
  handler: (batch) => {
    const lines = batch.map(
      ({ syncEventId, key, value }) => `${fence} ${syncEventId} ${key} ${versionOf(value)}\n`,
    );
    appendFileSync(file, lines.join(''));
    return Promise.resolve();
  },
});

const relay = relaysOn(db, bus, {
  pageSize: Number(pageSize),
  leaseMs: Number(leaseMs),
  idleMs: 50,
  routing: createRouting({ customerEvents: true, systems: [] }),
  log: {
    ...quiet,
    info: (message, fields) => {
      if (message !== 'relay.active') return;
      fence = Number(fields?.['fence']);
      process.stdout.write(`active ${fence}\n`);
    },
    error: (message, fields) => console.error(message, fields),
  },
});
process.once('SIGTERM', () => void relay.stop().then(() => db.destroy()));
await relay.start();

function versionOf(value: string | null): string {
  return /"version":(\d+)/.exec(value ?? '')?.[1] ?? '';
}
