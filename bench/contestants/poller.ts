// The poller that a team writes in an afternoon, tuned: one loop that takes a page of unprocessed rows, sends them, and
// marks them. It has no protection beyond the transaction, and leaves a dead tuple for each event.
import pg from 'pg';
import { partitionOf } from '../../lib/bus/kafka/partition.ts';
import { sleep } from '../../lib/loop.ts';
import type { Contestant, World } from './contestant.ts';
import { startFile, worldOfArguments } from './process.ts';
import { openProducer } from './producer.ts';

const tableSql = `
create table outbox (id bigserial primary key, event_id uuid not null, key text not null, version integer not null,
  payload jsonb not null, created_at timestamptz not null default now(), processed_at timestamptz);
create index outbox_open on outbox (id) where processed_at is null`;

const insertSql = `
insert into outbox (event_id, key, version, payload) values ($1::uuid, $2, $3::integer, $4::jsonb)`;

const pageSql = `
select id, event_id, key, payload::text from outbox where processed_at is null
order by id for update skip locked limit 1000`;

const markSql = `update outbox set processed_at = now() where id = any($1)`;

const IDLE_MS = 10;

type Row = [id: string, eventId: string, key: string, payload: string];

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(sql);
  await client.end();
}

async function poll({ databaseUrl, bootstrap, topic, partitions }: World): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  const producer = await openProducer(bootstrap);
  await client.connect();
  const stopping = new AbortController();
  process.once('SIGTERM', () => stopping.abort());
  const round = async (): Promise<number> => {
    await client.query('begin');
    const { rows } = await client.query<Row>({ name: 'page', text: pageSql, rowMode: 'array' });
    if (rows.length > 0) {
      const messages = rows.map(([, id, key, value]) => {
        return { key, value, headers: { id }, partition: partitionOf(key, partitions) };
      });
      await producer.send({ topic, acks: -1, messages });
      await client.query({ name: 'mark', text: markSql, values: [rows.map(([id]) => id)] });
    }
    await client.query('commit');
    return rows.length;
  };
  while (!stopping.signal.aborted) {
    if ((await round()) === 0) await sleep(IDLE_MS, stopping.signal);
  }
  await producer.disconnect();
  await client.end();
}

export const contestant: Contestant = {
  name: 'poller',
  about:
    'select … for update skip locked limit 1000, kafkajs 2.2.4 with partitions given, update; idle 10 ms',
  missing: () => Promise.resolve(null),
  prepare: ({ databaseUrl }) => query(databaseUrl, tableSql),
  insertSql,
  start: (world) => Promise.resolve(startFile(import.meta.filename, world)),
};

if (import.meta.main) await poll(worldOfArguments());
