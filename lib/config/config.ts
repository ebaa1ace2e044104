/**
 * The only reader of the environment. `loadConfig` is called once, in a process's `main`, and
 * returns a frozen object, which all other code is given. The settings themselves are in
 * `schema.ts`.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'dotenv';
import { builtIn, type Catalogue } from '../catalogue/catalogue.ts';
import { catalogueHash } from './catalogue-hash.ts';
import { findWrong } from './check.ts';
import { findKafkaConflicts } from './kafka.ts';
import { settings, type Setting, type Settings } from './schema.ts';
import { buildTracing, findTracingConflicts } from './tracing.ts';
import { findSystemConflicts, readSystems, systemPrefixes } from './systems.ts';
import { describeUnknown, describeWrong } from './problems.ts';
import { unknownSettings } from './unknown.ts';
import { AppError } from '../errors.ts';

export type Env = Record<string, string | undefined>;

export type LoadOptions = {
  /**
   * A file of settings. A variable of the environment overrides the same setting in the file.
   * Default: `.env` in the working folder; false: no file.
   */
  envFile?: string | false;
  /**
   * Reads the catalogue of the file that TWINBOX_CONFIG names, or of the one in the working folder.
   * Default: no file is read, and the built-in catalogue stands. A process that works for a user
   * calls lib/process/load-config.ts, which reads it.
   */
  readCatalogue?: CatalogueReader;
  /** Decides the format of the log where LOG_FORMAT is not set. */
  isTerminal?: boolean;
};

/** `given`: the value of TWINBOX_CONFIG. */
export type CatalogueReader = (given: string | undefined) => CatalogueRead;

export type CatalogueRead = {
  catalogue: Catalogue;
  /** The file that it was read from; null for the built-in one. */
  file: string | null;
  /** What is wrong with the file, whole lines for a person; null if it can be used. */
  problem: string | null;
};

export type Config = ReturnType<typeof buildConfig>;

/** Throws `config_invalid` with every problem in one message. */
export function loadConfig(env: Env = process.env, options: LoadOptions = {}): Config {
  const { envFile = '.env', isTerminal = process.stderr.isTTY, readCatalogue = () => BUILT_IN } = options;
  const file = envFile === false ? {} : readEnvFile(envFile);
  const given = collect(env, file);
  const place = (name: string) => (filled(env[name]) ? 'in the environment' : `in ${String(envFile)}`);

  const values: Record<string, unknown> = Object.fromEntries(
    settings.flatMap(([name, setting]) => {
      const text = given[name];
      return text === undefined ? [] : [[name, readText(text, setting)]];
    }),
  );
  const unknown = findUnknown(given, { file, ignored: values['TWINBOX_IGNORE'] });
  const problems = [
    ...unknown.map((each) => describeUnknown(each, place(each.name))),
    ...findWrong(values).map(([name, setting]) =>
      describeWrong({ name, setting, text: given[name] ?? '', items: values[name], place: place(name) }),
    ),
  ];
  const checked = values as Settings;
  problems.push(...findConflicts(checked));
  const read = readCatalogue(given['TWINBOX_CONFIG']);
  if (problems.length > 0 || read.problem !== null) throw invalid(problems, read.problem);
  return deepFreeze(buildConfig(checked, isTerminal, read));
}

const BUILT_IN: CatalogueRead = { catalogue: builtIn, file: null, problem: null };

/**
 * An environment in which the demo, the tests and the benchmark cannot reach a real system:
 * whatever names a database, a Kafka, an account of an external system, a port or a file of a
 * catalogue is left out, and so is a receiver of traces. Give `envFile: false` with it.
 */
export function ignoreConnectionSettings(env: Env = process.env): Env {
  const ignored = [
    'DATABASE_',
    'KAFKA_',
    'API_',
    'HEALTH_',
    'CONSOLE_',
    'METRICS_',
    'SIMULATOR_',
    'OTEL_',
    'TWINBOX_CONFIG',
    'TWINBOX_API_',
    ...systemPrefixes,
  ];
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !ignored.some((prefix) => name.startsWith(prefix))),
  );
}

function buildConfig(values: Settings, isTerminal: boolean, { catalogue, file }: CatalogueRead) {
  const configuration = catalogueHash(catalogue);
  return {
    catalogue,
    /** The file of the catalogue; null if the built-in one stands. */
    configFile: file,
    env: values.TWINBOX_ENV,
    owner: values.TWINBOX_OWNER,
    /** The first one encrypts, all of them decrypt. */
    secretKeys: values.TWINBOX_SECRET_KEY ?? [],
    dataDir: resolve(values.TWINBOX_DATA_DIR),
    parkAfterHours: values.TWINBOX_PARK_AFTER_HOURS,
    retentionDays: values.TWINBOX_RETENTION_DAYS,
    auditDays: values.TWINBOX_AUDIT_DAYS,
    database: { url: values.DATABASE_URL, poolSize: values.DATABASE_POOL_SIZE },
    relay: { shards: values.RELAY_SHARDS },
    kafka: buildKafka(values),
    ...readSystems(values),
    api: {
      host: values.API_HOST,
      port: values.API_PORT,
      workers: values.API_WORKERS,
      keepAliveS: values.API_KEEP_ALIVE_S,
      keys: values.API_KEYS ?? [],
      /** The first one hashes new keys, all of them check; none: one of the database does. */
      keySecrets: values.API_KEY_SECRET ?? [],
      isLoopback: isLoopback(values.API_HOST),
      insecure: values.API_INSECURE === 'yes',
    },
    console: { pages: values.CONSOLE_PAGES === 'on', port: values.CONSOLE_PORT ?? null },
    /** The API that reading commands ask in place of a database. */
    remote:
      values.TWINBOX_API_URL === undefined
        ? null
        : { url: values.TWINBOX_API_URL, key: values.TWINBOX_API_KEY ?? null },
    /** Where spans are sent; null if none are made. */
    tracing: buildTracing(values),
    health: { host: values.HEALTH_HOST, port: values.HEALTH_PORT },
    metrics: { host: values.METRICS_HOST, port: values.METRICS_PORT },
    log: { level: values.LOG_LEVEL, format: values.LOG_FORMAT ?? (isTerminal ? 'pretty' : 'json') },
    /**
     * The settings that must be the same in every process of a role. `configuration`: a hash of what
     * the file of the catalogue says; a relay does nothing by it.
     */
    alike: {
      api: { configuration },
      relay: alikeOf(values, 'relay'),
      worker: { ...alikeOf(values, 'worker'), configuration },
    },
    simulator: {
      port: values.SIMULATOR_PORT,
      url: values.SIMULATOR_URL,
      webhookSecret: values.SIMULATOR_WEBHOOK_SECRET,
    },
  } as const;
}

