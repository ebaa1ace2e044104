// Imports through the API, kills the process in the middle, starts it again, and imports again: no
// customer is lost or created twice.
import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { countLivingCustomers, countMappings } from '../../../db/health/reports.ts';
import { waitUntil } from '../../../lib/loop.ts';
import { CliError, exit } from '../../exit.ts';
import { readRows, type Row } from '../../../lib/customers/import/rows.ts';
import type { Narrator } from '../narrator.ts';
import type { CustomerView, World } from '../world.ts';

const FILE = new URL('../../../data/chinook-customers.csv', import.meta.url);
/**
 * Rows that are written before the kill: most of them, so that some are at Stripe, some are on
 * their way and some are not sent.
 */
const BEFORE_KILL = 45;
const AT_STRIPE = 12;

export async function startSystem(world: World, narrator: Narrator): Promise<void> {
  narrator.step('Start: API, relay, worker and Stripe simulator in one process, and PostgreSQL beside it');
  const startedAt = performance.now();
  await world.start();
  const { db, embedded } = world.database;
  if (!embedded && (await countLivingCustomers(db)) > 0) {
    throw new CliError(
      exit.settings,
      'the database of DATABASE_URL holds customers; the demo needs a database without customers',
    );
  }
  narrator.line(
    `up after ${seconds(startedAt)} s, process ${world.process.pid}, API at ${world.process.api}`,
  );
}

export async function importThroughCrash(world: World, narrator: Narrator): Promise<void> {
  const { db } = world.database;
  narrator.step(
    'Import 59 real customers (the Chinook file) by POST /api/v1/customers, and kill -9 in the middle',
  );
  await importUntilKilled(world);
  const committed = await countLivingCustomers(db);
  const linked = await countLinked(world);
  narrator.line(
    `killed: ${committed} rows are committed, ${linked} of them at Stripe, the rest on their way or not sent`,
  );
  if (committed === 0 || linked >= 59)
    throw new CliError(exit.failed, 'the process was not killed in the middle');

  narrator.step('Start it again, and import the same file again');
  const restartedAt = performance.now();
  await world.start();
  const again = await importAll(world, chinook());
  if (again.created + again.skipped !== 59)
    throw new CliError(exit.failed, `the second import left rows out: ${JSON.stringify(again)}`);
  narrator.line(
    `${again.created} created, ${again.skipped} skipped: they had been committed before the kill`,
  );
  await world.quiet();
  await assertOnce(world, narrator, seconds(restartedAt));
  const { body } = await world.request<CustomerView[]>('GET', '/customers?limit=100');
  narrator.rows(body.slice(0, 3).map(rowOf));
}

export function rowOf({ id, name, email, external_mappings, sync }: CustomerView): string[] {
  const record =
    external_mappings['stripe'] ?? `${sync['stripe']?.state ?? '–'}: ${sync['stripe']?.reason ?? ''}`;
  return [`customer ${id}`, name, email, record];
}

async function importUntilKilled(world: World): Promise<void> {
  async function* rows(): AsyncGenerator<Row> {
    let sent = 0;
    for await (const row of chinook()) {
      if (sent === BEFORE_KILL) {
        await waitUntil(async () => (await countLinked(world)) >= AT_STRIPE, {
          timeoutMs: 30_000,
          everyMs: 5,
          what: `${AT_STRIPE} customers reach Stripe`,
        });
        await world.process.kill();
      }
      yield row;
      sent += 1;
    }
  }
  try {
    await importAll(world, rows());
  } catch (error) {
    // fetch throws a TypeError when no process listens on the port any more; this step expects it.
    if (error instanceof TypeError) return;
    throw error;
  }
  throw new CliError(exit.failed, 'the API answered although its process was killed');
}

function chinook(): AsyncGenerator<Row> {
  return readRows(createReadStream(fileURLToPath(FILE)));
}

/** The rows of `twinbox import`, each written by a request of its own, as a program would. */
async function importAll(
  world: World,
  rows: AsyncIterable<Row>,
): Promise<{ created: number; skipped: number }> {
  const counts = { created: 0, skipped: 0 };
  for await (const row of rows) {
    if ('problem' in row) throw new CliError(exit.failed, `line ${row.line} ${row.problem}`);
    const { status } = await world.request<CustomerView>('POST', '/customers', row.values);
    if (status !== 201 && status !== 409)
      throw new CliError(exit.failed, `POST /customers answered ${status}`);
    counts[status === 201 ? 'created' : 'skipped'] += 1;
  }
  return counts;
}

async function countLinked(world: World): Promise<number> {
  const [stripe] = await countMappings(world.database.db);
  return stripe?.linked ?? 0;
}

type Effects = { created: number; living: number; repeated: unknown[] };

async function assertOnce(world: World, narrator: Narrator, after: string): Promise<void> {
  const linked = await countLinked(world);
  if (world.process.simulator === null) {
    narrator.line(`${linked} of 59 at Stripe after ${after} s`);
    return;
  }
  const { living, repeated } = await world.control<Effects>('GET', '/ledger/effects');
  if (living !== linked || repeated.length > 0) {
    throw new CliError(exit.failed, `${linked} customers are linked, but Stripe has ${living}`);
  }
  narrator.line(
    `after ${after} s ${linked} of 59 are at Stripe, which has ${living} customers: no customer twice`,
  );
}

export function seconds(since: number): string {
  return ((performance.now() - since) / 1_000).toFixed(1);
}
