import { statfs } from 'node:fs/promises';
import { tableCatalogueOf } from '../../lib/process/table-catalogue.ts';
import { customerOf } from '../../lib/config/entity.ts';
import { readDatabaseFacts } from '../../db/health/doctor.ts';
import { assertMigrated } from '../../db/server/migrate.ts';
import { judgeGround, pendingTables, readGround } from '../../db/server/preflight.ts';
import { findNoTransactions } from '../../db/server/transactions.ts';
import { partitionStatus } from '../../db/partitions/status.ts';
import { countReasons } from '../../db/health/reports.ts';
import { findOtherDatabase } from '../../lib/process/database-identity.ts';
import { systemClock } from '../../lib/clock.ts';
import { checks, type Check } from '../../lib/finding.ts';
import type { Registry } from '../../lib/integrations/registry.ts';
import type { Config } from '../../lib/config/config.ts';
import { loadConfigAndCatalogue } from '../../lib/process/load-config.ts';
import {
  hasProblem,
  judgeAttention,
  judgeClock,
  judgeDatabase,
  judgeDisk,
  judgeGroundFacts,
  judgePartitions,
  judgeRetention,
  judgeSkipped,
  judgeUnmatched,
  tellOnce,
} from '../../lib/operations/doctor.ts';
import { examineSequences } from '../../lib/operations/doctor-sequences.ts';
import { checkQuotas, judgeRelay, judgeRoles } from '../../lib/operations/doctor-signs.ts';
import { relayPart } from '../../lib/health/readiness.ts';
import { readRoles } from '../../lib/health/roles.ts';
import type { SystemDefinition } from '../../lib/integrations/definition.ts';
import { readReceiveLag } from '../../db/relay/receive-lag.ts';
import { openDatabase, type OpenDatabase } from '../database.ts';
import { inspectFolder } from '../embedded/folder.ts';
import { lookAtBus, lookAtRefused, lookAtSettings } from '../examine-bus.ts';
import { readUnmatched } from '../unmatched.ts';
import { exit, NeedsDatabase } from '../exit.ts';
import { table, type Output } from '../output.ts';
import { chosenSystems, systemOption } from '../systems.ts';
import type { CommandContext } from '../command-context.ts';
import { findRunning } from '../running.ts';
import { quietLog } from '../session.ts';
import { attempt, check, several } from '../attempt.ts';
import { examineSystems, examineSystemsAlone } from '../examine-systems.ts';
import { describeSkipped } from '../../lib/skipped.ts';

