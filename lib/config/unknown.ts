/**
 * Finds names that are not settings of Twinbox but were perhaps meant as one. In `.env`, which
 * belongs to Twinbox, every unknown name with one of our prefixes is reported; names with the
 * prefix
 * `TWINBOX_` are reported everywhere. The environment is shared with all other programs of the
 * machine, so in it only those names are reported that differ little from the name of a setting.
 */
import { settings } from './schema.ts';
import { systemPrefixes } from './systems.ts';

const PREFIXES = [
  ...(['TWINBOX_', 'API_', 'KAFKA_', 'DATABASE_', 'LOG_', 'HEALTH_', 'SIMULATOR_'] as const),
  ...systemPrefixes,
];

/**
 * Well-known names of other programs. They do not stop the start, neither in `.env` nor because
 * they are similar to the name of a setting.
 */
const OF_OTHER_PROGRAMS: readonly RegExp[] = [
  // Settings of the simulator when it runs as a process of its own; that process reports unknown
  // names itself.
  /^SIMULATOR_(HOST|DATA_DIR|ACCOUNT|GLOBAL_PER_SECOND|ENDPOINT_PER_SECOND|WEBHOOK_URL)$/,
  // Stripe's command line and its plug-ins; dj-stripe's pairs of keys.
  /^STRIPE_(API_KEY|DEVICE_NAME|PROJECT_NAME|PUBLISHABLE_KEY|ACCOUNT|API_VERSION)$/,
  /^STRIPE_CLI_/,
  /^STRIPE_(TEST|LIVE)_(SECRET|PUBLIC|PUBLISHABLE)_KEY$/,
  // Kafka's own start scripts and container images, which also write any property of a broker as a variable.
  /^KAFKA_(HOME|OPTS|LIB|HEAP_OPTS|JMX_OPTS|JMX_PORT|LOG4J_OPTS|LOG4J_CMD_OPTS|GC_LOG_OPTS|GC_LOG_ENABLED|DEBUG|VERSION)$/,
  /^KAFKA_(JVM_PERFORMANCE_OPTS|CLUSTER_ID|NODE_ID|PROCESS_ROLES|LISTENERS|ADVERTISED_.*|CONTROLLER_.*|LISTENER_.*)$/,
  /^KAFKA_(SSL_(KEY|KEYSTORE|TRUSTSTORE|ENDPOINT|CLIENT|ENABLED|CIPHER|PROVIDER|PROTOCOL)_.*|SASL_(ENABLED|JAAS|MECHANISM)_.*)$/,
  // Variables of OpenTelemetry that its exporter reads by itself, or that are of other signals.
  /^OTEL_EXPORTER_OTLP_(METRICS|LOGS)_[A-Z_]+$/,
  /^OTEL_EXPORTER_OTLP_TRACES_(HEADERS|PROTOCOL|TIMEOUT|COMPRESSION|INSECURE|CERTIFICATE|CLIENT_KEY|CLIENT_CERTIFICATE)$/,
  // What Kubernetes writes for a service named "api", "kafka" or "database".
  /^[A-Z]+(_[A-Z0-9]+)*_SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?$/,
  /^[A-Z]+(_[A-Z0-9]+)*_PORT_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?$/,
];

/**
 * Short forms that people write in place of a setting's name and that `hasOnePartMore` does not
 * find.
 */
const SHORT_FORMS: Record<string, string> = {
  STRIPE_KEY: 'STRIPE_SECRET_KEY',
  STRIPE_SECRET: 'STRIPE_SECRET_KEY',
  STRIPE_WEBHOOK: 'STRIPE_WEBHOOK_SECRET',
  DATABASE_POOL: 'DATABASE_POOL_SIZE',
  KAFKA_BOOTSTRAP: 'KAFKA_BOOTSTRAP_SERVERS',
  KAFKA_SERVERS: 'KAFKA_BOOTSTRAP_SERVERS',
};

