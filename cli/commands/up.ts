import { readDatabaseId } from '../../db/connections.ts';
import { loadConfig, type Config } from '../../lib/config/config.ts';
import type { Registry } from '../../lib/integrations/registry.ts';
import { createLogger } from '../../lib/log.ts';
import { startSystem, type System } from '../embedded/system.ts';
import { exit } from '../exit.ts';
import { table, type Output } from '../output.ts';
import type { CommandContext } from '../command-context.ts';
import { claimFolder } from '../running.ts';
import { listenForStop } from '../../lib/process/stopping.ts';
import { readAccount, type Account } from '../sync.ts';
import { describeUnmatched, readUnmatched } from '../unmatched.ts';

export function addUp({ program, output, finish, systems }: CommandContext): void {
  program
    .command('up')
    .description('start everything in this one process and leave it running')
    .option('--json', 'print where everything is as one line of JSON')
    .addHelpText(
      'after',
      `
Nothing has to be set: without settings it brings a PostgreSQL and a Stripe simulator of its own, in .twinbox/.
Ctrl-C or SIGTERM: takes nothing new, finishes what is in hand, exits 0 within 10 s; a second Ctrl-C exits at once (130).

Examples:
  $ npx twinbox up
  $ API_PORT=8001 SIMULATOR_PORT=12112 TWINBOX_DATA_DIR=/tmp/second npx twinbox up
  $ STRIPE_SECRET_KEY=sk_test_… npx twinbox up      (a real Stripe account, its test side)`,
    )
    .action(async ({ json = false }: { json?: boolean }) => finish(await up(json, output, systems)));
}

/** A supervisor waits 10 s before it kills. */
const STOP_MS = 9_500;

async function up(json: boolean, output: Output, systems: Registry): Promise<number> {
  const config = loadConfig();
  const stopping = listenForStop();
  const claim = await claimFolder(config.dataDir);
  try {
    const log = createLogger(config.log);
    if (!json) output.say('Starting Twinbox …');
    const system = await startSystem({ config, log, systems });
    try {
      const { url: apiUrl, simulatorUrl, databasePlace: place } = system;
      // At once, and without waiting for the database: the API answers already, and others look here for its address.
      await claim.announce({ apiUrl, simulatorUrl });
      const id = await readDatabaseId(system.db);
      await claim.announce({ apiUrl, simulatorUrl, database: { place, id } });
      const account = await readAccount(system.db, system.integration);
      if (json) output.printJsonLine(toJson(system, config, account));
      else {
        describe(system, config, account, output);
        for (const each of systems.enabled(config)) {
          const unmatched = await readUnmatched(system.db, each);
          for (const line of unmatched ? describeUnmatched(unmatched) : []) output.say(line);
        }
      }
      return await stayUntilStopped(system, stopping.requested, output);
    } finally {
      await system.stop();
      // Nothing of ours is left to wait for; only a call that hangs could still keep the process.
      setTimeout(() => process.exit(), 300).unref();
    }
  } finally {
    await claim.release();
    stopping.dispose();
  }
}

async function stayUntilStopped(
  system: System,
  requested: Promise<NodeJS.Signals>,
  output: Output,
): Promise<number> {
  const end = await Promise.race([requested, system.failed]);
  if (end instanceof Error) {
    output.say(`Twinbox cannot go on: ${end.message}`);
    return exit.failed;
  }
  output.say('Stopping: finishing what is in hand (a second Ctrl-C exits at once) …');
  // A call that hangs must not hold the process: its intent is stored, and the next start finishes it.
  setTimeout(() => process.exit(exit.ok), STOP_MS).unref();
  return exit.ok;
}

function toJson({ url, simulatorUrl, databasePlace, busPlace }: System, config: Config, account: Account) {
  return {
    pid: process.pid,
    api: url,
    simulator: simulatorUrl,
    database: databasePlace,
    kafka: busPlace,
    data_dir: config.dataDir,
    stripe_account: account.ok ? account.account : null,
    livemode: account.ok ? account.livemode : null,
  };
}

function describe(system: System, config: Config, account: Account, output: Output): void {
  const { url, simulatorUrl, databasePlace, busPlace } = system;
  const embedded = config.database.url === undefined;
  const rows = [
    [
      '  API',
      `${url}/api/v1/customers`,
      config.api.keys.length > 0 ? 'asks for one of API_KEYS' : 'open to this machine',
    ],
    ['  PostgreSQL', databasePlace, embedded ? 'real, brought along' : 'yours, from DATABASE_URL'],
    busPlace === null
      ? ['  bus', 'inside this process', 'in place of Kafka; KAFKA_BOOTSTRAP_SERVERS names one']
      : ['  Kafka', busPlace, 'yours, from KAFKA_BOOTSTRAP_SERVERS'],
    stripeRow(simulatorUrl, account),
  ];
  output.print();
  output.printTitle('Twinbox runs.');
  for (const line of table(rows)) output.print(line);
  if (!config.stripe.writes)
    output.print('  STRIPE_WRITES=off: nothing is written to Stripe; `twinbox status` counts what would be.');
  if (simulatorUrl === null && config.stripe.webhookSecrets.length === 0)
    output.print(
      '  Without STRIPE_WEBHOOK_SECRET changes made at Stripe are heard by the sweep only, minutes later (docs/webhooks.md).',
    );
  if (!account.ok) {
    output.say();
    output.say(`${account.why === 'foreign' ? 'Attention: ' : ''}${account.message}`);
  }
  output.print();
  output.print('Try it from another terminal:');
  for (const line of nextSteps(url, config)) output.print(`  ${line}`);
  output.print();
  output.print('Ctrl-C stops it; everything is kept.');
}

function stripeRow(simulatorUrl: string | null, account: Account): string[] {
  if (simulatorUrl !== null)
    return ['  Stripe', simulatorUrl, 'simulated: our own double, spoken to by the real stripe package'];
  if (!account.ok) return ['  Stripe', 'from STRIPE_SECRET_KEY', 'real'];
  const mode = account.livemode ? 'LIVE MODE: these are real customers' : 'real, test mode';
  return ['  Stripe', `account ${account.account}`, mode];
}

function nextSteps(url: string, config: Config): string[] {
  const key = config.api.keys.length > 0 ? " -H 'Authorization: Bearer <one of API_KEYS>'" : '';
  return [
    `curl -s${key} -X POST ${url}/api/v1/customers -H 'Content-Type: application/json' \\`,
    `  -d '{"name":"Ada Lovelace","email":"ada@example.com"}'`,
    `curl -s${key} ${url}/api/v1/customers`,
    'npx twinbox import data/chinook-customers.csv',
    'npx twinbox verify',
  ];
}
