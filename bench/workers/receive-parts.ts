// The parts of bench/suite/worker-receive.ts: kafkajs alone, which reads the whole topic, and the receiving
// of a worker, from the topic into PostgreSQL.
import { createDb } from '../../db/server/connection.ts';
import type { Bus } from '../../lib/bus/bus.ts';
import { createClient, type KafkaLog } from '../../lib/bus/kafka/client.ts';
import { createKafkaBus } from '../../lib/bus/kafka/kafka.ts';
import { loadConfig } from '../../lib/config/config.ts';
import { simulatorAccess } from '../../lib/integrations/stripe/definition.ts';
import { createLogger } from '../../lib/log.ts';
import { createSyncDeps } from '../../lib/process/systems.ts';
import { subscribeOutbound } from '../../workers/receiver.ts';
import type { PartFigures, PartTask } from './receive-task.ts';

const task = JSON.parse(process.argv[2] ?? '{}') as PartTask;
const quiet = () => undefined;
const log: KafkaLog = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const settings = { brokers: [task.bootstrap] };

const parts = { read, receive };
const figures = await parts[task.part]();
console.log(JSON.stringify(figures));
process.exit(0);

/** Counts handled messages: the clock runs from the end of the warm-up to the last message. */
function createCounter({ warmUp, count }: PartTask) {
  const done = Promise.withResolvers<PartFigures>();
  let seen = 0;
  let begun: { at: number; seen: number; cpu: NodeJS.CpuUsage } | null = null;
  return {
    add(messages: number): void {
      seen += messages;
      if (begun === null && seen >= warmUp) begun = { at: performance.now(), seen, cpu: process.cpuUsage() };
      if (begun === null || seen < warmUp + count) return;
      const seconds = (performance.now() - begun.at) / 1_000;
      const { user, system } = process.cpuUsage(begun.cpu);
      const counted = seen - begun.seen;
      done.resolve({
        perSecond: counted / seconds,
        // Of 100,000 events.
        cpuSeconds: ((user + system) / 1e6 / counted) * 100_000,
        // The most of the process's whole life; Node answers in kilobytes.
        rssMb: process.resourceUsage().maxRSS / 1_024,
      });
    },
    done: done.promise,
  };
}

async function read(): Promise<PartFigures> {
  const counter = createCounter(task);
  const consumer = createClient(settings, log).consumer({ groupId: task.group, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topic: task.topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: ({ batch, resolveOffset }) => {
      counter.add(batch.messages.length);
      resolveOffset(batch.lastOffset());
      return Promise.resolve();
    },
  });
  return await counter.done;
}

async function receive(): Promise<PartFigures> {
  const counter = createCounter(task);
  const kafka = createKafkaBus({ settings, log });
  const db = createDb({ url: task.databaseUrl, poolSize: 10, applicationName: 'bench receive' });
  // Each measurement has a topic of its own.
  const counting: Bus = {
    ...kafka,
    subscribe: (subscription) =>
      kafka.subscribe({
        ...subscription,
        topic: task.topic,
        handler: async (batch) => {
          await subscription.handler(batch);
          counter.add(batch.length);
        },
      }),
  };
  const config = loadConfig({}, { envFile: false });
  const deps = await createSyncDeps(config, {
    ...{ db, nudge: quiet, log: createLogger({ level: 'error', format: 'json' }) },
    access: simulatorAccess('http://127.0.0.1:9', config.catalogue),
  });
  await subscribeOutbound(counting, { deps, wake: quiet }, task.group);
  return await counter.done;
}
