// What an error of kafkajs means for us, by its class, type and code. Its own member `retriable` is
// not used: while the broker is away, `send` rejects with `retriable: false`, and a client that
// relied on it would give up on a failure that ends within a minute.

import { AppError } from '../../errors.ts';
import { AdvertisedError } from './advertised.ts';

export type Fault =
  /** The broker will never take this record as it is. */
  | 'record'
  /** A person has to change something: a password, a certificate, a right, a topic. */
  | 'setup'
  /** Time may fix it, or it is not known; it may have happened or not. */
  | 'passing';

/** https://kafka.apache.org/protocol#protocol_error_codes, as kafkajs names them. */
const RECORD_TYPES = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
]);

const SETUP_TYPES = new Set([
  // A record has the time of its sending: a clock is wrong, ours or the broker's, and every record is refused.
  'INVALID_TIMESTAMP',
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'ILLEGAL_SASL_STATE',
  'SECURITY_DISABLED',
  'UNSUPPORTED_VERSION',
  'INVALID_TOPIC_EXCEPTION',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'INVALID_REPLICATION_FACTOR',
  'INVALID_PARTITIONS',
  'POLICY_VIOLATION',
  'INCONSISTENT_GROUP_PROTOCOL',
  'INVALID_SESSION_TIMEOUT',
  'INVALID_GROUP_ID',
]);

/**
 * Node's codes for a server whose certificate cannot be trusted, or that refuses our certificate.
 */
const TLS_CODE =
  /^(CERT_|ERR_TLS_|ERR_SSL_|ERR_OSSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|EPROTO$)/;

/**
 * Brokers give different messages for a refused log-in and a refused certificate; the classes of
 * the errors are the same.
 */
export function faultOf(error: unknown): Fault {
  for (const { name, type, code } of causes(error)) {
    if (type !== undefined && RECORD_TYPES.has(type)) return 'record';
    if (type !== undefined && SETUP_TYPES.has(type)) return 'setup';
    if (name === 'KafkaJSSASLAuthenticationError' || name === 'KafkaJSServerDoesNotSupportApiKey')
      return 'setup';
    if (code !== undefined && TLS_CODE.test(code)) return 'setup';
  }
  return 'passing';
}

export function isTimeout(error: unknown): boolean {
  return causes(error).some(({ name }) => name === 'KafkaJSRequestTimeoutError');
}

export function isTopicMissing(error: unknown): boolean {
  return causes(error).some(({ type }) => type === 'UNKNOWN_TOPIC_OR_PARTITION');
}

/** The innermost cause, for a person. */
export function describeFault(error: unknown): string {
  const chain = causes(error);
  const last = chain.at(-1);
  const sign = last?.type ?? last?.code;
  const message = last?.message ?? String(error);
  return sign === undefined || message.includes(sign) ? message : `${message} (${sign})`;
}

/** An error at the start, as the process reports it. */
export function toStartError(error: unknown, brokers: readonly string[]): AppError {
  const where = brokers.join(', ');
  if (faultOf(error) === 'setup') {
    const detail = `Kafka at ${where} refuses us: ${describeFault(error)}. ${hint(error)}`;
    return new AppError('kafka_refused', { cause: error, detail });
  }
  if (error instanceof AdvertisedError)
    return new AppError('kafka_unavailable', { cause: error, detail: error.message, retryable: true });
  const detail = `Kafka at ${where} does not answer: ${describeFault(error)}. Start Kafka, or fix KAFKA_BOOTSTRAP_SERVERS`;
  return new AppError('kafka_unavailable', { cause: error, detail, retryable: true });
}

function hint(error: unknown): string {
  for (const { name, type, code } of causes(error)) {
    if (name === 'KafkaJSSASLAuthenticationError' || type?.includes('SASL') === true)
      return 'Fix KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME or KAFKA_SASL_PASSWORD';
    if (code !== undefined && TLS_CODE.test(code))
      return 'Fix KAFKA_SSL, KAFKA_SSL_CA, KAFKA_SSL_CERT or KAFKA_SSL_KEY';
    if (type?.endsWith('AUTHORIZATION_FAILED') === true)
      return 'Give this user the rights named in docs/kafka.md';
    if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return 'Create the topic, or set KAFKA_CREATE_TOPICS=yes';
  }
  return 'See docs/kafka.md';
}

type Link = { name: string; message: string; type?: string; code?: string };

/** The error and its causes, outermost first. */
function causes(error: unknown): Link[] {
  const links: Link[] = [];
  let next = error;
  while (next instanceof Error && links.length < 10) {
    const { type, code } = next as { type?: unknown; code?: unknown };
    links.push({
      name: next.name,
      message: next.message,
      ...(typeof type === 'string' ? { type } : {}),
      ...(typeof code === 'string' ? { code } : {}),
    });
    // An error about several topics keeps their errors in a list.
    next = next.cause ?? (next as { errors?: unknown[] }).errors?.[0];
  }
  return links;
}
