import type { ValuesOf } from './values.ts';

/** The settings of Kafka, a part of schema.ts. */
export const kafkaProperties = {
  KAFKA_BOOTSTRAP_SERVERS: {
    group: 'Kafka',
    type: 'array',
    items: { type: 'string', pattern: '^[^\\s:,]+:\\d+$' },
    description:
      'The brokers that a client connects to first. If it is not set, there is no Kafka: events stay inside the one process that `twinbox up` starts.',
    expects: 'host:port, several separated by commas',
    example: 'localhost:9092',
  },
  KAFKA_GROUP_ID: {
    group: 'Kafka',
    alike: ['worker'],
    type: 'string',
    pattern: '^[A-Za-z0-9._-]{1,200}$',
    default: 'twinbox',
    description: 'The prefix of the names of the consumer groups.',
    expects: 'letters, digits, dots, dashes and underscores',
    example: 'twinbox',
  },
  KAFKA_TOPIC_PREFIX: {
    group: 'Kafka',
    alike: ['relay', 'worker'],
    type: 'string',
    pattern: '^[A-Za-z0-9._-]{1,200}$',
    description:
      'The prefix of the names of all topics and consumer groups, used as it is written: with `crm.` a topic is called `crm.sync.outbound`. If several installations share a cluster, each needs a prefix of its own. A changed prefix means other topics, which counts as another bus: confirm it with `npx twinbox relay --adopt-bus`.',
    expects: 'up to 200 letters, digits, dots, dashes and underscores',
    example: 'crm.',
  },
  KAFKA_SHARE_TOPICS: {
    group: 'Kafka',
    type: 'string',
    enum: ['yes', 'no'],
    default: 'no',
    description:
      'With `yes` a process also starts on topics that hold events of another installation. The records of the other installation are then refused one by one.',
    expects: 'yes or no',
    example: 'yes',
  },
  KAFKA_SSL: {
    group: 'Kafka',
    type: 'string',
    enum: ['on', 'off'],
    default: 'off',
    description: 'Whether connections to the brokers are encrypted. Their certificate is always checked.',
    expects: 'on or off',
    example: 'on',
  },
  KAFKA_SSL_CA: {
    group: 'Kafka',
    type: 'string',
    description:
      'The certificates of the authorities that signed the brokers’ certificates. If it is not set, the authorities that Node knows are used.',
    expects: 'a PEM file',
    example: '/run/secrets/kafka-ca.pem',
  },
  KAFKA_SSL_CERT: {
    group: 'Kafka',
    type: 'string',
    description: 'The certificate of this client, for brokers that require one.',
    expects: 'a PEM file',
    example: '/run/secrets/kafka-client.pem',
  },
  KAFKA_SSL_KEY: {
    group: 'Kafka',
    type: 'string',
    description: 'The private key of `KAFKA_SSL_CERT`.',
    expects: 'a PEM file',
    example: '/run/secrets/kafka-client-key.pem',
  },
  KAFKA_SASL_MECHANISM: {
    group: 'Kafka',
    type: 'string',
    enum: ['plain', 'scram-sha-256', 'scram-sha-512'],
    description: 'How Twinbox logs in at the brokers. If it is not set, Twinbox does not log in.',
    expects: 'plain, scram-sha-256 or scram-sha-512',
    example: 'scram-sha-512',
  },
  KAFKA_SASL_USERNAME: {
    group: 'Kafka',
    type: 'string',
    description: 'The name to log in with.',
    expects: 'a name',
    example: 'twinbox',
  },
  KAFKA_SASL_PASSWORD: {
    group: 'Kafka',
    type: 'string',
    secret: true,
    description: 'The password to log in with.',
    expects: 'a password',
    example: 'a-long-random-text',
  },
  KAFKA_CREATE_TOPICS: {
    group: 'Kafka',
    type: 'string',
    enum: ['yes', 'no'],
    default: 'yes',
    description: 'Whether missing topics are created at the start. Topics that exist are only checked.',
    expects: 'yes or no',
    example: 'no',
  },
  KAFKA_TOPIC_PARTITIONS: {
    group: 'Kafka',
    type: 'integer',
    minimum: 1,
    maximum: 1_000,
    default: 6,
    description:
      'The least number of partitions of each topic, which is also the number of workers that can share it. Existing topics may have more.',
    expects: 'a whole number from 1 to 1000',
    example: '12',
  },
  KAFKA_TOPIC_REPLICATION: {
    group: 'Kafka',
    type: 'integer',
    minimum: 1,
    maximum: 10,
    description:
      'How many brokers hold each partition. If it is not set, the default of the cluster is used and not checked. With 3, one broker may be lost without a loss of events.',
    expects: 'a whole number from 1 to 10',
    example: '3',
  },
  KAFKA_TOPIC_RETENTION_HOURS: {
    group: 'Kafka',
    type: 'integer',
    minimum: 1,
    maximum: 8_760,
    default: 168,
    description: 'How long Kafka keeps events. Postgres keeps older events.',
    expects: 'a whole number of hours from 1 to 8760',
    example: '72',
  },
  KAFKA_CUSTOMER_EVENTS: {
    group: 'Kafka',
    alike: ['relay'],
    type: 'string',
    enum: ['on', 'off'],
    default: 'on',
    description:
      'Whether every customer event is also published to `customer.events`, for consumers of your own. This doubles the number of records that the relay sends.',
    expects: 'on or off',
    example: 'off',
  },
  KAFKA_HEADERS: {
    group: 'Kafka',
    type: 'string',
    enum: ['full', 'minimal'],
    default: 'full',
    description:
      '`full`: CloudEvents headers on every record. `minimal`: only `ce_id`, which costs the relay less (docs/kafka.md).',
    expects: 'full or minimal',
    example: 'minimal',
  },
} as const;

/** The rows by which a repeated record is recognised are kept as long as TWINBOX_RETENTION_DAYS says. */
type KafkaValues = ValuesOf<typeof kafkaProperties> & { TWINBOX_RETENTION_DAYS: number };

/** Settings that are valid each by itself and wrong in combination. */
export function findKafkaConflicts(values: KafkaValues): string[] {
  const problems: string[] = [];
  const { KAFKA_SSL_CA, KAFKA_SSL_CERT, KAFKA_SSL_KEY } = values;
  const files = Object.entries({ KAFKA_SSL_CA, KAFKA_SSL_CERT, KAFKA_SSL_KEY });
  const given = files.flatMap(([name, path]) => (path === undefined ? [] : [name]));
  // Without this error passwords would be sent unencrypted although the certificates are
  // configured.
  if (values.KAFKA_SSL === 'off' && given.length > 0)
    problems.push(`${given.join(' and ')} is set, and KAFKA_SSL is off. Set KAFKA_SSL=on`);
  if ((KAFKA_SSL_CERT === undefined) !== (KAFKA_SSL_KEY === undefined))
    problems.push('KAFKA_SSL_CERT and KAFKA_SSL_KEY belong together: set both, or neither');
  const { KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD } = values;
  const login = [KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD];
  if (login.some((value) => value === undefined) && login.some((value) => value !== undefined))
    problems.push(
      'KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD belong together: set all three, or none',
    );
  if (values.KAFKA_TOPIC_RETENTION_HOURS >= values.TWINBOX_RETENTION_DAYS * 24)
    problems.push(
      'KAFKA_TOPIC_RETENTION_HOURS has to be shorter than TWINBOX_RETENTION_DAYS: the rows by which a repeated record is recognised have to be kept longer than the record',
    );
  return problems;
}
