// The parts of bench/kafka.ts, each in a process of its own (kafka-part.ts). Answers with one line
// of JSON.
//
//   produce  kafkajs alone, its input shaped as ours: the ceiling
//   relay    our relay from Postgres to Kafka, until nothing is left
//   follow   our relay, until standard input ends
//   read     kafkajs alone, the whole topic
//   receive  a worker's receiving, the whole topic, into Postgres
import { once } from 'node:events';
import { createDb } from '../db/server/connection.ts';
import type { Bus } from '../lib/bus/bus.ts';
import { createClient, type KafkaLog } from '../lib/bus/kafka/client.ts';
import { createKafkaBus } from '../lib/bus/kafka/kafka.ts';
import { partitionOf } from '../lib/bus/kafka/partition.ts';
import { systemClock } from '../lib/clock.ts';
import { envelopeText, type HeaderStyle } from '../lib/events/envelope.ts';
import { createRouting } from '../lib/events/routing.ts';
import type { Relay } from '../relay/contract.ts';
import { createRelay } from '../relay/relay.ts';
import { KEYS, payloadOf, type PartFigures, type PartTask } from './kafka-task.ts';

const task = JSON.parse(process.argv[2] ?? '{}') as PartTask;
const quiet = () => undefined;
const log: KafkaLog = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const settings = { brokers: [task.bootstrap] };

const parts = { produce, relay: drainByRelay, follow, read, receive };
console.log(JSON.stringify(await parts[task.part]()));
process.exit(0);

async function measure(count: number, work: () => Promise<unknown>): Promise<PartFigures> {
  const cpu = process.cpuUsage();
  const began = performance.now();
  await work();
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  // In kilobytes, of the process's whole life.
  return { count, seconds, cpuSeconds: (user + system) / 1e6, rssMb: process.resourceUsage().maxRSS / 1_024 };
}

async function produce(): Promise<PartFigures> {
  const { topic, count, warmUp, partitions, headers, page } = task;
  const producer = createClient(settings, log).producer({
    idempotent: false,
    retry: { retries: 0 },
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  });
  await producer.connect();
  const messages = Array.from({ length: page }, (_, n) => shapedMessage(n, partitions, headers));
  const send = async (total: number): Promise<void> => {
    for (let sent = 0; sent < total; sent += page) {
      await producer.sendBatch({ acks: -1, topicMessages: [{ topic, messages }] });
    }
  };
  await send(warmUp);
  const figures = await measure(count, () => send(count));
  await producer.disconnect();
  return figures;
}

function shapedMessage(n: number, partitions: number, style: HeaderStyle) {
  const key = `customer:${n % KEYS}`;
  const eventId = `01900000-0000-7000-8000-${String(n).padStart(12, '0')}`;
  const row = {
    id: n,
    eventId,
    eventType: 'customer.updated',
    entityKey: key,
    version: 1,
    source: 'internal',
  };
  const rest = { payload: payloadOf(n), createdAt: 0, trace: null };
  const value = envelopeText({ ...row, ...rest }, '2026-01-01T00:00:00.000Z', 'ab12cd34');
  const more = {
    ce_specversion: '1.0',
    ce_type: row.eventType,
    ce_source: row.source,
    ce_time: '2026-01-01T00:00:00.000Z',
    ce_sequence: String(n),
    ce_installation: 'ab12cd34',
  };
  const headers = { ce_id: eventId, ...(style === 'full' ? more : {}) };
  return { key, value, partition: partitionOf(key, partitions), headers };
}

function openRelay(onPublished: (count: number) => void = quiet): { relay: Relay; bus: Bus } {
  const { databaseUrl = '', topic, headers } = task;
  const kafka = createKafkaBus({ settings, log });
  // Each run uses a topic of its own.
  const bus: Bus = {
    ...kafka,
    publish: async (messages) => {
      for (const message of messages) message.topic = topic;
      const places = await kafka.publish(messages);
      onPublished(places.length);
      return places;
    },
  };
  const db = createDb({ url: databaseUrl, poolSize: 4, applicationName: 'bench relay' });
  const routing = createRouting({ customerEvents: false, systems: [] });
  const relay = createRelay({
    ...{ db, bus, clock: systemClock, log, address: 'bench', routing, headers },
  });
  return { relay, bus };
}

