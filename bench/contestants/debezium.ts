// Debezium's embedded engine with its PostgreSQL connector, pgoutput and the Outbox Event Router, and Kafka's own
// producer. It runs in Java; its program is debezium/Relay.java.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { isAppError } from '../../lib/errors.ts';
import type { Contestant, Running, World } from './contestant.ts';
import { DEBEZIUM_VERSION, debeziumClasses } from './debezium/classes.ts';
import { startProgram } from './process.ts';

const tableSql = `
create table outbox (
  id uuid primary key, aggregatetype text not null, aggregateid text not null, type text not null, payload jsonb)`;

const insertSql = `
insert into outbox (id, aggregatetype, aggregateid, type, payload)
select $1::uuid, 'customer', $2, 'updated', $4::jsonb where $3::text is not null`;

/** A process that was killed may still have its slot. The server has place for few, and keeps its log for each. */
const leaveSql = `
select pg_terminate_backend(active_pid, 5000) from pg_replication_slots where slot_name = $1 and active`;
const dropSql = 'select pg_drop_replication_slot($1)';

const JAVA = [
  '-Xms256m',
  '-Xmx1g',
  '-Djava.awt.headless=true',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
];

async function query(url: string, ...statements: pg.QueryConfig[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

/** The names of slots are those of the whole server. */
const slotOf = (databaseUrl: string): string => new URL(databaseUrl).pathname.slice(1);

function settingsOf({ databaseUrl, bootstrap, topic, folder }: World): Record<string, string> {
  const { hostname, port, username, password } = new URL(databaseUrl);
  return {
    name: 'outbox',
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'topic.prefix': 'outbox',
    'database.hostname': hostname,
    'database.port': port,
    'database.user': decodeURIComponent(username),
    'database.password': decodeURIComponent(password),
    'database.dbname': slotOf(databaseUrl),
    'plugin.name': 'pgoutput',
    'slot.name': slotOf(databaseUrl),
    'publication.name': 'outbox',
    'publication.autocreate.mode': 'disabled',
    // It begins where the slot was made, and so finds what was written before its start.
    'snapshot.mode': 'no_data',
    'table.include.list': 'public.outbox',
    'tombstones.on.delete': 'false',
    'max.batch.size': '4096',
    'max.queue.size': '16384',
    'poll.interval.ms': '5',
    'offset.storage': 'org.apache.kafka.connect.storage.FileOffsetBackingStore',
    'offset.storage.file.filename': join(folder, 'offsets'),
    transforms: 'outbox',
    'transforms.outbox.type': 'io.debezium.transforms.outbox.EventRouter',
    'transforms.outbox.route.topic.replacement': topic,
    'producer.bootstrap.servers': bootstrap,
    'producer.acks': 'all',
    'producer.linger.ms': '2',
    'producer.batch.size': '262144',
  };
}

async function start(world: World): Promise<Running> {
  const classpath = await debeziumClasses();
  const file = join(world.folder, 'debezium.properties');
  const lines = Object.entries(settingsOf(world)).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(file, lines.join(''), { mode: 0o600 });
  const { pid, stop } = startProgram(
    { command: 'java', args: [...JAVA, '-cp', classpath, 'Relay', file] },
    world,
  );
  return {
    pid,
    async stop() {
      await stop();
      const values = [slotOf(world.databaseUrl)];
      await query(world.databaseUrl, { text: leaveSql, values }, { text: dropSql, values });
    },
  };
}

export const contestant: Contestant = {
  name: 'debezium-tuned',
  about: `Debezium ${DEBEZIUM_VERSION}, embedded engine, pgoutput, Outbox Event Router: max.batch.size 4096, max.queue.size 16384, poll.interval.ms 5; Kafka's Java producer: linger.ms 2, batch.size 256 KiB; heap 256 MB to 1 GB`,
  async missing() {
    try {
      await debeziumClasses();
      return null;
    } catch (error) {
      if (!isAppError(error, 'kafka_unavailable')) throw error;
      return error.message;
    }
  },
  insertSql,
  prepare: ({ databaseUrl }) =>
    query(
      databaseUrl,
      { text: tableSql },
      { text: `create publication outbox for table outbox with (publish = 'insert')` },
      {
        text: `select pg_create_logical_replication_slot($1, 'pgoutput')`,
        values: [slotOf(databaseUrl)],
      },
    ),
  start,
};
