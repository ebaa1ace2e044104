// What measurements of work in the database share: a meter of statements and WAL, the costs that
// are added up from it, and how they are printed.
import { table } from '../cli/output.ts';
import type { Db } from '../db/server/connection.ts';

export interface Figures {
  statements: number;
  roundTrips: number;
  wal: number;
}

export interface Cost extends Figures {
  events: number;
  ms: number[];
  calls: string[];
}

export type Costs = Map<string, Cost>;

export interface Meter {
  /** The figures since the last call. */
  read(): Promise<Figures>;
}

/** Counts the statements of this process, without its own query for the WAL. */
export async function createMeter(counted: Db): Promise<Meter> {
  let statements = 0;
  let roundTrips = 0;
  counted.on('query', ({ sql }: { sql: string }) => {
    roundTrips += 1;
    if (!/^(begin|commit|rollback|savepoint|release)\b/i.test(sql)) statements += 1;
  });
  const position = async (): Promise<number> => {
    const { rows } = await counted.raw<{ rows: { at: string }[] }>(
      `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::text as at`,
    );
    return Number(rows[0]?.at);
  };
  let wal = await position();
  return {
    async read() {
      const counts = { statements, roundTrips };
      const now = await position();
      const cost = { ...counts, wal: now - wal };
      wal = now;
      statements = 0;
      roundTrips = 0;
      return cost;
    },
  };
}

const STEADY = {
  full_page_writes: 'off',
  checkpoint_timeout: '1d',
  max_wal_size: '10GB',
  autovacuum: 'off',
} as const;

/**
 * Runs the work on a server that writes WAL only for it: without the pages that PostgreSQL writes
 * again after a checkpoint, so without checkpoints too, and without autovacuum.
 */
export async function withSteadyWal(db: Db, work: () => Promise<void>): Promise<void> {
  for (const [name, value] of Object.entries(STEADY)) await db.raw(`alter system set ${name} = '${value}'`);
  await db.raw('select pg_reload_conf()');
  try {
    await work();
  } finally {
    for (const name of Object.keys(STEADY)) await db.raw(`alter system reset ${name}`);
    await db.raw('select pg_reload_conf()');
  }
}

export function costOf(costs: Costs, what: string): Cost {
  const cost = costs.get(what) ?? { events: 0, ms: [], statements: 0, roundTrips: 0, wal: 0, calls: [] };
  costs.set(what, cost);
  return cost;
}

export function addTo(cost: Cost, events: number, more: Figures): void {
  cost.events += events;
  cost.statements += more.statements;
  cost.roundTrips += more.roundTrips;
  cost.wal += more.wal;
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
}

export function printTable(rows: string[][]): void {
  console.log();
  for (const line of table(rows)) console.log(line.trimEnd());
}
