/**
 * What a second system costs the first: creates at each of two systems alone, at both together, and
 * at one while every call of the other hangs. The systems are Stripe's simulator and the toy of
 * test/support/toy/.
 *
 *   node bench/two-systems.ts [--events 200] [--rounds 3]
 *
 * Every role runs in this process as `twinbox up` composes it, once with each system alone and once
 * with both; the doubles run in this process too. In each half the systems are paused, rows are
 * created until all of them wait for each system, and the pauses end. The rate of a system is
 * counted from its first request to the end of its last create, so it is that of its lane and not
 * that of the API. The rates of the accounts are far above it: two systems share the computing time
 * of one process, and this is what "together" shows. Order: A, B, AB, AB, B, A; then in each round
 * alone, beside the hung one, beside the hung one, alone, for each system.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startSystem, type System } from '../cli/embedded/system.ts';
import { pauseConnection, resumeConnection } from '../db/connections.ts';
import { readSyncBacklog } from '../db/health/readiness.ts';
import { readRelayLag } from '../db/relay/lag.ts';
import type { Db } from '../db/server/connection.ts';
import { ignoreConnectionSettings, loadConfig } from '../lib/config/config.ts';
import { createRegistry, systems } from '../lib/integrations/registry.ts';
import { createLogger } from '../lib/log.ts';
import { waitUntil } from '../lib/loop.ts';
import { createSimulator } from '../simulator/simulator.ts';
import { createTestDatabase } from '../test/support/database.ts';
import { stopOwnServer } from '../test/support/server.ts';
import { toyAt } from '../test/support/toy/double/definition.ts';
import { startToy } from '../test/support/toy/double/server.ts';
import { printTable, quantile } from './meter.ts';

const { values } = parseArgs({
  options: { events: { type: 'string', default: '200' }, rounds: { type: 'string', default: '3' } },
});
const EVENTS = Number(values.events);
const ROUNDS = Number(values.rounds);
/** Calls a second that the account of Stripe allows here, as that of the toy. */
const MOST = 1_000;
const IN_FLIGHT = 16;
/** One half may take this long. */
const HALF_MS = 120_000;
/** After a hung half, the breaker may be open for a while. */
const DRAIN_MS = 120_000;
/** If something hangs that should not, the measurement ends after this time. */
const LIMIT_MS = 900_000;

type Name = 'stripe' | 'toy';
const BOTH = ['stripe', 'toy'] as const;
const other = (name: Name): Name => (name === 'stripe' ? 'toy' : 'stripe');

interface Setup {
  names: readonly Name[];
  system: System;
  /** From now on no call of this system is answered. */
  hang(name: Name): void;
  release(): void;
  /** How many calls wait for an answer. */
  held(): number;
  /** Resolves when every webhook of Stripe's simulator has been delivered. */
  webhooksEnd(): Promise<unknown>;
  stop(): Promise<void>;
}

const limit = setTimeout(() => {
  console.error(`not done within ${LIMIT_MS / 1_000} s`);
  process.exit(1);
}, LIMIT_MS);
const setups: Setup[] = [];
let serial = 0;
try {
  const alone = { stripe: await setUp(['stripe']), toy: await setUp(['toy']) };
  const together = await setUp(BOTH);
  for (const setup of setups) await half(setup); // the first one warms up
  await measure(alone, together);
} finally {
  for (const setup of setups) await setup.stop();
  await stopOwnServer({ keep: false });
  clearTimeout(limit);
}

