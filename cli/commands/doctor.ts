import { statfs } from 'node:fs/promises';
import { countRefusals, readDatabaseFacts, readLastReceived } from '../../db/health/doctor.ts';
import { assertMigrated } from '../../db/server/migrate.ts';
import { judgeGround, pendingTables, readGround } from '../../db/server/preflight.ts';
import { findNoTransactions } from '../../db/server/transactions.ts';
import { partitionStatus } from '../../db/partitions/status.ts';
import { countReasons } from '../../db/health/reports.ts';
import { readSweep } from '../../db/sweep.ts';
import { readWebhookSigns } from '../../db/health/webhook-signs.ts';
import { findOtherDatabase } from '../../lib/process/database-identity.ts';
import { systemClock } from '../../lib/clock.ts';
import { loadConfig, type Config } from '../../lib/config/config.ts';
import {
  checks,
  hasProblem,
  judgeAttention,
  judgeClock,
  judgeDatabase,
  judgeDisk,
  judgeEndpoints,
  judgeGroundFacts,
  judgePartitions,
  judgeRetention,
  judgeRights,
  judgeSkipped,
  judgeUnmatched,
  tellOnce,
  type Check,
} from '../../lib/operations/doctor.ts';
import { examineSequences } from '../../lib/operations/doctor-sequences.ts';
import { judgeIntake, judgeRelay, judgeRoles } from '../../lib/operations/doctor-signs.ts';
import { checkKnown } from '../../lib/operations/known-sample.ts';
import { inspectStripe } from '../../lib/integrations/stripe/inspect.ts';
import { relayPart } from '../../lib/health/readiness.ts';
import { findStripeAccess } from '../../lib/process/requirements.ts';
import { readRoles } from '../../lib/health/roles.ts';
import { systemNames } from '../../lib/integrations/names.ts';
import { readReceiveLag } from '../../db/relay/receive-lag.ts';
import { openDatabase, type OpenDatabase } from '../database.ts';
import { inspectFolder } from '../embedded/folder.ts';
import { lookAtBus, lookAtRefused, lookAtSettings } from '../examine-bus.ts';
import { readUnmatched } from '../unmatched.ts';
import { exit } from '../exit.ts';
import { explain } from '../failure.ts';
import { table, type Output } from '../output.ts';
import type { CommandContext } from '../command-context.ts';
import { findRunning } from '../running.ts';
import { quietLog } from '../session.ts';
import { findStripe } from '../stripe.ts';
import { describeSkipped } from '../../lib/skipped.ts';
import { createSyncDeps } from '../../lib/process/systems.ts';
import { readAccount } from '../sync.ts';