async function drainByRelay(): Promise<PartFigures> {
  const { count, warmUp } = task;
  let seen = 0;
  const begun = Promise.withResolvers<undefined>();
  const end = Promise.withResolvers<undefined>();
  const { relay } = openRelay((published) => {
    seen += published;
    if (seen >= warmUp) begun.resolve(undefined);
    if (seen >= warmUp + count) end.resolve(undefined);
  });
  // In its loop, as a relay that runs: a save is made beside the next page.
  void relay.start();
  await begun.promise;
  const left = warmUp + count - seen;
  const figures = await measure(left, () => end.promise);
  await relay.stop();
  return figures;
}

async function follow(): Promise<PartFigures> {
  const { relay } = openRelay();
  process.stdin.resume();
  const figures = measure(0, async () => {
    void relay.start();
    await once(process.stdin, 'end');
    await relay.stop();
  });
  return await figures;
}

async function read(): Promise<PartFigures> {
  const { topic, count, warmUp } = task;
  const consumer = createClient(settings, log).consumer({
    groupId: `bench.${topic}.${performance.timeOrigin}`,
    maxWaitTimeInMs: 50,
  });
  let seen = 0;
  const end = Promise.withResolvers<unknown>();
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const begun = Promise.withResolvers<unknown>();
  await consumer.run({
    autoCommit: false,
    eachBatch: ({ batch, resolveOffset }) => {
      seen += batch.messages.length;
      if (seen >= warmUp) begun.resolve(undefined);
      if (seen >= warmUp + count) end.resolve(undefined);
      resolveOffset(batch.lastOffset());
      return Promise.resolve();
    },
  });
  await begun.promise;
  const left = warmUp + count - seen;
  return await measure(left, () => end.promise);
}

async function receive(): Promise<PartFigures> {
  // Imported here and not at the top: modules of a worker must not count as memory of a relay.
  const { loadConfig } = await import('../lib/config/config.ts');
  const { createLogger } = await import('../lib/log.ts');
  const { createSyncDeps } = await import('../lib/process/systems.ts');
  const { simulatorAccess } = await import('../lib/integrations/stripe/definition.ts');
  const { subscribeOutbound } = await import('../workers/receiver.ts');
  const { topic, count, warmUp, databaseUrl = '', bootstrap } = task;
  const kafka = createKafkaBus({ settings: { brokers: [bootstrap] }, log });
  const db = createDb({ url: databaseUrl, poolSize: 10, applicationName: 'bench receive' });
  let seen = 0;
  const begun = Promise.withResolvers<undefined>();
  const end = Promise.withResolvers<undefined>();
  const counting: Bus = {
    ...kafka,
    subscribe: (subscription) =>
      kafka.subscribe({
        ...subscription,
        topic,
        handler: async (batch) => {
          await subscription.handler(batch);
          seen += batch.length;
          if (seen >= warmUp) begun.resolve(undefined);
          if (seen >= warmUp + count) end.resolve(undefined);
        },
      }),
  };
  const config = loadConfig({}, { envFile: false });
  const access = simulatorAccess('http://127.0.0.1:9', config.catalogue);
  const deps = await createSyncDeps(config, {
    db,
    access,
    log: createLogger({ level: 'error', format: 'json' }),
    nudge: quiet,
  });
  await subscribeOutbound(counting, { deps, wake: quiet }, `bench.${performance.timeOrigin}`);
  await begun.promise;
  const left = warmUp + count - seen;
  const figures = await measure(left, () => end.promise);
  const { rows } = await db.raw<{ rows: { received: number }[] }>(
    'select count(*) as received from sync_deliveries',
  );
  if (rows[0]?.received !== count + warmUp)
    throw new Error(`${rows[0]?.received} deliveries of ${count + warmUp}`);
  return figures;
}
