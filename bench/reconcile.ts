/**
 * What one event costs the engine, without Stripe's share: time of a step, SQL statements, round
 * trips to PostgreSQL, bytes of WAL.
 *
 *   node bench/reconcile.ts [--events 120]
 *
 * One step after the other, on a database of its own, against the simulator in this process; the
 * time of each call is measured inside and subtracted. WAL is that of the work alone (meter.ts).
 * Nothing waits for the disk. Each workload runs in two halves with the others between,
 * so that a machine that gets faster meanwhile favours none.
 */
import { parseArgs } from 'node:util';
import { createTestDatabase } from '../test/support/database.ts';
import { stopOwnServer } from '../test/support/server.ts';
import { printTable, quantile, withSteadyWal, type Costs } from './meter.ts';
import { createSteps, WORKS, type Edits, type Steps } from './steps.ts';

const { values } = parseArgs({ options: { events: { type: 'string', default: '120' } } });
const HALF = Math.ceil(Number(values.events) / 2);

const { db, drop } = await createTestDatabase();
try {
  await withSteadyWal(db, async () => {
    const steps = await createSteps(db);
    await steps.prepare(editsOf(steps), HALF);
    for (const what of [...WORKS, ...WORKS.toReversed()]) await steps.measure(what);
    report(`an event received, ${HALF} at a time`, steps.received, false);
    report('an event reconciled', steps.reconciled, true);
    console.log(`\n${await tenQuickEdits(steps)}`);
    await steps.close();
  });
} finally {
  await db.destroy();
  await drop();
  await stopOwnServer({ keep: false });
}

function editsOf({ world }: Steps): Edits {
  let serial = 0;
  const name = (): string => `Customer ${++serial}`;
  return {
    create: () => world.create({ name: name() }),
    update: (id) => world.update(id, { name: name() }),
    newRecord: () => ({ name: name(), email: `made${serial}@example.com` }),
    changedRecord: () => ({ name: name() }),
  };
}

async function tenQuickEdits({ world, anyId }: Steps): Promise<string> {
  const before = world.calls().length;
  for (let n = 0; n < 10; n++) await world.update(anyId, { name: `Quick ${n}` });
  await world.run();
  return `ten quick edits of one customer: ${world.calls().slice(before).join(', ')}`;
}

function report(title: string, costs: Costs, withCalls: boolean): void {
  const head = [title, 'events', 'ms: median', '95 %', 'statements', 'round trips', 'WAL bytes'];
  const rows = [...costs].map(([what, cost]) => {
    const each = (sum: number): string => (sum / cost.events).toFixed(2);
    const reads = cost.calls.filter((call) => call.startsWith('GET')).length;
    return [
      what,
      String(cost.events),
      quantile(cost.ms, 0.5).toFixed(2),
      quantile(cost.ms, 0.95).toFixed(2),
      each(cost.statements),
      each(cost.roundTrips),
      Math.round(cost.wal / cost.events).toLocaleString('en-US'),
      ...(withCalls ? [each(reads), each(cost.calls.length - reads)] : []),
    ];
  });
  printTable([withCalls ? [...head, 'reads', 'writes'] : head, ...rows]);
}
