// Kills a worker at every failpoint of a case, each time the worker passes it, and checks the
// result after a restart. One worker first runs the case to its end, which shows its failpoints; so
// the table finds a new failpoint by itself.
import { expect } from 'chai';
import type { Db } from '../../db/server/connection.ts';
import { readAccountRecords } from '../../lib/intake/account-reading.ts';
import { sweep } from '../../lib/intake/sweep.ts';
import { expectAgreement } from '../support/invariants.ts';
import type { Workers } from '../support/killed-worker.ts';
import { expireLeases } from '../support/sync-rows.ts';
import { createWorld, emptyTables } from '../support/sync.ts';
import { createInbound, type TwoWayWorld } from '../support/two-way.ts';
import type { Person, Way } from './ways.ts';

export interface Row {
  way: string;
  points: Point[];
}

export interface Point {
  name: string;
  kills: number;
  /** What did not hold after a kill at this failpoint. */
  violations: string[];
}

const MINUTE = 60_000;

/**
 * The failpoints that a worker passes in this case, in order. Throws if the case fails even without
 * a kill.
 */
export async function record(db: Db, workers: Workers, way: Way): Promise<string[]> {
  return inWorld(db, async (world) => {
    await way.prepare(world);
    const passed = await workers.work(world);
    if (passed === null) throw new Error(`${way.name}: killed from outside`);
    await restart(world);
    await look(world, way);
    return passed;
  });
}

export async function killAtAll(db: Db, workers: Workers, way: Way): Promise<Row> {
  const points = new Map<string, Point>();
  for (const name of await record(db, workers, way)) {
    const point = points.get(name) ?? { name, kills: 0, violations: [] };
    points.set(name, point);
    point.kills += 1;
    const at = `${name}@${point.kills}`;
    const wrong = await killAt(db, workers, way, `${name}=kill@${point.kills}`);
    if (wrong !== null) point.violations.push(`${way.name}, killed at ${at}: ${wrong}`);
  }
  return { way: way.name, points: [...points.values()] };
}

/** What is wrong afterwards; null if nothing is. */
function killAt(db: Db, workers: Workers, way: Way, failpoint: string): Promise<string | null> {
  return inWorld(db, async (world) => {
    await way.prepare(world);
    if ((await workers.work(world, failpoint)) !== null) return 'it was not killed';
    try {
      await restart(world);
      await look(world, way);
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  });
}

async function inWorld<T>(db: Db, work: (world: TwoWayWorld) => Promise<T>): Promise<T> {
  await emptyTables(db);
  await db.raw('delete from leases');
  const world = await createWorld(db, {});
  try {
    await world.lane.runOnce(); // binds the account
    return await work({ ...world, ...createInbound(world) });
  } finally {
    await world.simulator.close();
  }
}

/**
 * A worker that is started after every lease of the dead one has expired, with all that a worker
 * does besides.
 */
async function restart(world: TwoWayWorld): Promise<void> {
  await expireLeases(world.db);
  await world.db.raw(`update leases set until = clock_timestamp()`);
  world.advance(2 * MINUTE);
  const { signal } = new AbortController();
  await sweep(world.deps, { retentionDays: 35, signal });
  await readAccountRecords(world.deps, signal);
  await world.rest();
}

async function look(world: TwoWayWorld, { living, conflicts = [] }: Way): Promise<void> {
  const { db, simulator } = world;
  await expectAgreement(world);
  const read = async <T>(sql: string): Promise<T[]> => (await db.raw<{ rows: T[] }>(sql)).rows;
  const here = await read<Person>(`select name, email from customers where deleted_at is null order by id`);
  const there = simulator.customers().map(({ name, email }) => ({ name, email }));
  const open = await read(
    `select event_type, status from sync_deliveries where status in ('queued', 'waiting', 'parked')`,
  );
  const recorded = await read<{ ours: string; theirs: string }>(
    `select ours #>> '{}' as ours, theirs #>> '{}' as theirs from sync_conflicts where field is not null order by id`,
  );
  expect(here, 'our rows').to.deep.equal(living);
  expect(there, 'their customers').to.deep.equal(living);
  expect(open, 'open deliveries').to.deep.equal([]);
  expect(recorded.map(({ ours, theirs }) => [ours, theirs])).to.deep.equal(conflicts);
}

/**
 * A line for each case, with kills and violations at each of its failpoints; the last line has the
 * sums.
 */
export function describeTable(rows: readonly Row[]): string {
  const points = rows.flatMap((row) => row.points);
  const kills = sum(points.map((point) => point.kills));
  const violations = sum(points.map((point) => point.violations.length));
  const names = new Set(points.map(({ name }) => name));
  const width = Math.max(...[...names].map((name) => name.length));
  const lines = rows.flatMap((row) => [
    `${row.way}: ${sum(row.points.map((point) => point.kills))} kills`,
    ...row.points.map(
      (point) =>
        `  ${point.name.padEnd(width)} ${String(point.kills).padStart(2)} ${point.kills === 1 ? 'kill ' : 'kills'}  ${point.violations.length} violations`,
    ),
  ]);
  const sums = `crash points: ${kills} kills at ${names.size} points of ${rows.length} ways, ${violations} violations`;
  return [...lines, sums].map((line) => `    ${line}`).join('\n');
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
