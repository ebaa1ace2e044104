// What an Idempotency-Key costs a write of the API: the same requests without and with a key, over
// HTTP, on a PostgreSQL of its own that does not wait for the disk (so that the disk hides no cost).
//
//   node bench/idempotent-writes.ts [--rounds 30]
//
// Rounds A, B, B, A of ten requests each, one after the other, so that other work on the machine hits
// both alike; the ratio is that of the medians of a round. The goal is at most 1.25.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startEmbeddedPostgres } from '../cli/embedded/postgres.ts';
import { keepPartitions } from '../db/partitions/partitions.ts';
import { createDb } from '../db/server/connection.ts';
import { migrate } from '../db/server/migrate.ts';
import { databaseUrl, ensureDatabase } from '../db/server/server.ts';
import { startApi } from '../test/api/start-api.ts';
import { createMeter, printTable, quantile } from './meter.ts';
import { endServer } from './end-server.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '30' } } });
const rounds = Number(values.rounds);
/** Requests in a round. */
const EACH = 10;
const GOAL = 1.25;

const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
const server = await startEmbeddedPostgres({
  dataDir: join(folder, 'postgres'),
  log: () => undefined,
  fsync: false,
});
await ensureDatabase(server.url, 'bench');
const db = createDb({ url: databaseUrl(server.url, 'bench'), poolSize: 2, applicationName: 'bench' });
await migrate(db);
await keepPartitions(db, { now: new Date(), retentionDays: 35 });
const meter = await createMeter(db);
const api = await startApi({ db });
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

type Call = { method: string; path: string; body?: object };

function send({ method, path, body }: Call, withKey: boolean): Promise<string> {
  const text = body === undefined ? '' : JSON.stringify(body);
  const headers = {
    ...(text !== '' && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
    ...(withKey && { 'Idempotency-Key': randomUUID() }),
  };
  return new Promise((resolve, reject) => {
    const call = request(api.server.url + path, { method, agent, headers }, (answer) => {
      let got = '';
      answer.setEncoding('utf8').on('data', (part: string) => (got += part));
      answer.once('end', () =>
        (answer.statusCode ?? 500) < 300
          ? resolve(answer.headers.location ?? '')
          : reject(new Error(`${method} ${path} answered ${answer.statusCode}: ${got}`)),
      );
    });
    call.once('error', reject);
    call.end(text);
  });
}

let serial = 0;
const fresh = () => ({ name: 'Ada Lovelace', email: `ada${(serial += 1)}@example.com` });
const customers = '/api/v1/customers';
const create = (withKey: boolean) => send({ method: 'POST', path: customers, body: fresh() }, withKey);

/** The requests of one round; making the customers for it is not measured. */
const kinds: Record<string, (paths: readonly string[]) => Call[]> = {
  POST: (paths) => paths.map(() => ({ method: 'POST', path: customers, body: fresh() })),
  PATCH: (paths) => paths.map((path) => ({ method: 'PATCH', path, body: { name: `Name ${(serial += 1)}` } })),
  'PATCH that changes nothing': (paths) =>
    paths.map((path) => ({ method: 'PATCH', path, body: { name: 'Ada Lovelace' } })),
  DELETE: (paths) => paths.map((path) => ({ method: 'DELETE', path })),
};

/** Milliseconds of each request, and the round trips of one. */
async function measure(calls: readonly Call[], withKey: boolean): Promise<{ ms: number[]; trips: number }> {
  await meter.read();
  const ms: number[] = [];
  for (const call of calls) {
    const began = performance.now();
    await send(call, withKey);
    ms.push(performance.now() - began);
  }
  return { ms, trips: (await meter.read()).roundTrips / calls.length };
}

async function freshPaths(): Promise<string[]> {
  const paths: string[] = [];
  while (paths.length < EACH) paths.push(await create(false));
  return paths;
}

const median = (numbers: readonly number[]): number => quantile(numbers, 0.5);

try {
  const shown = [['', 'ms without', 'with a key', 'ratio', 'quarters', 'round trips', '']];
  for (const [kind, callsFor] of Object.entries(kinds)) {
    const [without, withKey, ratios]: [number[], number[], number[]] = [[], [], []];
    const trips = new Set<string>();
    const round = async (keyed: boolean): Promise<number> => {
      const measured = await measure(callsFor(await freshPaths()), keyed);
      trips.add(`${keyed ? 'with' : 'without'} ${measured.trips.toFixed(2)}`);
      (keyed ? withKey : without).push(...measured.ms);
      return median(measured.ms);
    };
    for (const keyed of [false, true, true, false]) await round(keyed);
    without.length = withKey.length = 0;
    for (let n = 0; n < rounds; n += 1) {
      const [a1, b1, b2, a2] = [await round(false), await round(true), await round(true), await round(false)];
      ratios.push((b1 + b2) / (a1 + a2));
    }
    const ratio = median(ratios);
    shown.push([
      kind,
      ...[median(without).toFixed(3), median(withKey).toFixed(3), ratio.toFixed(3)],
      `${quantile(ratios, 0.25).toFixed(2)} … ${quantile(ratios, 0.75).toFixed(2)}`,
      [...trips].sort().join(', '),
      ratio <= GOAL ? '' : 'not reached',
    ]);
  }
  printTable(shown);
} finally {
  agent.destroy();
  await api.server.close();
  await db.destroy();
  await endServer(server);
  await rm(folder, { recursive: true, force: true });
}
