/**
 * How many events a worker receives from Kafka into PostgreSQL, and its memory meanwhile, beside kafkajs alone,
 * which reads the same topic in the same run and stores nothing. A run counts only if each event has its delivery.
 */
import type { Db } from '../../db/server/connection.ts';
import { createKafkaBus } from '../../lib/bus/kafka/kafka.ts';
import { systemClock } from '../../lib/clock.ts';
import { isAppError } from '../../lib/errors.ts';
import { createRouting, topics } from '../../lib/events/routing.ts';
import { createRelay } from '../../relay/relay.ts';
import { quantile } from '../meter.ts';
import { withBroker, withPostgres } from '../workers/place.ts';
import { spreadOf } from '../workers/spread.ts';
import { runPart, type PartFigures } from '../workers/receive-task.ts';
import type { Answer, Measure, Size } from './measure.ts';

const KEYS = 1_000;
const WARM_UP = 10_000;
/** Makes the whole value 1 KiB long. */
const NOTE = 'x'.repeat(680);
const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };

export const measure: Measure = {
  name: 'worker-receive',
  about:
    'events per second that a worker receives from Kafka into PostgreSQL (1 KiB, 6 partitions, full headers), and its ' +
    'memory, beside kafkajs that only reads',
  async run(size) {
    try {
      return await withBroker((bootstrap) =>
        withPostgres(({ db, url }) => measureReceiving({ bootstrap, db, url }, size)),
      );
    } catch (error) {
      if (!isAppError(error, 'kafka_unavailable')) throw error;
      return { findings: [], skipped: [`receiving from Kafka: ${error.message}`] };
    }
  },
};

type Place = { bootstrap: string; db: Db; url: string };

async function measureReceiving({ bootstrap, db, url }: Place, { full, rounds }: Size): Promise<Answer> {
  const count = full ? 200_000 : 60_000;
  await fill(db, WARM_UP + count);
  await publish(db, bootstrap);
  const task = { bootstrap, databaseUrl: url, topic: topics.outbound, warmUp: WARM_UP, count };
  const reading: PartFigures[] = [];
  const receiving: PartFigures[] = [];
  for (let round = 0; round < rounds; round += 1) {
    reading.push(await runPart({ ...task, part: 'read', group: `read.${round}` }));
    await db.raw('truncate sync_deliveries, external_mappings cascade');
    receiving.push(await runPart({ ...task, part: 'receive', group: `receive.${round}` }));
    await verify(db, WARM_UP + count);
  }
  const rates = receiving.map(({ perSecond }) => perSecond);
  const memory = receiving.map(({ rssMb }) => rssMb);
  const cpu = receiving.map(({ cpuSeconds }) => cpuSeconds);
  const alone = reading.map(({ perSecond }) => perSecond);
  const beside = `kafkajs alone, storing nothing: ${Math.round(quantile(alone, 0.5)).toLocaleString('en')} per second`;
  return {
    findings: [
      {
        id: 'worker receives',
        value: quantile(rates, 0.5),
        unit: 'per second',
        spread: spreadOf(rates),
        beside,
      },
      { id: 'worker receives: memory', value: quantile(memory, 0.5), unit: 'MB', spread: spreadOf(memory) },
      {
        ...{ id: 'worker receives: CPU of the worker per event', value: quantile(cpu, 0.5) * 10, unit: 'µs' },
        spread: spreadOf(cpu.map((one) => one * 10)),
      },
    ],
  };
}

const insertSql = `
insert into sync_events (event_id, event_type, entity_type, entity_id, entity_key, version, source, payload)
select new_event_id(), 'customer.updated', 'customer', n, 'customer:' || n, :version::integer, 'internal', p.value::jsonb
from jsonb_array_elements_text(:payloads::jsonb) with ordinality p(value, n)`;

async function fill(db: Db, total: number): Promise<void> {
  const payloads = Array.from({ length: KEYS }, (_, n) =>
    JSON.stringify({
      customer_data: { id: n + 1, name: 'Ada Lovelace', email: `ada${n + 1}@example.com`, note: NOTE },
      external_mappings: { stripe: `cus_${n + 1}` },
    }),
  );
  for (let version = 1; version * KEYS <= total; version += 1)
    await db.raw(insertSql, { payloads: JSON.stringify(payloads), version });
  await db.raw('vacuum analyze sync_events');
}

async function publish(db: Db, bootstrap: string): Promise<void> {
  const bus = createKafkaBus({ settings: { brokers: [bootstrap] }, log });
  try {
    await bus.ensureTopics([topics.outbound], {
      partitions: 6,
      replication: 1,
      retentionHours: 1,
      create: true,
    });
    const routing = createRouting({ customerEvents: false, systems: [] });
    const relay = createRelay({
      ...{ db, bus, clock: systemClock, log, address: 'bench', routing, headers: 'full', pageSize: 1_000 },
    });
    while ((await relay.runOnce()) > 0);
  } finally {
    await bus.close();
  }
}

async function verify(db: Db, total: number): Promise<void> {
  const { rows } = await db.raw<{ rows: { stored: number; raised: number }[] }>(
    `select (select count(*) from sync_deliveries) as stored, (select sum(dirty)::bigint from external_mappings) as raised`,
  );
  const [{ stored, raised } = { stored: NaN, raised: NaN }] = rows;
  if (stored !== total || raised !== total)
    throw new Error(`${total} events became ${stored} deliveries and raised ${raised}`);
}