function alikeOf(values: Settings, role: 'relay' | 'worker'): Record<string, string> {
  return Object.fromEntries(
    settings.flatMap(([name, { alike }]) =>
      alike?.includes(role) === true ? [[name, String(values[name] ?? '')]] : [],
    ),
  );
}

function buildKafka(values: Settings) {
  const {
    KAFKA_SASL_MECHANISM: mechanism,
    KAFKA_SASL_USERNAME: username,
    KAFKA_SASL_PASSWORD: password,
  } = values;
  return {
    bootstrapServers: values.KAFKA_BOOTSTRAP_SERVERS ?? [],
    groupId: values.KAFKA_GROUP_ID,
    ssl: {
      enabled: values.KAFKA_SSL === 'on',
      ca: values.KAFKA_SSL_CA,
      cert: values.KAFKA_SSL_CERT,
      key: values.KAFKA_SSL_KEY,
    },
    // findConflicts has checked that either all three are set or none.
    sasl: mechanism && { mechanism, username: username ?? '', password: password ?? '' },
    topics: {
      create: values.KAFKA_CREATE_TOPICS === 'yes',
      partitions: values.KAFKA_TOPIC_PARTITIONS,
      replication: values.KAFKA_TOPIC_REPLICATION ?? null,
      retentionHours: values.KAFKA_TOPIC_RETENTION_HOURS,
    },
    topicPrefix: values.KAFKA_TOPIC_PREFIX ?? '',
    shareTopics: values.KAFKA_SHARE_TOPICS === 'yes',
    customerEvents: values.KAFKA_CUSTOMER_EVENTS === 'on',
    headers: values.KAFKA_HEADERS,
  } as const;
}

function readEnvFile(path: string): Env {
  try {
    return parse(readFileSync(path));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return {};
    throw new AppError('config_invalid', { cause, detail: `${path} cannot be read: ${String(cause)}` });
  }
}

/**
 * All settings that are set. The environment overrides the file; an empty value counts as not set.
 */
function collect(env: Env, file: Env): Record<string, string> {
  const given: Record<string, string> = {};
  for (const source of [file, env]) {
    for (const [name, value] of Object.entries(source)) {
      if (value !== undefined && filled(value)) given[name] = value.trim();
    }
  }
  return given;
}

function filled(value: string | undefined): boolean {
  return value !== undefined && value.trim() !== '';
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/**
 * A value in the form of the schema: a list is split, a choice is put in small letters. The check
 * converts numbers.
 */
function readText(text: string, setting: Setting): string | string[] {
  if (setting.type === 'array') return splitList(text);
  return setting.enum?.includes(text.toLowerCase()) === true ? text.toLowerCase() : text;
}

function findUnknown(given: Record<string, string>, { file, ignored }: { file: Env; ignored: unknown }) {
  const names = Object.keys(given).map((name) => ({ name, isStrict: filled(file[name]) }));
  return unknownSettings(names, Array.isArray(ignored) ? ignored.map(String) : []);
}

/** Settings that are valid each by itself and wrong in combination. */
function findConflicts(values: Settings): string[] {
  return [
    ...findKafkaConflicts(values),
    ...findSystemConflicts(values),
    ...findTracingConflicts(values),
    ...findPortConflicts(values),
  ];
}

/** A port that two of our own servers want would be reported as that of another program. */
function findPortConflicts({ API_PORT: api, CONSOLE_PORT: own }: Settings): string[] {
  if (own !== api || own === 0) return [];
  return [
    `CONSOLE_PORT and API_PORT are both ${own}. Leave CONSOLE_PORT out to have the console on the port of the API, or give it another port`,
  ];
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function invalid(problems: string[], ofFile: string | null): AppError {
  const list = problems.map((problem) => `  - ${problem}.`.replace(/([?.])\.$/, '$1')).join('\n');
  const ofSettings = `Twinbox cannot start with these settings:\n${list}\nAll settings are explained in docs/settings.md.`;
  const parts = [...(problems.length === 0 ? [] : [ofSettings]), ...(ofFile === null ? [] : [ofFile])];
  return new AppError('config_invalid', { detail: parts.join('\n') });
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) deepFreeze(inner as object);
  }
  return Object.freeze(value);
}
