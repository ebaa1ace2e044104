/**
 * Verified webhooks that the API, as a process of its own, stores per second, beside pgbench's insert of one row on the
 * same server with as many clients; in rounds A, B, B, A. Each webhook counts only if it was answered 200 and stored.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bindConnection, ensureConnection } from '../../db/connections.ts';
import { withTransaction, type Db } from '../../db/server/connection.ts';
import { cpuSeconds } from '../cpu.ts';
import { quantile } from '../meter.ts';
import { signedWebhooks, withApi, type SignedWebhook } from '../workers/api-part.ts';
import { withPostgres } from '../workers/place.ts';
import { eachOf, spreadOf } from '../workers/spread.ts';
import type { Answer, Measure, Size } from './measure.ts';

const CLIENTS = 32;
const run = promisify(execFile);
const insertSql = `insert into plain_events (body) values ('{"name":"Ada Lovelace","email":"ada@example.com"}');`;

/** CPU in ms of each webhook. */
type Stored = { perSecond: number; perCpuSecond: number; api: number; postgres: number; client: number };

const GOAL = { ratio: 0.5, perCore: 2_000 };

export const measure: Measure = {
  name: 'webhooks',
  about:
    'verified webhooks that the API stores per second, beside a single insert by pgbench with as many clients',
  run: (size) =>
    withPostgres(async ({ db, url, pid: postgres }) => {
      await ensureConnection(db, 'stripe');
      const account = { system: 'stripe', account: 'acct_bench', livemode: false, now: new Date() };
      await withTransaction(db, (tx) => bindConnection(tx, account));
      await db.raw('create table plain_events (id bigserial primary key, body jsonb not null)');
      return await withApi(url, ({ pid, post }) => measureBoth({ db, url, pid, postgres, post }, size));
    }),
};

type Place = {
  db: Db;
  url: string;
  pid: number;
  postgres: number;
  post: (webhook: SignedWebhook) => Promise<void>;
};

async function measureBoth(place: Place, { full, rounds }: Size): Promise<Answer> {
  const count = full ? 20_000 : 5_000;
  const skipped: string[] = [];
  const plain: number[] = [];
  const stored: Stored[] = [];
  await store(place, signedWebhooks(1_000, 'warm'));
  for (let round = 0; round < rounds; round += 1) {
    plain.push(await insertPlain(place.url));
    for (const half of [1, 2]) stored.push(await store(place, signedWebhooks(count, `${round}_${half}`)));
    plain.push(await insertPlain(place.url));
  }
  if (plain.some(Number.isNaN)) skipped.push('pgbench is not installed: the ratio to it');
  const ratios = stored.map(({ perSecond }, at) => perSecond / (plain[at] ?? NaN)).filter(Number.isFinite);
  const rates = stored.map(({ perSecond }) => perSecond);
  const perCore = stored.map(({ perCpuSecond }) => perCpuSecond);
  const beside = `pgbench, one insert, ${CLIENTS} clients: ${Math.round(quantile(plain, 0.5))} per second`;
  return {
    findings: [
      ...(ratios.length === 0
        ? []
        : [
            {
              ...{ id: 'webhooks ÷ pgbench', value: quantile(ratios, 0.5) },
              ...{ unit: 'ratio' as const, spread: spreadOf(ratios), beside },
              ...(quantile(ratios, 0.5) < GOAL.ratio && { why: whyMissed(stored) }),
            },
          ]),
      { id: 'webhooks stored', value: quantile(rates, 0.5), unit: 'per second', spread: spreadOf(rates) },
      {
        ...{ id: 'webhooks per API core', value: quantile(perCore, 0.5), unit: 'per second' },
        spread: spreadOf(perCore),
        ...(quantile(perCore, 0.5) < GOAL.perCore && { why: whyMissed(stored) }),
      },
    ],
    skipped,
  };
}

/** All of them share the cores, and one process of the API uses little more than one. */
function whyMissed(stored: readonly Stored[]): string {
  const ms = (key: 'api' | 'postgres' | 'client'): string =>
    `${quantile(
      stored.map((one) => one[key]),
      0.5,
    ).toFixed(2)} ms`;
  return (
    `a webhook takes ${ms('api')} of CPU in the API, which reads, verifies, parses and answers it in one thread, ` +
    `${ms('postgres')} in PostgreSQL and ${ms('client')} in the client; they share ${availableParallelism()} cores`
  );
}

async function store(
  { db, pid, postgres, post }: Place,
  webhooks: readonly SignedWebhook[],
): Promise<Stored> {
  const before = {
    ...{ events: await countEvents(db), cpu: await cpuSeconds(pid) },
    ...{ postgres: await cpuSeconds(postgres), own: process.cpuUsage() },
  };
  const began = performance.now();
  await eachOf(webhooks, CLIENTS, post);
  const seconds = (performance.now() - began) / 1_000;
  const cpu = (await cpuSeconds(pid)) - before.cpu;
  const { user, system } = process.cpuUsage(before.own);
  const ofPostgres = (await cpuSeconds(postgres)) - before.postgres;
  const events = (await countEvents(db)) - before.events;
  if (events !== webhooks.length)
    throw new Error(`${webhooks.length} webhooks were answered 200, ${events} are stored`);
  const each = (used: number): number => (used / events) * 1_000;
  return {
    ...{ perSecond: events / seconds, perCpuSecond: events / cpu },
    ...{ api: each(cpu), postgres: each(ofPostgres), client: each((user + system) / 1e6) },
  };
}

async function countEvents(db: Db): Promise<number> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>('select count(*) from sync_events');
  return rows[0]?.count ?? NaN;
}

/** Per second; NaN where pgbench is not installed. */
async function insertPlain(url: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
  try {
    const script = join(folder, 'insert.sql');
    await writeFile(script, insertSql);
    const flags = ['-n', '-M', 'prepared', '-c', String(CLIENTS), '-j', '2', '-T', '4', '-f', script, url];
    const { stdout } = await run('pgbench', flags);
    return Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return NaN;
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
