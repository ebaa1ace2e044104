/**
 * What metrics cost: steps of the engine without them and with them, in turns (A, B, B, A), and how long
 * a scrape takes and how much it is.
 *
 *   node bench/metrics.ts [--pairs 40] [--turns 4]
 *
 * A step is an update of a linked customer, on a database of its own, with the simulator in this process;
 * the time of the call is subtracted, so the part of the metrics is larger here than in a real run. With
 * metrics each step also counts two requests.
 */
import { parseArgs } from 'node:util';
import type { Measures } from '../lib/measures.ts';
import { createMetrics } from '../lib/metrics/metrics.ts';
import { createTestDatabase } from '../test/support/database.ts';
import { stopOwnServer } from '../test/support/server.ts';
import { quantile } from './meter.ts';
import { createSteps, type Steps } from './steps.ts';

const { values } = parseArgs({
  options: { pairs: { type: 'string', default: '40' }, turns: { type: 'string', default: '4' } },
});
const [PAIRS, TURNS] = [Number(values.pairs), Number(values.turns)];
const REQUEST = { method: 'POST', route: '/v1/customers/:id', status: 200, replayed: false, seconds: 0.01 };
const SCRAPES = 30;
/** Of this process, for each pair: it does not grow while other programs use the machine. */
const cpuMs = { on: [] as number[], off: [] as number[] };

const { db, drop } = await createTestDatabase();
const metrics = createMetrics(['stripe']);
try {
  const steps = await createSteps(db);
  let serial = 0;
  const name = (): string => `Customer ${++serial}`;
  const { world } = steps;
  await steps.prepare(
    {
      create: () => world.create({ name: name() }),
      update: (id) => world.update(id, { name: name() }),
      newRecord: () => ({ name: name(), email: `made${serial}@example.com` }),
      changedRecord: () => ({ name: name() }),
    },
    PAIRS,
  );
  await steps.measure('update'); // warms up
  const [off, on]: [number[], number[]] = [[], []];
  for (let turn = 0; turn < TURNS; turn += 1)
    for (const counts of [false, true, true, false])
      (counts ? on : off).push(
        ...(await timeSteps(steps, counts ? withRequests(metrics.measures) : undefined)),
      );
  const [without, counted] = [quantile(off, 0.5), quantile(on, 0.5)];
  const part = (counted / without - 1) * 100;
  console.log(
    `a step without metrics: median ${without.toFixed(3)} ms; with them: ${counted.toFixed(3)} ms (${off.length} each)`,
  );
  const [cpuOff, cpuOn] = [quantile(cpuMs.off, 0.5), quantile(cpuMs.on, 0.5)];
  const cpuPart = (cpuOn / cpuOff - 1) * 100;
  console.log(
    `metrics cost ${part.toFixed(1)} % of the time of a step, and ${cpuPart.toFixed(1)} % of the processor (${cpuOff.toFixed(2)} ms, ${cpuOn.toFixed(2)} ms), promised: below 3 %`,
  );
  console.log(
    `counting alone: ${timeCounting().toFixed(4)} ms for a step, ${((timeCounting() / without) * 100).toFixed(2)} % of it`,
  );
  await measureScrapes();
  await steps.close();
} finally {
  await db.destroy();
  await drop();
  await stopOwnServer({ keep: false });
}

async function timeSteps(steps: Steps, measures: Measures | undefined): Promise<number[]> {
  Object.assign(steps.world.deps, { measures });
  const cpu = process.cpuUsage();
  const before = steps.reconciled.get('update')?.ms.length ?? 0;
  await steps.measure('update');
  const { user, system } = process.cpuUsage(cpu);
  cpuMs[measures ? 'on' : 'off'].push((user + system) / 1_000 / PAIRS);
  return steps.reconciled.get('update')?.ms.slice(before) ?? [];
}

function withRequests(measures: Measures): Measures {
  return {
    ...measures,
    settled(system, deliveries) {
      measures.settled(system, deliveries);
      for (let at = 0; at < 2; at += 1) measures.requested(system, REQUEST);
    },
  };
}

/** What a step tells, without the step. */
function timeCounting(): number {
  const { settled, attempted, consumed, published } = withRequests(metrics.measures);
  const delivery = { eventId: '', target: 'stripe', eventType: 'customer.updated', status: 'applied' };
  const many = 5_000;
  const begun = performance.now();
  for (let at = 0; at < many; at += 1) {
    settled('stripe', [{ ...delivery, sinceWritten: 0.2, sinceReceived: 0.1 }]);
    attempted('stripe', [{ status: 200, error: null }], false);
    consumed({ direction: 'outbound', taken: 1, known: 0, refused: 0, sincePublished: [0] });
    published({ published: 1, unrouted: 0, refused: 0, again: 0, sinceWritten: [0.1] });
  }
  return (performance.now() - begun) / many;
}

async function measureScrapes(): Promise<void> {
  metrics.watch(db, [{ system: 'stripe', writes: true, pulls: true }]);
  await metrics.scrape();
  const ms: number[] = [];
  let bytes = 0;
  for (let at = 0; at < SCRAPES; at += 1) {
    const begun = performance.now();
    bytes = Buffer.byteLength((await metrics.scrape()).text);
    ms.push(performance.now() - begun);
  }
  console.log(
    `a scrape: median ${quantile(ms, 0.5).toFixed(1)} ms, 95 % ${quantile(ms, 0.95).toFixed(1)} ms (promised: 20), ${(bytes / 1_000).toFixed(1)} kB (promised: 100)`,
  );
}
