// The whole system in this process, until it is asked to stop.
import { hasApiKeys } from '../db/api-keys.ts';
import { readDatabaseId } from '../db/connections.ts';
import type { Config } from '../lib/config/config.ts';
import { loadConfigAndCatalogue } from '../lib/process/load-config.ts';
import type { Registry } from '../lib/integrations/registry.ts';
import { createLogger } from '../lib/log.ts';
import { startSystem, type System } from './embedded/system.ts';
import { exit } from './exit.ts';
import { table, type Output } from './output.ts';
import { claimFolder } from './running.ts';
import { listenForStop } from '../lib/process/stopping.ts';
import { readAccount, type Account } from './sync.ts';
import { describeUnmatched, readUnmatched } from './unmatched.ts';

/** A supervisor kills a process that has not ended after 10 s. */
const STOP_MS = 9_500;

export async function runUp(json: boolean, output: Output, systems: Registry): Promise<number> {
  const config = loadConfigAndCatalogue();
  const stopping = listenForStop();
  const claim = await claimFolder(config.dataDir);
  try {
    const log = createLogger(config.log);
    if (!json) output.say('Starting Twinbox …');
    const system = await startSystem({ config, log, systems });
    try {
      const { url: apiUrl, simulatorUrl, databasePlace: place } = system;
      // Before the database is read: the API answers already, and other commands read its address
      // here.
      await claim.announce({ apiUrl, simulatorUrl });
      const id = await readDatabaseId(system.db);
      await claim.announce({ apiUrl, simulatorUrl, database: { place, id } });
      const account = await readAccount(system.db, system.integration);
      if (json) output.printJsonLine(toJson(system, config, account));
      else {
        const needsKey = config.api.keys.length > 0 || (await hasApiKeys(system.db));
        describe(system, config, { account, needsKey }, output);
        for (const each of systems.enabled(config)) {
          const unmatched = await readUnmatched(system.db, each);
          for (const line of unmatched ? describeUnmatched(unmatched) : []) output.say(line);
        }
      }
      return await stayUntilStopped(system, stopping.requested, output);
    } finally {
      await system.stop();
      // All parts have stopped; only a call that hangs could still keep the process alive.
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
  output.say('Stopping: finishing the work in progress (a second Ctrl-C exits at once) …');
  // A call that hangs must not keep the process alive: its intent is stored, and the next start
  // finishes it.
  setTimeout(() => process.exit(exit.ok), STOP_MS).unref();
  return exit.ok;
}

function toJson(
  { url, console: door, simulatorUrl, databasePlace, busPlace }: System,
  config: Config,
  account: Account,
) {
  return {
    pid: process.pid,
    api: url,
    console: door?.url ?? null,
    simulator: simulatorUrl,
    database: databasePlace,
    kafka: busPlace,
    data_dir: config.dataDir,
    stripe_account: account.ok ? account.account : null,
    livemode: account.ok ? account.livemode : null,
  };
}

function describe(
  system: System,
  config: Config,
  { account, needsKey }: { account: Account; needsKey: boolean },
  output: Output,
): void {
  const { url, console: door, simulatorUrl, databasePlace, busPlace } = system;
  const embedded = config.database.url === undefined;
  const rows = [
    [
      '  API',
      `${url}/api/v1/customers`,
      needsKey ? 'requires a key (npx twinbox keys)' : 'open, until the first key is made',
    ],
    ...(door === null ? [] : [consoleRow(door, needsKey)]),
    ['  pages', `${url}/docs`, 'try calls in a browser; /redoc and /asyncapi describe API and topics'],
    [
      '  PostgreSQL',
      databasePlace,
      embedded ? 'a real server, started by Twinbox' : 'yours, from DATABASE_URL',
    ],
    busPlace === null
      ? ['  bus', 'inside this process', 'in place of Kafka; set KAFKA_BOOTSTRAP_SERVERS to use Kafka']
      : ['  Kafka', busPlace, 'yours, from KAFKA_BOOTSTRAP_SERVERS'],
    stripeRow(simulatorUrl, account),
  ];
  output.print();
  output.printTitle('Twinbox runs.');
  for (const line of table(rows)) output.print(line);
  if (!config.stripe.writes)
    output.print(
      '  STRIPE_WRITES=off: nothing is written to Stripe; `twinbox status` counts the changes that wait.',
    );
  if (simulatorUrl === null && config.stripe.webhookSecrets.length === 0)
    output.print(
      '  STRIPE_WEBHOOK_SECRET is not set: only the sweep finds changes made at Stripe, minutes later (docs/webhooks.md).',
    );
  if (!account.ok) {
    output.say();
    output.say(`${account.why === 'other_account' ? 'Attention: ' : ''}${account.message}`);
  }
  output.print();
  output.print('Try Twinbox from another terminal:');
  for (const line of nextSteps(url, needsKey)) output.print(`  ${line}`);
  output.print();
  output.print('Ctrl-C stops Twinbox; all data is kept.');
}

function consoleRow(door: NonNullable<System['console']>, needsKey: boolean): string[] {
  if (!needsKey) return ['  Console', door.url, 'what is stuck, why, and what happened: for a browser'];
  const link = door.newLink();
  return link === null
    ? ['  Console', door.url, 'asks for a key']
    : ['  Console', link, 'this link logs in once, within 10 minutes'];
}

function stripeRow(simulatorUrl: string | null, account: Account): string[] {
  if (simulatorUrl !== null)
    return ['  Stripe', simulatorUrl, 'simulated: Twinbox’s simulator, called by the real stripe package'];
  if (!account.ok) return ['  Stripe', 'from STRIPE_SECRET_KEY', 'real'];
  const mode = account.livemode ? 'LIVE MODE: these are real customers' : 'real, test mode';
  return ['  Stripe', `account ${account.account}`, mode];
}

function nextSteps(url: string, needsKey: boolean): string[] {
  const key = needsKey ? " -H 'Authorization: Bearer <key>'" : '';
  return [
    `curl -s${key} -X POST ${url}/api/v1/customers -H 'Content-Type: application/json' \\`,
    `  -d '{"name":"Ada Lovelace","email":"ada@example.com"}'`,
    `curl -s${key} ${url}/api/v1/customers`,
    'npx twinbox import data/chinook-customers.csv',
    'npx twinbox verify',
  ];
}
