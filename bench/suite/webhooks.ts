/**
 * Verified webhooks that the API, as a process of its own, stores per second, beside pgbench's insert of one row on the
 * same server with as many clients; in rounds A, B, B, A. Each webhook counts only if it was answered 200 and stored.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
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

type Stored = { perSecond: number; perCpuSecond: number };

export const measure: Measure = {
  name: 'webhooks',
  about:
    'verified webhooks that the API stores per second, beside a single insert by pgbench with as many clients',
  run: (size) =>
    withPostgres(async ({ db, url }) => {
      await ensureConnection(db, 'stripe');
      const account = { system: 'stripe', account: 'acct_bench', livemode: false, now: new Date() };
      await withTransaction(db, (tx) => bindConnection(tx, account));
      await db.raw('create table plain_events (id bigserial primary key, body jsonb not null)');
      return await withApi(url, ({ pid, post }) => measureBoth({ db, url, pid, post }, size));
    }),
};

type Place = { db: Db; url: string; pid: number; post: (webhook: SignedWebhook) => Promise<void> };

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
            },
          ]),
      { id: 'webhooks stored', value: quantile(rates, 0.5), unit: 'per second', spread: spreadOf(rates) },
      {
        ...{ id: 'webhooks per API core', value: quantile(perCore, 0.5), unit: 'per second' },
        spread: spreadOf(perCore),
      },
    ],
    skipped,
  };
}

async function store({ db, pid, post }: Place, webhooks: readonly SignedWebhook[]): Promise<Stored> {
  const before = { events: await countEvents(db), cpu: await cpuSeconds(pid) };
  const began = performance.now();
  await eachOf(webhooks, CLIENTS, post);
  const seconds = (performance.now() - began) / 1_000;
  const cpu = (await cpuSeconds(pid)) - before.cpu;
  const events = (await countEvents(db)) - before.events;
  if (events !== webhooks.length)
    throw new Error(`${webhooks.length} webhooks were answered 200, ${events} are stored`);
  return { perSecond: events / seconds, perCpuSecond: events / cpu };
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
