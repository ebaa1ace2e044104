// What this machine can do at most: the figures beside which all others are read.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import pg from 'pg';
import { contestant } from '../contestants/twinbox.ts';
import { cpuSeconds } from '../cpu.ts';
import { createLoad } from '../load.ts';
import { writeBacklog } from '../world/events.ts';
import { hasPgbench, NO_PGBENCH, pgbench } from '../world/pgbench.ts';
import { spreadOf } from '../world/rounds.ts';
import { openPlace, type Place } from '../world/world.ts';
import type { Finding, Measure, Size } from './measure.ts';

export const measure: Measure = {
  name: 'limits',
  about: 'what the machine can do at most: commits, reading, an HTTP server that does nothing',
  run: async (size) => {
    const place = await openPlace();
    try {
      const skipped: string[] = [];
      const findings = [
        ...(await commits(place, size, skipped)),
        await reading(place, size),
        ...(await servers(size)),
      ];
      return { findings, skipped };
    } finally {
      await place.close();
    }
  },
};

const tablesSql = `
create table plain_customers (id bigserial primary key, name text not null, email text not null,
  version integer not null, created_at timestamptz not null default now());
create table plain_outbox (id bigserial primary key, customer_id bigint not null, payload jsonb not null,
  created_at timestamptz not null default now())`;

const customer = `'Customer ' || :n::bigint, 'customer' || :n::bigint || '@example.com'`;
const number = String.raw`\set n random(1, 1000000000)`;

const SINGLE = `${number}
insert into plain_customers (name, email, version) values (${customer}, 1);
`;

const DOUBLE = `${number}
begin;
insert into plain_customers (name, email, version) values (${customer}, 1) returning id \\gset
insert into plain_outbox (customer_id, payload)
values (:id::bigint, jsonb_build_object('customer_data', jsonb_build_object('id', :id::bigint, 'name', 'x'), 'version', 1));
commit;
`;

async function commits(place: Place, { full, share }: Size, skipped: string[]): Promise<Finding[]> {
  if (!(await hasPgbench())) {
    skipped.push(`pgbench: ${NO_PGBENCH}`);
    return [];
  }
  const { databaseUrl: url, folder } = await place.newWorld('commits');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(tablesSql);
  await client.end();
  const seconds = Math.max(1, Math.round((full ? 15 : 4) * share));
  const findings: Finding[] = [];
  for (const [what, script] of [
    ['a single insert', SINGLE],
    ['two inserts', DOUBLE],
  ] as const) {
    for (const clients of [1, 16]) {
      const before = await cpuSeconds(place.postgres);
      const { perSecond, count } = await pgbench({ url, folder, script, clients, seconds });
      const cpu = (((await cpuSeconds(place.postgres)) - before) / count) * 1e6;
      const beside = `${cpu.toFixed(0)} µs of PostgreSQL each`;
      const id = `pgbench, ${what}, ${clients} ${clients === 1 ? 'client' : 'clients'}`;
      findings.push({ id, value: perSecond, unit: 'per second', beside });
    }
  }
  return findings;
}

const pageSql = `
select id, event_id, event_type, entity_key, version, source, payload::text
from sync_events where id > $1 order by id limit 1000`;

/** Reading the table of events in pages, and nothing else: the relay cannot be faster. */
async function reading(place: Place, { full, share }: Size): Promise<Finding> {
  const world = await place.newWorld('reading');
  await contestant.prepare(world);
  const count = (full ? 100_000 : 20_000) * share;
  await writeBacklog({ ...world, insertSql: contestant.insertSql, count });
  const client = new pg.Client({ connectionString: world.databaseUrl });
  await client.connect();
  const rates: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const began = performance.now();
    const read = await readAll(client);
    if (read !== count) throw new Error(`${read} rows were read, and there are ${count}`);
    rates.push((count / (performance.now() - began)) * 1_000);
  }
  await client.end();
  return { id: 'reading events from PostgreSQL alone', unit: 'per second', ...spreadOf(rates) };
}

async function readAll(client: pg.Client): Promise<number> {
  let read = 0;
  for (let after = '0'; ;) {
    const page = { name: 'page', text: pageSql, values: [after], rowMode: 'array' as const };
    const { rows } = await client.query<[string]>(page);
    read += rows.length;
    const last = rows.at(-1);
    if (last === undefined) return read;
    [after] = last;
  }
}

/** Each server is a process of its own, and takes and gives a body of JSON. */
async function servers({ full, share }: Size): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const kind of ['node:http', 'express'] as const) {
    const child = spawn(process.execPath, [import.meta.filename, kind], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const api = `http://127.0.0.1:${String(line).trim()}`;
    const load = createLoad({ api, simulator: api }, 16);
    const count = Math.ceil((full ? 50_000 : 10_000) * share);
    await load.createMany(Math.ceil(count / 5));
    const before = await cpuSeconds(child.pid ?? 0);
    const { perSecond } = await load.createMany(count);
    const cpu = (((await cpuSeconds(child.pid ?? 0)) - before) / count) * 1e6;
    load.close();
    child.kill('SIGTERM');
    await once(child, 'exit');
    const beside = `${cpu.toFixed(0)} µs of the server each; the client shares the machine`;
    findings.push({ id: `${kind}, a POST that does nothing`, value: perSecond, unit: 'per second', beside });
  }
  return findings;
}

/** Answers 201 with what it was sent. */
function serve(kind: string): void {
  const app = express().use(express.json());
  app.post('/api/v1/customers', (request, response) => void response.status(201).json(request.body));
  const plain = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.once('end', () => {
      response.writeHead(201, { 'content-type': 'application/json' });
      response.end(JSON.stringify(JSON.parse(text)));
    });
  });
  const server = (kind === 'express' ? createServer(app) : plain).listen(0, '127.0.0.1');
  server.once('listening', () => console.log((server.address() as AddressInfo).port));
}

if (import.meta.main) serve(process.argv[2] ?? '');
