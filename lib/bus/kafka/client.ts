// Creates every Kafka client: its name, its credentials, and where its log lines go.
import { Kafka, logLevel, type SASLOptions } from 'kafkajs';
import { repairRecordHeaders } from './record-headers.ts';
import { repairRejoining } from './rejoining.ts';
import { repairRequestQueue } from './request-queue.ts';

export type KafkaSettings = {
  /** host:port of some of the brokers. */
  brokers: readonly string[];
  /** PEM texts. Null for an unencrypted connection. */
  tls?: { ca?: string; cert?: string; key?: string } | null;
  sasl?: SASLOptions | null;
  clientId?: string;
  /** How long a broker may take for an answer; default 10 s. */
  requestTimeoutMs?: number;
};

export type KafkaLog = Record<
  'debug' | 'info' | 'warn' | 'error',
  (event: string, fields?: Record<string, unknown>) => void
>;

/** A frozen broker is given up after this time; a partition's new leader is elected much sooner. */
export const REQUEST_TIMEOUT_MS = 10_000;

/** A log line of kafkajs, unchanged. */
export type ClientLine = { message: string } & Record<string, unknown>;

/**
 * `onLine` receives every log line, down to the lowest level; this is costly, so use it for one
 * short request only.
 */
export function createClient(
  settings: KafkaSettings,
  log: KafkaLog,
  onLine: ((line: ClientLine) => void) | null = null,
): Kafka {
  repairRequestQueue();
  repairRecordHeaders();
  repairRejoining();
  const { brokers, tls = null, sasl = null, clientId = 'twinbox' } = settings;
  return new Kafka({
    clientId,
    brokers: [...brokers],
    connectionTimeout: 3_000,
    authenticationTimeout: 5_000,
    requestTimeout: settings.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    enforceRequestTimeout: true,
    ...(tls === null ? {} : { ssl: toTls(tls) }),
    ...(sasl === null ? {} : { sasl }),
    // Retries of connecting and of the group protocol; only the relay sends messages again (see
    // producer.ts).
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3 },
    logLevel: onLine === null ? logLevel.WARN : logLevel.DEBUG,
    logCreator: () => (onLine === null ? writeTo(log) : ({ log: line }) => onLine(line)),
  });
}

function toTls({ ca, cert, key }: NonNullable<KafkaSettings['tls']>) {
  return {
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca: [ca] }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/**
 * kafkajs logs an error also for a request that it tries again a moment later. A final failure is
 * thrown, and reported by the caller.
 */
function writeTo(log: KafkaLog) {
  return ({ level, log: entry }: { level: logLevel; log: ClientLine }) => {
    const { message, broker, groupId, error } = entry;
    log.debug('kafka.client', { level: logLevel[level], message, broker, groupId, error });
  };
}