/** `isStrict`: the name is in `.env`. */
export type GivenName = { name: string; isStrict: boolean };
export type UnknownSetting = { name: string; suggestion: string | undefined };

/** The names that stop the start, each with the setting that was perhaps meant. */
export function unknownSettings(given: readonly GivenName[], ignored: readonly string[]): UnknownSetting[] {
  const known = settings.map(([name]) => name as string);
  const isGiven = (setting: string): boolean => given.some(({ name }) => name === setting);
  return given
    .filter(({ name }) => !known.includes(name) && !ignored.includes(name))
    .filter(({ name }) => !OF_OTHER_PROGRAMS.some((pattern) => pattern.test(name)))
    .flatMap(({ name, isStrict }) => {
      const near = nearly(name, known, isGiven);
      const ours = PREFIXES.some((prefix) => name.startsWith(prefix));
      if (ours && (isStrict || name.startsWith('TWINBOX_')))
        return [{ name, suggestion: near ?? closest(name, known) }];
      return near === undefined ? [] : [{ name, suggestion: near }];
    });
}

/**
 * The setting whose name differs so little from this name that a typing mistake is more likely than
 * a variable of another program.
 */
function nearly(
  name: string,
  known: readonly string[],
  isGiven: (setting: string) => boolean,
): string | undefined {
  const bySpelling = known.find((setting) => isMisspelt(name, setting));
  if (bySpelling !== undefined) return bySpelling;
  // If the setting itself is given too, the similar name belongs to another program.
  const meant = SHORT_FORMS[name];
  if (meant !== undefined) return isGiven(meant) ? undefined : meant;
  return known.find((setting) => !isGiven(setting) && hasOnePartMore(name, setting));
}

/**
 * Whether the name differs from the setting's by a few letters that are missing, added, changed or
 * swapped: at most two in a long name, one in a short name.
 */
function isMisspelt(name: string, setting: string): boolean {
  if (name.toUpperCase() === setting) return true;
  const [prefix, own] = split(name);
  const [settingPrefix, settingOwn] = split(setting);
  // APP_PORT is not meant as API_PORT; STRPE_SECRET_KEY is meant as STRIPE_SECRET_KEY.
  if (prefix !== settingPrefix)
    return own === settingOwn && settingPrefix.length > 5 && editDistance(prefix, settingPrefix) === 1;
  return editDistance(own, settingOwn) <= (settingOwn.length < 8 ? 1 : 2);
}

/** Whether the longer name has the parts of the shorter one, in their order, and one part more. */
function hasOnePartMore(name: string, setting: string): boolean {
  const [long = [], short = []] = [name.split('_'), setting.split('_')].sort((a, b) => b.length - a.length);
  if (long.length !== short.length + 1 || short.length < 3 || long[0] !== short[0]) return false;
  return long.some((_, at) => long.toSpliced(at, 1).join('_') === short.join('_'));
}

/** The prefix, underscore included, and the rest of the name. */
function split(name: string): [string, string] {
  const at = name.indexOf('_') + 1;
  return [name.slice(0, at), name.slice(at)];
}

/**
 * The known name that differs in the fewest letters; undefined if it differs in more than half of
 * them.
 */
function closest(name: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= split(name)[1].length / 2 ? best.candidate : undefined;
}

/** How many letters have to be inserted, removed, changed or swapped (optimal string alignment). */
function editDistance(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let at = 0; at < from.length; at += 1) {
    const next = [at + 1];
    for (let column = 0; column < to.length; column += 1) {
      const changed = (row[column] ?? 0) + (from[at] === to[column] ? 0 : 1);
      let least = Math.min(changed, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1);
      if (at > 0 && column > 0 && from[at] === to[column - 1] && from[at - 1] === to[column])
        least = Math.min(least, (before[column - 1] ?? 0) + 1);
      next.push(least);
    }
    before = row;
    row = next;
  }
  return row[to.length] ?? 0;
}
