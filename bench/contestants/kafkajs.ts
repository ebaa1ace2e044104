// No contestant that anyone could use, but the ceiling: kafkajs alone sends the same events from its memory, in pages of
// 1,000 with the partition of each given. It reads its table once, before it sends the first event.
import type { Message } from 'kafkajs';
import pg from 'pg';
import { partitionOf } from '../../lib/bus/kafka/partition.ts';
import type { Contestant, World } from './contestant.ts';
import { startFile, worldOfArguments } from './process.ts';
import { openProducer } from './producer.ts';

const PAGE = 1_000;

const tableSql = `
create table memory (id bigserial primary key, event_id uuid not null, key text not null, payload text not null)`;

const insertSql = `
insert into memory (event_id, key, payload) select $1::uuid, $2, $4 where $3 is not null`;

const readSql = 'select event_id, key, payload from memory order by id';

type Style = 'none' | 'full';

/** `full`: the headers that Twinbox sends. */
function headersOf(eventId: string, n: number, style: Style): Record<string, string> {
  if (style === 'none') return {};
  return {
    ce_specversion: '1.0',
    ce_id: eventId,
    ce_type: 'customer.updated',
    ce_source: 'internal',
    ce_time: '2026-01-01T00:00:00.000Z',
    ce_sequence: String(n),
    ce_installation: 'ab12cd34',
  };
}

async function send(world: World, style: Style): Promise<void> {
  const { databaseUrl, bootstrap, topic, partitions } = world;
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<[string, string, string]>({ text: readSql, rowMode: 'array' });
  await client.end();
  const messages: Message[] = rows.map(([eventId, key, value], n) => {
    return { key, value, headers: headersOf(eventId, n, style), partition: partitionOf(key, partitions) };
  });
  const producer = await openProducer(bootstrap);
  for (let at = 0; at < messages.length; at += PAGE)
    await producer.send({ topic, acks: -1, messages: messages.slice(at, at + PAGE) });
  await producer.disconnect();
  // Stays until it is told to end, as the others do.
  process.once('SIGTERM', () => process.exit(0));
  setInterval(() => undefined, 60_000);
}

function create(name: string, about: string, style: Style): Contestant {
  return {
    name,
    about,
    missing: () => Promise.resolve(null),
    async prepare({ databaseUrl }) {
      const client = new pg.Client({ connectionString: databaseUrl });
      await client.connect();
      await client.query(tableSql);
      await client.end();
    },
    insertSql,
    start: (world) => Promise.resolve(startFile(import.meta.filename, world, style)),
  };
}

const ABOUT = 'kafkajs 2.2.4 alone, from memory, 1,000 per send, partitions given, acks from all';

export const ceiling = create('kafkajs-alone', `${ABOUT}; without headers`, 'none');
export const ceilingWithHeaders = create('kafkajs-alone-headers', `${ABOUT}; the headers of Twinbox`, 'full');

if (import.meta.main) await send(worldOfArguments(), process.argv[3] === 'full' ? 'full' : 'none');
