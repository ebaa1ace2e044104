// Two catalogues that were both filled before the first link, and all that happens while they are
// linked.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Db } from '../../db/server/connection.ts';
import { createSimulator, type Simulator } from '../../simulator/simulator.ts';
import { createTestDatabase } from '../support/database.ts';
import { waitUntil } from '../support/signal.ts';
import { call, type Place, type Up } from '../cli/twinbox.ts';

export interface Catalogues {
  db: Db;
  url: string;
  simulator: Simulator;
  /** How many rows and records of each kind there are. */
  counts: {
    pairs: number;
    differing: number;
    blank: number;
    alone: number;
    unmatched: number;
    twice: number;
  };
  end(): Promise<void>;
}

/** Settings of every process of this test. Stripe's own limits would only make the test wait. */
export function settingsOf({ url, simulator }: Catalogues): Record<string, string> {
  return {
    DATABASE_URL: url,
    SIMULATOR_URL: simulator.url,
    STRIPE_RATE_LIMIT: '1000',
    STRIPE_ENDPOINT_RATE_LIMIT: '1000',
  };
}

/**
 * `size` rows and as many records: most are pairs by their email, some pairs differ, some have no
 * partner.
 */
export async function fillCatalogues(size: number): Promise<Catalogues> {
  const { db, url, drop } = await createTestDatabase({ migrated: false, poolSize: 2 });
  const simulator = createSimulator({ rateLimits: { globalPerSecond: null, endpointPerSecond: null } });
  await simulator.listen();
  await db.raw(
    `create table customers (id serial primary key, name varchar(80) not null, email varchar(120) unique, plan text)`,
  );
  await db.raw(
    `insert into customers (name, email, plan)
     select 'Person ' || n, case when n % 3 = 0 then 'Person' || n || '@Example.com' else 'person' || n || '@example.com' end, 'gold'
     from generate_series(0, :size::integer - 1) n`,
    { size },
  );
  const counts = { pairs: 0, differing: 0, blank: 0, alone: 0, unmatched: 0, twice: 0 };
  for (let n = 0; n < size; n++) {
    const email = `person${n}@example.com`;
    const kind = n % 10;
    if (kind === 9) {
      counts.alone += 1;
      counts.unmatched += 1;
      simulator.dashboard.createCustomer({ name: `Unmatched ${n}`, email: `unmatched${n}@example.com` });
      continue;
    }
    counts.pairs += 1;
    if (kind === 8) counts.differing += 1;
    if (kind === 7) counts.blank += 1;
    const name = kind === 8 ? `Other ${n}` : kind === 7 ? null : `Person ${n}`;
    simulator.dashboard.createCustomer({ name, email });
  }
  // Of two records made in one second the list does not show which is older.
  simulator.clock.advance(2_000);
  for (let n = 0; n < size; n += 50) {
    if (n % 10 === 9) continue;
    counts.twice += 1;
    simulator.dashboard.createCustomer({ name: `Again ${n}`, email: `person${n}@example.com` });
  }
  return {
    ...{ db, url, simulator, counts },
    end: async () => {
      await simulator.close();
      await db.destroy();
      await drop();
    },
  };
}

export interface Linked {
  edits: number;
  kills: number;
  seconds: number;
  /** The most memory that a process used, in MB; null where the system does not report it. */
  upMb: number | null;
}

/**
 * Starts everything, gives consent, edits on both sides meanwhile, and kills the system while it
 * links.
 */
export async function linkThem(
  { db, simulator, counts }: Catalogues,
  place: Place,
  { killAt, edits: wanted }: { killAt: number[]; edits: number },
): Promise<Linked> {
  const begin = performance.now();
  let up: Up = await place.up();
  const { code, stderr } = await place.run(['link', '--all', '--yes']);
  expect(code, stderr).to.equal(0);
  const rows = counts.pairs + counts.alone;
  const linked = async (): Promise<number> => {
    const { rows: found } = await db.raw<{ rows: { count: number }[] }>(
      `select count(*) from external_mappings where state = 'linked' and internal_id is not null`,
    );
    return found[0]?.count ?? 0;
  };
  let edits = 0;
  let upMb = 0;
  const ended = new AbortController();
  const editor = (async () => {
    const records = simulator.customers().map(({ id }) => id);
    while (!ended.signal.aborted && edits < wanted) {
      const n = (edits * 37) % rows;
      const record = records[(edits * 53) % records.length] ?? '';
      simulator.dashboard.updateCustomer(record, { name: `There ${edits}` });
      // A process that was just killed does not answer.
      await call('PATCH', `${up.api}/api/v1/customers/${n + 1}`, { name: `Here ${edits}` }).then(
        () => (edits += 1),
        () => undefined,
      );
      await call('GET', `${up.api}/health`).catch(() => undefined);
    }
  })();
  for (const share of killAt) {
    await waitUntil(async () => (await linked()) >= share * rows, {
      timeoutMs: 600_000,
      everyMs: 200,
      what: `${share} of the rows are linked`,
    });
    upMb = Math.max(upMb, peakMb(up.pid) ?? 0);
    up.process.kill('SIGKILL');
    await up.exited;
    up = await place.up();
  }
  // A second time, as a person would after an interruption: a pair with consent keeps it.
  const again = await place.run(['link', '--all', '--yes', '--json']);
  expect([0, 3], again.stderr).to.include(again.code);
  await waitUntil(async () => (await linked()) >= rows + counts.unmatched, {
    timeoutMs: 900_000,
    everyMs: 500,
    what: 'all are linked',
  });
  ended.abort();
  await editor;
  upMb = Math.max(upMb, peakMb(up.pid) ?? 0);
  return {
    edits,
    kills: killAt.length,
    seconds: (performance.now() - begin) / 1_000,
    upMb: upMb === 0 ? null : upMb,
  };
}

/** The most memory that a process has used, as Linux reports it. */
export function peakMb(pid: number): number | null {
  try {
    const kib = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? null : Math.round(Number(kib) / 1024);
  } catch {
    return null;
  }
}

/** Both sides agree, no customer was created twice, and nothing is left to do. */
export async function expectLinked(
  { db, simulator, counts }: Catalogues,
  place: Pick<Place, 'run'>,
): Promise<void> {
  await simulator.webhooks.idle();
  const { code, stdout } = await place.run(['verify', '--wait', '120']);
  expect(code, stdout).to.equal(0);
  expect(stdout).to.match(/ 0 drift/);
  const { rows } = await db.raw<{ rows: { state: string; count: number }[] }>(
    `select state || coalesce(' ' || reason, '') as state, count(*) from external_mappings group by 1 order by 1`,
  );
  const { pairs, alone, unmatched, twice } = counts;
  expect(rows).to.deep.equal([
    { state: 'alias', count: twice },
    { state: 'linked', count: pairs + alone + unmatched },
  ]);
  expect(simulator.customers(), 'customers there').to.have.length(pairs + alone + unmatched + twice);
  expect(simulator.ledger.effects().repeated).to.deep.equal([]);
}