export function addDoctor({ program, output, finish, systems }: CommandContext): void {
  program
    .command('doctor')
    .addOption(systemOption(systems))
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
The command only reads, so it does not check whether a key may write. It prints no secret. Exit status: 0, or 1 if there is a problem.

Examples:
  $ npx twinbox doctor
  $ npx twinbox doctor --json | jq '.checks[] | select(.level != "ok")'`,
    )
    .action(async ({ json = false, system }: { json?: boolean; system?: string }) => {
      const found = tellOnce(await examine(systems, system));
      if (json) output.printJson({ ok: !hasProblem(found), checks: found });
      else print(found, output);
      finish(hasProblem(found) ? exit.failed : exit.ok);
    });
}

type About = { config: Config; systems: readonly SystemDefinition[]; mayBeCopy?: boolean };

async function examine(registry: Registry, named: string | undefined): Promise<Check[]> {
  const config = await attempt('settings', 'Fix what is named; docs/settings.md explains each.', () =>
    loadConfigAndCatalogue(),
  );
  if ('level' in config) return [config];
  if (config.remote) throw new NeedsDatabase();
  const found: Check[] = [
    checks.ok(
      'settings',
      `read; database ${config.database.url === undefined ? 'embedded' : 'from DATABASE_URL'}`,
    ),
  ];
  const about = { config, systems: chosenSystems(registry, config, named) };
  const embedded = config.database.url === undefined;
  const disk = await attempt('disk', FOLDER, async () => ({ check: await lookAtDisk(config) }));
  found.push('level' in disk ? disk : disk.check);
  // The embedded database is in that folder, so its check would report the same cause again.
  if ('level' in disk && embedded) return found;
  const log = quietLog(config);
  const opened = await attempt('database', 'Start it, or fix DATABASE_URL.', () =>
    openDatabase(config, log, { mayCreate: false, asItIs: true }),
  );
  if ('level' in opened) return [...found, opened, ...(await examineSystemsAlone(about))];
  try {
    return [...found, ...(await examineWithDatabase(about, opened))];
  } finally {
    await opened.close();
  }
}

async function examineWithDatabase(about: About, { db, place, address }: OpenDatabase): Promise<Check[]> {
  const { config, systems } = about;
  const began = Date.now();
  const facts = await attempt('database', 'Start it, or fix DATABASE_URL.', () => readDatabaseFacts(db));
  if ('level' in facts) return [facts, ...(await examineSystemsAlone(about))];
  const untransacted = await findNoTransactions(db);
  if (untransacted !== null) {
    const { says, fix } = untransacted;
    return [checks.problem('database', says, fix), ...(await examineSystemsAlone(about))];
  }
  const found: Check[] = [judgeDatabase(place, facts)];
  found.push(judgeClock('the database', { theirs: facts.now, ours: new Date((began + Date.now()) / 2) }));
  found.push(...(await examineGround(config, db)));
  const migrations = await check('migrations', 'Run: npx twinbox migrate', async () => {
    await assertMigrated(db, tableCatalogueOf(config));
    return checks.ok('migrations', 'the schema is that of this version');
  });
  found.push(migrations);
  if (migrations.level !== 'ok') return [...found, ...(await examineSystems(about, null))];
  const identity = await check('identity', 'Look at the database.', () => judgeIdentity(db, address));
  const running = await findRunning(config.dataDir);
  const sequences = await attempt('sequences', 'Look at the database.', async () => ({
    checks: await examineSequences(db, systemClock.now()),
  }));
  found.push(...('level' in sequences ? [sequences] : sequences.checks));
  found.push(
    identity,
    ...(await examineRoles(db, systems, running !== null || config.database.url !== undefined)),
    ...(await several('settings', 'Look at the database.', () => lookAtSettings(db, config))),
    await check('bus', 'Look at KAFKA_BOOTSTRAP_SERVERS and at the brokers.', () => lookAtBus(config, db)),
    ...(await several('refused', 'Look at the database.', () => lookAtRefused(db))),
    await check('partitions', 'Let the workers run: npx twinbox up', async () =>
      judgePartitions(await partitionStatus(db, systemClock.now())),
    ),
    await check('retention', 'Look at TWINBOX_RETENTION_DAYS.', async () => {
      const tables = await partitionStatus(db, systemClock.now());
      const events = tables.find(({ table: name }) => name === 'sync_events');
      return judgeRetention(config.retentionDays, events?.oldest ?? null, {
        now: systemClock.now(),
        systems: systems.map(({ label, eventsKeptDays: keptDays }) => ({ label, keptDays })),
      });
    }),
    ...(await several('quota', 'Look at the database.', () => checkQuotas(db, systemClock.now()))),
    ...(await several('records', 'Look at the database.', () =>
      Promise.all(
        systems.map(async (system) => {
          const unmatched = await readUnmatched(db, system);
          return judgeUnmatched(system.label, unmatched?.isRead === true ? unmatched.undecided : null);
        }),
      ),
    )),
    await check('skipped', 'Look at the database.', async () =>
      judgeSkipped(await describeSkipped(db, systemClock.now())),
    ),
    await check('waiting', 'npx twinbox status shows more.', async () =>
      judgeAttention(await countReasons(db)),
    ),
  );
  return [...found, ...(await examineSystems({ ...about, mayBeCopy: identity.level !== 'ok' }, db))];
}

async function judgeIdentity(db: OpenDatabase['db'], address: OpenDatabase['address']): Promise<Check> {
  const other = await findOtherDatabase(db, address);
  if (other === null) return checks.ok('identity', 'the database is the one that was used before');
  return checks.problem('identity', other.found, other.fix);
}

/** The checks that every process makes at its start (db/server/preflight.ts), one finding each. */
async function examineGround(config: Config, db: OpenDatabase['db']): Promise<Check[]> {
  const seen = await attempt('ground', GROUND, async () => {
    const ground = await readGround(db, [customerOf(config)]);
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

/** `elsewhere`: processes on other machines or folders may work on this database. */
async function examineRoles(
  db: OpenDatabase['db'],
  systems: readonly SystemDefinition[],
  elsewhere: boolean,
): Promise<Check[]> {
  const seen = await attempt('roles', 'Look at the database.', async () => ({
    standings: await readRoles(db),
    lag: await readReceiveLag(
      db,
      systems.map(({ name }) => name),
    ),
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

const FOLDER = 'Let TWINBOX_DATA_DIR name a folder that this user can write to.';

async function lookAtDisk({ dataDir }: Config): Promise<Check> {
  // If the folder does not exist yet, its nearest existing parent is on the same disk.
  const { bavail, bsize } = await statfs(await inspectFolder(dataDir));
  return judgeDisk(dataDir, bavail * bsize);
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
