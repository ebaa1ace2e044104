// pg-transactional-outbox with its polling listener. The key of an event is its segment, of which the peer has one
// event in hand at a time: so it keeps the order of a key by itself.
import pg from 'pg';
import { DatabaseSetup, getDisabledLogger, initializePollingMessageListener } from 'pg-transactional-outbox';
import { sleep } from '../../lib/loop.ts';
import type { Contestant, World } from './contestant.ts';
import { startFile, worldOfArguments } from './process.ts';
import { openSends } from './shaped-sends.ts';

const CONNECTIONS = 30;
const MOST = 2_000;
const POLL_MS = 20;
const REST_MS = 2;

const table = { schema: 'outbox', table: 'outbox', outboxOrInbox: 'outbox' } as const;
const NEXT = 'next_messages';

const insertSql = `
insert into ${table.schema}.${table.table}
  (id, aggregate_type, aggregate_id, message_type, segment, payload, metadata)
values ($1::uuid, 'customer', $2, 'updated', $2, to_jsonb($4), jsonb_build_object('version', $3::integer))
on conflict (id) do nothing`;

const print = (...parts: unknown[]) =>
  console.error(
    'pg-transactional-outbox:',
    ...parts.filter((part) => part instanceof Error || typeof part === 'string').map(String),
  );
const logger = { ...getDisabledLogger(), warn: print, error: print, fatal: print };

/**
 * The next messages are fetched when all are handled. Fetching locks also the messages that are in hand, for a moment,
 * and the handling of one that is locked fails, to be tried again after 5 s.
 */
async function refill(inHand: number): Promise<number> {
  if (inHand === 0) return MOST;
  // The peer asks again at once, and in the same turn of the event loop.
  await sleep(REST_MS);
  return 0;
}

async function work(world: World): Promise<void> {
  const sends = await openSends(world);
  const db = { connectionString: world.databaseUrl };
  const pool: pg.PoolConfig = { ...db, max: CONNECTIONS };
  const [stop] = initializePollingMessageListener(
    {
      ...{ outboxOrInbox: 'outbox', dbListenerConfig: db, dbHandlerConfig: pool },
      settings: {
        ...{ dbSchema: table.schema, dbTable: table.table, nextMessagesFunctionSchema: table.schema },
        ...{ nextMessagesFunctionName: NEXT, nextMessagesBatchSize: MOST },
        nextMessagesPollingIntervalInMs: POLL_MS,
        // A message that is in hand waits for a connection.
        messageProcessingTimeoutInMs: 60_000,
        ...{ enableMaxAttemptsProtection: false, enablePoisonousMessageProtection: false },
      },
    },
    {
      handle: ({ id, aggregateId, payload, metadata }) => {
        const version = Number(metadata?.['version']);
        return sends.send({ eventId: id, key: aggregateId, version, value: String(payload) });
      },
    },
    logger,
    { batchSizeStrategy: refill },
  );
  process.once('SIGTERM', () => void stop().then(sends.close));
}

export const contestant: Contestant = {
  name: 'pg-transactional-outbox',
  about: `pg-transactional-outbox 0.5.7, polling every ${POLL_MS} ms: up to ${MOST} messages in hand, ${CONNECTIONS} connections, protections of attempts and of poisonous messages off; kafkajs 2.2.4 with partitions given, a send for all messages that wait`,
  missing: () => Promise.resolve(null),
  insertSql,
  async prepare({ databaseUrl }) {
    const setup = { ...table, database: '', listenerRole: '', nextMessagesName: NEXT };
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query(DatabaseSetup.dropAndCreateTable(setup));
    await client.query(DatabaseSetup.createPollingFunction(setup));
    await client.query(DatabaseSetup.setupPollingIndexes(setup));
    await client.end();
  },
  start: (world) => Promise.resolve(startFile(import.meta.filename, world)),
};

if (import.meta.main) await work(worldOfArguments());
