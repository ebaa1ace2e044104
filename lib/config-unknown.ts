import { settings } from './config-schema.ts';

/** A variable that begins like one of ours and is none of ours is most likely a slip of the pen. */

const PREFIXES = ['TWINBOX_', 'STRIPE_', 'API_', 'KAFKA_', 'DATABASE_', 'LOG_', 'HEALTH_', 'SIMULATOR_'];

/** Well-known names of other programs that share our prefixes; having them set must break nobody. */
const STRANGERS: readonly RegExp[] = [
  // What the simulator reads by itself when it is a process of its own; there it says what it does not know.
  /^SIMULATOR_(HOST|DATA_DIR|ACCOUNT|GLOBAL_PER_SECOND|ENDPOINT_PER_SECOND|WEBHOOK_URL)$/,
  // Stripe's command line and its plug-ins.
  /^STRIPE_(API_KEY|DEVICE_NAME|PROJECT_NAME|PUBLISHABLE_KEY|ACCOUNT|API_VERSION)$/,
  /^STRIPE_CLI_/,
  // Kafka's own start scripts and container images.
  /^KAFKA_(HOME|OPTS|HEAP_OPTS|JMX_OPTS|JMX_PORT|LOG4J_OPTS|LOG4J_CMD_OPTS|GC_LOG_OPTS|GC_LOG_ENABLED|DEBUG|VERSION)$/,
  /^KAFKA_(JVM_PERFORMANCE_OPTS|CLUSTER_ID|NODE_ID|PROCESS_ROLES|LISTENERS|ADVERTISED_.*|CONTROLLER_.*|LISTENER_.*)$/,
  // What Kubernetes writes for a service named "api", "kafka" or "database".
  /^[A-Z]+(_[A-Z0-9]+)*_SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?$/,
  /^[A-Z]+(_[A-Z0-9]+)*_PORT_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?$/,
];

export type UnknownSetting = { name: string; suggestion: string | undefined };

/** The names of our prefixes that are no settings, each with the setting that was perhaps meant. */
export function unknownSettings(names: readonly string[], ignored: readonly string[]): UnknownSetting[] {
  const known = settings.map(([name]) => name as string);
  return names
    .filter((name) => PREFIXES.some((prefix) => name.startsWith(prefix)))
    .filter((name) => !known.includes(name) && !ignored.includes(name))
    .filter((name) => !STRANGERS.some((pattern) => pattern.test(name)))
    .map((name) => ({ name, suggestion: closest(name, known) }));
}

/** The known name that differs in the fewest letters, if these are few enough to be a slip. */
function closest(name: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  const ownPart = name.slice(name.indexOf('_') + 1);
  return best !== undefined && best.distance <= ownPart.length / 2 ? best.candidate : undefined;
}

/** Levenshtein: how many letters to insert, remove or change. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of Array.from(from).entries()) {
    const next = [index + 1];
    for (const [column, other] of Array.from(to).entries()) {
      const changed = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