export function addDoctor({ program, output, finish }: CommandContext): void {
  program
    .command('doctor')
    .description('check settings, connections, clocks, webhooks and rights, and say how to fix each problem')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
The command only reads, so it does not check whether a key may write. It prints no secret. Exit status: 0, or 1 if there is a problem.

Examples:
  $ npx twinbox doctor
  $ npx twinbox doctor --json | jq '.checks[] | select(.level != "ok")'`,
    )
    .action(async ({ json = false }: { json?: boolean }) => {
      const found = tellOnce(await examine());
      if (json) output.printJson({ ok: !hasProblem(found), checks: found });
      else print(found, output);
      finish(hasProblem(found) ? exit.failed : exit.ok);
    });
}

async function examine(): Promise<Check[]> {
  const config = await attempt('settings', 'Fix what is named; docs/settings.md explains each.', () =>
    loadConfig(),
  );
  if ('level' in config) return [config];
  const found: Check[] = [
    checks.ok(
      'settings',
      `read; database ${config.database.url === undefined ? 'embedded' : 'from DATABASE_URL'}`,
    ),
  ];
  const embedded = config.database.url === undefined;
  const disk = await attempt('disk', FOLDER, async () => ({ check: await lookAtDisk(config) }));
  found.push('level' in disk ? disk : disk.check);
  // The embedded database is in that folder, so its check would report the same cause again.
  if ('level' in disk && embedded) return found;
  const log = quietLog(config);
  const opened = await attempt('database', 'Start it, or fix DATABASE_URL.', () =>
    openDatabase(config, log, { mayCreate: false, asItIs: true }),
  );
  if ('level' in opened) return [...found, opened, ...(await examineStripeAlone(config))];
  try {
    return [...found, ...(await examineWithDatabase(config, opened))];
  } finally {
    await opened.close();
  }
}

async function examineWithDatabase(config: Config, { db, place, address }: OpenDatabase): Promise<Check[]> {
  const found: Check[] = [];
  const began = Date.now();
  const facts = await attempt('database', 'Start it, or fix DATABASE_URL.', () =>
    readDatabaseFacts(db),
  );
  if ('level' in facts) return [facts, ...(await examineStripeAlone(config))];
  const untransacted = await findNoTransactions(db);
  if (untransacted !== null) {
    const { says, fix } = untransacted;
    return [checks.problem('database', says, fix), ...(await examineStripeAlone(config))];
  }
  found.push(judgeDatabase(place, facts));
  found.push(judgeClock('the database', { theirs: facts.now, ours: new Date((began + Date.now()) / 2) }));
  found.push(...(await examineGround(db)));
  const migrations = await check('migrations', 'Run: npx twinbox migrate', async () => {
    await assertMigrated(db);
    return checks.ok('migrations', 'the schema is that of this version');
  });
  found.push(migrations);
  if (migrations.level !== 'ok') return [...found, ...(await examineStripe(config, null))];
  found.push(await check('identity', 'Look at the database.', () => judgeIdentity(db, address)));
  const running = await findRunning(config.dataDir);
  const sequences = await attempt('sequences', 'Look at the database.', async () => ({
    checks: await examineSequences(db, systemClock.now()),
  }));
  found.push(...('level' in sequences ? [sequences] : sequences.checks));
  found.push(
    ...(await examineRoles(db, running !== null || config.database.url !== undefined)),
    ...(await several('settings', 'Look at the database.', () => lookAtSettings(db, config))),
    await check('bus', 'Look at KAFKA_BOOTSTRAP_SERVERS and at the brokers.', () => lookAtBus(config, db)),
    ...(await several('refused', 'Look at the database.', () => lookAtRefused(db))),
    await check('partitions', 'Let the workers run: npx twinbox up', async () =>
      judgePartitions(await partitionStatus(db, systemClock.now())),
    ),
    await check('retention', 'Look at TWINBOX_RETENTION_DAYS.', async () => {
      const tables = await partitionStatus(db, systemClock.now());
      const events = tables.find(({ table: name }) => name === 'sync_events');
      return judgeRetention(config.retentionDays, events?.oldest ?? null, systemClock.now());
    }),
    await check('records', 'Look at the database.', async () => {
      const unmatched = await readUnmatched(db);
      return judgeUnmatched(unmatched?.isRead === true ? unmatched.undecided : null);
    }),
    await check('skipped', 'Look at the database.', async () =>
      judgeSkipped(await describeSkipped(db, systemClock.now())),
    ),
    await check('waiting', 'npx twinbox status shows more.', async () =>
      judgeAttention(await countReasons(db)),
    ),
  );
  return [...found, ...(await examineStripe(config, db))];
}

async function judgeIdentity(db: OpenDatabase['db'], address: OpenDatabase['address']): Promise<Check> {
  const other = await findOtherDatabase(db, address);
  if (other === null) return checks.ok('identity', 'the database is the one that was used before');
  return checks.problem('identity', other.found, other.fix);
}

/** The checks that every process makes at its start (db/server/preflight.ts), each as one finding. */
async function examineGround(db: OpenDatabase['db']): Promise<Check[]> {
  const seen = await attempt('ground', GROUND, async () => {
    const ground = await readGround(db);
    const pending = await pendingTables(db, ground);
    return { ground, pending };
  });
  if ('level' in seen) return [seen];
  const { ground } = seen;
  const pending = new Set(seen.pending);
  // A database that is not migrated yet requires more rights.
  const found = judgeGround(ground, pending.size > 0 ? 'migrate' : 'partitions', pending);
  return judgeGroundFacts(ground, found);
}

const GROUND = 'Look at the rights of the role in DATABASE_URL (docs/deployment.md).';

/**
 * The checks of Stripe that need no database. The simulator is left out: its stored state would be
 * opened for no use.
 */
async function examineStripeAlone(config: Config): Promise<Check[]> {
  return findStripeAccess(config) === null ? [] : await examineStripe(config, null);
}

/** `elsewhere`: processes on other machines or folders may work on this database. */
async function examineRoles(db: OpenDatabase['db'], elsewhere: boolean): Promise<Check[]> {
  const seen = await attempt('roles', 'Look at the database.', async () => ({
    standings: await readRoles(db),
    lag: await readReceiveLag(db, systemNames),
    relay: await relayPart(db, systemClock)(),
  }));
  if ('level' in seen) return [seen];
  const { standings, lag, relay } = seen;
  const judged = judgeRelay(relay, standings, elsewhere);
  return [
    judged,
    ...judgeRoles(standings, { lag, now: systemClock.now(), relaySaid: judged.level !== 'ok' }),
  ];
}

const DAY_MS = 86_400_000;

async function examineStripe(config: Config, db: OpenDatabase['db'] | null): Promise<Check[]> {
  const fix = 'Look at STRIPE_SECRET_KEY and at the network.';
  const log = quietLog(config);
  const found: Check[] = [];
  const stripe = await attempt('stripe', fix, () => findStripe(config, log));
  if ('level' in stripe) return [stripe];
  try {
    const facts = await attempt('stripe', fix, () => inspectStripe(stripe, () => new Date()));
    if ('level' in facts) return [facts];
    found.push(...judgeRights(facts.rights));
    if (facts.clock)
      found.push(judgeClock(stripe.simulatorUrl === null ? 'Stripe' : 'the simulator', facts.clock));
    const running = (await findRunning(config.dataDir)) !== null;
    const secrets = config.stripe.webhookSecrets.length;
    found.push(...judgeEndpoints(facts, { secrets, simulated: stripe.simulatorUrl !== null, running }));
    // Without this right the account cannot be read; the check of the rights reports that.
    const mayIdentify = facts.rights.some(({ name, allowed }) => allowed && name === 'Account (read)');
    if (db === null) return found;
    const { integration } = await createSyncDeps(config, { db, stripe, log, nudge: () => undefined });
    const account = (): Promise<Check> =>
      check('account', fix, async () => {
        const read = await readAccount(db, integration);
        if (read.ok) return checks.ok('account', `${read.account}, ${read.livemode ? 'live' : 'test'} mode`);
        return checks.problem(
          'account',
          read.message,
          'Use the key of the account that this database belongs to.',
        );
      });
    if (mayIdentify) found.push(await account());
    if (mayIdentify && found.at(-1)?.level === 'ok')
      found.push(await check('known records', fix, () => checkKnown(db, integration)));
    const now = systemClock.now();
    const intake = await attempt('heard', 'Look at the database.', async () =>
      judgeIntake(
        {
          last: await readLastReceived(db, integration.system),
          signs: await readWebhookSigns(db, integration.system),
          // Without a secret another check already says that only the sweep brings events.
          sweep: secrets > 0 || stripe.simulatorUrl !== null ? await readSweep(db, integration.system) : null,
          refusals: await countRefusals(db, integration.system, new Date(now.getTime() - DAY_MS)),
        },
        now,
      ),
    );
    return [...found, ...('level' in intake ? [intake] : intake)];
  } finally {
    await stripe.close();
  }
}

const FOLDER = 'Let TWINBOX_DATA_DIR name a folder that this user can write to.';

async function lookAtDisk({ dataDir }: Config): Promise<Check> {
  // If the folder does not exist yet, its nearest existing parent is on the same disk.
  const { bavail, bsize } = await statfs(await inspectFolder(dataDir));
  return judgeDisk(dataDir, bavail * bsize);
}

/** A failure becomes a finding, so that the other checks are still made. */
async function attempt<T extends object>(
  name: string,
  fix: string,
  work: () => T | Promise<T>,
): Promise<T | Check> {
  try {
    return await work();
  } catch (error) {
    // The fix is printed on its own line, so it is removed from the message.
    const says = explain(error).message.replace(`${fix}.`, '').replace(fix, '').trim();
    return checks.problem(name, says, fix);
  }
}

function check(name: string, fix: string, work: () => Promise<Check>): Promise<Check> {
  return attempt(name, fix, work);
}

async function several(name: string, fix: string, work: () => Promise<Check[]>): Promise<Check[]> {
  const found = await attempt(name, fix, work);
  return 'level' in found ? [found] : found;
}

function print(found: Check[], output: Output): void {
  const lines = found.map(({ says }) => says.split('\n'));
  const rows = found.map(({ level, name }, at) => [level, name, lines[at]?.[0] ?? '']);
  table(rows).forEach((line, at) => {
    output.print(line);
    for (const further of lines[at]?.slice(1) ?? []) output.print(`         ${further.trim()}`);
    const { fix } = found[at] ?? {};
    if (fix !== undefined) output.print(`         → ${fix}`);
  });
}