async function setUp(names: readonly Name[]): Promise<Setup> {
  const database = await createTestDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
  const simulator = createSimulator({ rateLimits: { globalPerSecond: null, endpointPerSecond: null } });
  await simulator.listen();
  const toy = await startToy();
  const settings = {
    ...ignoreConnectionSettings(),
    DATABASE_URL: database.url,
    TWINBOX_DATA_DIR: folder,
    SIMULATOR_URL: simulator.url,
    STRIPE_RATE_LIMIT: String(MOST),
    STRIPE_ENDPOINT_RATE_LIMIT: String(MOST),
  };
  const definitions = [...systems.all, toyAt(toy.url, { rateLimit: MOST })];
  const system = await startSystem({
    config: loadConfig(settings, { envFile: false }),
    log: createLogger({ level: 'error', format: 'pretty' }),
    ports: { api: 0, simulator: 0 },
    systems: createRegistry(definitions.filter(({ name }) => names.includes(name as Name))),
  });
  const setup: Setup = {
    ...{ names, system },
    hang(name) {
      if (name === 'toy') toy.hang();
      else simulator.faults.add({ kind: 'hang', times: null });
    },
    release() {
      toy.release();
      simulator.faults.clear();
    },
    held: () => toy.waiting() + simulator.faults.held().length,
    webhooksEnd: () => simulator.webhooks.idle(),
    async stop() {
      setup.release();
      await system.stop();
      await toy.close();
      await simulator.close();
      await database.db.destroy();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  setups.push(setup);
  return setup;
}

/** Creates that many rows for each system, and counts how fast those that do not hang get them. */
async function half({ names, system, ...doubles }: Setup, hung?: Name): Promise<Record<Name, number>> {
  const { db, store } = system;
  const soon = { timeoutMs: HALF_MS, everyMs: 100 };
  for (const name of names) await pauseConnection(db, name, 'bench', new Date());
  let left = EVENTS;
  const create = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      serial += 1;
      await store.create({ name: `Customer ${serial}`, email: `c${serial}@example.com` }, { context: {} });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, create));
  await waitUntil(async () => (await countUnlinked(db)) === EVENTS * names.length, {
    ...soon,
    what: 'every row waits for each system',
  });
  if (hung) doubles.hang(hung);
  const began = new Date();
  for (const name of names) await resumeConnection(db, name, began);
  const measured = await waitUntil(
    async () => {
      const found = await readCreates(db, began);
      return names.every((name) => name === hung || found[name].count === EVENTS) && found;
    },
    { ...soon, what: 'each system that answers has every row' },
  );
  if (hung && (doubles.held() === 0 || measured[hung].count > 0))
    throw new Error(`${hung} was meant to hang`);
  doubles.release();
  const isDone = async (): Promise<boolean> =>
    (await readRelayLag(db)).oldest === null && (await readSyncBacklog(db)).dirty === 0;
  const toTheEnd = { timeoutMs: DRAIN_MS, everyMs: 100, what: 'nothing is left to do' };
  await waitUntil(isDone, toTheEnd);
  await doubles.webhooksEnd();
  await waitUntil(isDone, toTheEnd);
  const perSecond = ({ count, ms }: Creates): number => (1_000 * count) / ms;
  return { stripe: perSecond(measured.stripe), toy: perSecond(measured.toy) };
}

/** The pairs whose record is still to be created. */
async function countUnlinked(db: Db): Promise<number> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `select count(*)::int as count from external_mappings where external_id is null and dirty <> clean`,
  );
  return rows[0]?.count ?? 0;
}

interface Creates {
  count: number;
  ms: number;
}

/** The creates that have ended since then, and the time from the first request to the last end. */
async function readCreates(db: Db, since: Date): Promise<Record<Name, Creates>> {
  const { rows } = await db.raw<{ rows: ({ system: Name } & Creates)[] }>(
    `select m.system, count(*)::int as count,
       (extract(epoch from max(i.closed_at) - min(i.first_sent_at)) * 1000)::float8 as ms
     from sync_intents i join external_mappings m on m.id = i.mapping_id
     where i.operation = 'create' and i.result = 'done' and i.first_sent_at >= :since
     group by m.system`,
    { since },
  );
  const of = (name: Name): Creates => rows.find(({ system }) => system === name) ?? { count: 0, ms: NaN };
  return { stripe: of('stripe'), toy: of('toy') };
}

async function measure(alone: Record<Name, Setup>, together: Setup): Promise<void> {
  const sums = { alone: { stripe: 0, toy: 0 }, together: { stripe: 0, toy: 0 } };
  for (const which of ['stripe', 'toy', 'both', 'both', 'toy', 'stripe'] as const) {
    if (which !== 'both') sums.alone[which] += (await half(alone[which]))[which] / 2;
    else {
      const rates = await half(together);
      for (const name of BOTH) sums.together[name] += rates[name] / 2;
    }
  }
  printTable([
    ['creates, events per second', 'alone', 'together', 'together/alone'],
    ...BOTH.map((name) => [
      name,
      sums.alone[name].toFixed(1),
      sums.together[name].toFixed(1),
      (sums.together[name] / sums.alone[name]).toFixed(3),
    ]),
  ]);

  const halves = { stripe: newHalves(), toy: newHalves() };
  for (let round = 0; round < ROUNDS; round += 1)
    for (const name of BOTH) {
      const { calm, beside, ratios } = halves[name];
      const calm1 = (await half(alone[name]))[name];
      const beside1 = (await half(together, other(name)))[name];
      const beside2 = (await half(together, other(name)))[name];
      const calm2 = (await half(alone[name]))[name];
      calm.push(calm1, calm2);
      beside.push(beside1, beside2);
      ratios.push((beside1 + beside2) / (calm1 + calm2));
    }
  printTable([
    [
      `median of ${ROUNDS * 2} halves, /s`,
      'alone',
      'while the other hangs',
      `ratio: median of ${ROUNDS} rounds`,
      'lowest',
      'highest',
      'goal',
    ],
    ...BOTH.map((name) => {
      const { calm, beside, ratios } = halves[name];
      const ratio = [0.5, 0, 1].map((part) => quantile(ratios, part).toFixed(3));
      return [name, quantile(calm, 0.5).toFixed(1), quantile(beside, 0.5).toFixed(1), ...ratio, '≥ 0.990'];
    }),
  ]);
}

function newHalves(): { calm: number[]; beside: number[]; ratios: number[] } {
  return { calm: [], beside: [], ratios: [] };
}
