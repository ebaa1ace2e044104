import { readConnection, readDatabaseId } from '../../db/connections.ts';
import { readCredential } from '../../db/credentials.ts';
import { withOneState, type Db } from '../../db/server/connection.ts';
import { listRowPauses, readLanePauses } from '../../db/limits/pauses.ts';
import { readBudgets } from '../../db/limits/budgets.ts';
import { readSyncBacklog } from '../../db/health/readiness.ts';
import { readRefusedCounts } from '../../db/health/refused-counts.ts';
import { readReceiveLag } from '../../db/relay/receive-lag.ts';
import { readRelayLag } from '../../db/relay/lag.ts';
import { isRelayLease, readShards } from '../../db/relay/shards.ts';
import {
  countConflicts,
  countLivingCustomers,
  countMappings,
  countReasons,
  readHolders,
} from '../../db/health/reports.ts';
import { readSweep } from '../../db/sweep.ts';
import { readWebhookSigns } from '../../db/health/webhook-signs.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Config } from '../../lib/config/config.ts';
import { findOtherDatabase } from '../../lib/process/database-identity.ts';
import { intakesPart } from '../../lib/health/intake.ts';
import type { SystemDefinition } from '../../lib/integrations/definition.ts';
import { reportReadiness } from '../../lib/health/readiness-report.ts';
import {
  databasePart,
  isOfParked,
  parkedWarnings,
  partitionsPart,
  relayPart,
  syncPart,
} from '../../lib/health/readiness.ts';
import { refusedPart } from '../../lib/health/refused.ts';
import { readRoles, rolesPart } from '../../lib/health/roles.ts';
import { uuidLowerBound } from '../../lib/uuid.ts';
import { isMissing } from '../embedded/files.ts';
import { exit } from '../exit.ts';
import type { CommandContext } from '../command-context.ts';
import { findRunning, type Running } from '../running.ts';
import { withDatabase } from '../session.ts';
import { localOrRemote } from '../with-source.ts';
import { readUnmatched } from '../unmatched.ts';
import type { AccountStatus } from '../status-accounts.ts';
import { printStatus, statusJson, type Status } from '../status-report.ts';
import { chosenSystems, systemOption } from '../systems.ts';

export function addStatus({ program, output, finish, systems }: CommandContext): void {
  program
    .command('status')
    .addOption(systemOption(systems))
    .option('--json', 'print the figures as JSON')
    .addHelpText(
      'after',
      `
Exit status: 0, also if something needs a person; the status of \`twinbox verify\` shows whether both sides agree.

Examples:
  $ npx twinbox status
  $ npx twinbox status --json | jq .parked`,
    )
    .action(async (asked: { json?: boolean; system?: string }) => {
      await localOrRemote({
        local: (config) => showStatus(config, asked, { output, systems }),
        async remote(_config, place) {
          const { showRemoteStatus } = await import('../remote/status.ts');
          await showRemoteStatus(place, asked, output);
        },
      });
      finish(exit.ok);
    });
}

async function showStatus(
  config: Config,
  { json = false, system }: { json?: boolean; system?: string },
  { output, systems }: Pick<CommandContext, 'output' | 'systems'>,
): Promise<void> {
  const { status, problems } = await withDatabase(
    async ({ database: { db, place, address } }) => {
      const chosen = chosenSystems(systems, config, system);
      const here = await findRunning(config.dataDir);
      const elsewhere = here && (await isOfOtherDatabase(here, db)) ? here : null;
      const running = elsewhere === null ? here : null;
      const read: Status = { running, elsewhere, database: place, ...(await readAtOnce(db, chosen)) };
      const nothingRuns = read.roles.every(({ living }) => living.length === 0);
      const other = await findOtherDatabase(db, address);
      const found = await findProblems(db, chosen, { running, nothingRuns });
      return {
        status: read,
        problems: [
          ...(other ? [`database: ${other.message}`] : []),
          // Those of the same moment as the other lines.
          ...parkedWarnings(read.reasons),
          ...found.filter((problem) => !isOfParked(problem)),
        ],
      };
    },
    { mayCreate: false, mayBeOther: true, config },
  );
  if (json) output.printJson(statusJson(status, problems));
  else printStatus(status, problems, output);
}

const DAY_MS = 86_400_000;

/** All figures are of one moment: no two lines contradict each other. */
function readAtOnce(
  db: Db,
  chosen: readonly SystemDefinition[],
): Promise<Omit<Status, 'running' | 'elsewhere' | 'database'>> {
  return withOneState(db, (tx) => readStatus(tx, chosen));
}

async function readStatus(
  db: Db,
  chosen: readonly SystemDefinition[],
): Promise<Omit<Status, 'running' | 'elsewhere' | 'database'>> {
  // One after the other: a transaction is one connection.
  const names = chosen.map(({ name }) => name);
  const lag = await readRelayLag(db);
  const received = await readReceiveLag(db, names);
  const backlog = await readSyncBacklog(db);
  const reasons = await countReasons(db);
  const systems = await countMappings(db);
  const holders = await readHolders(db);
  const customers = await countLivingCustomers(db);
  const accounts: AccountStatus[] = [];
  for (const each of chosen) accounts.push(await readAccountStatus(db, each));
  const roles = await readRoles(db);
  const conflicts = await countConflicts(db, uuidLowerBound(Date.now() - DAY_MS));
  const refused = await readRefusedCounts(db, systemClock.now());
  const behind = lag.oldest === null ? 0 : Math.max(0, (Date.now() - lag.oldest.getTime()) / 1_000);
  return {
    customers,
    roles,
    relay: {
      shards: await readShards(db),
      active: holders.filter(({ name }) => isRelayLease(name)).length,
      secondsBehind: Math.round(behind * 10) / 10,
    },
    lag: received,
    backlog,
    reasons,
    systems: systems.filter(({ system }) => names.includes(system)),
    conflicts,
    accounts,
    refused,
  };
}

async function readAccountStatus(db: Db, definition: SystemDefinition): Promise<AccountStatus> {
  const { name: system } = definition;
  const connection = await readConnection(db, system);
  const credential = await readStored(db, system);
  const webhooks = await readWebhookSigns(db, system);
  const swept = await readSweep(db, system);
  const unmatched = await readUnmatched(db, definition);
  const pauses = await readLanePauses(db, system);
  const rows = await listRowPauses(db, system, 1);
  const account = connection?.account ?? '';
  const budgets = await readBudgets(db, { system, account, now: systemClock.now() });
  const sweep = swept?.triedAt ? swept : null;
  const paused = { pauses, pausedCustomers: rows.count };
  return { system, connection, credential, webhooks, swept: sweep, unmatched, budgets, ...paused };
}

/** A minted one has no account. */
async function readStored(db: Db, system: string): Promise<AccountStatus['credential']> {
  return (await readCredential(db, system, 'bound')) ?? (await readCredential(db, system, 'new'));
}

/**
 * Two databases may share a data folder. A process that has not named its database yet is starting.
 */
async function isOfOtherDatabase({ database }: Running, db: Db): Promise<boolean> {
  return database !== null && database.id !== (await readDatabaseId(db));
}

/**
 * Asks the process on this folder, which knows more about itself than the tables show; otherwise
 * reads the tables.
 */
async function findProblems(
  db: Db,
  chosen: readonly SystemDefinition[],
  { running, nothingRuns }: { running: Running | null; nothingRuns: boolean },
): Promise<string[]> {
  const isAlone = running === null && nothingRuns;
  return (
    (running?.apiUrl ? await askReady(running.apiUrl) : null) ?? (await judgeTables(db, chosen, isAlone))
  );
}

type Report = { not_ready?: { part: string; problem: string }[]; warnings?: string[] };

function problemsOf({ not_ready: problems = [], warnings = [] }: Report): string[] {
  return [...problems.map(({ part, problem }) => `${part}: ${problem}`), ...warnings];
}

/** Null if the process has ended meanwhile. */
async function askReady(apiUrl: string): Promise<string[] | null> {
  try {
    const answer = await fetch(`${apiUrl}/ready`, { signal: AbortSignal.timeout(4_000) });
    return problemsOf((await answer.json()) as Report);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return isMissing(error) ? null : [`the API at ${apiUrl} does not answer: ${reason}`];
  }
}

/**
 * The same parts as /ready of an API, without the part that needs its webhook secrets. If nothing runs, everything is
 * behind: the first line says so, and what would only follow from it is left out.
 */
async function judgeTables(
  db: Db,
  chosen: readonly SystemDefinition[],
  nothingRuns: boolean,
): Promise<string[]> {
  const clock = systemClock;
  const systems = chosen.map(({ name }) => name);
  const secrets = null;
  const parts = {
    database: databasePart(db),
    refused: refusedPart(db, clock),
    sync: syncPart(db, systems),
    ...(!nothingRuns && {
      roles: rolesPart(db, clock, { owner: null, systems }),
      relay: relayPart(db, clock),
      partitions: partitionsPart(db, clock),
      intake: intakesPart(
        db,
        clock,
        systems.map((system) => ({ system, secrets })),
      ),
    }),
  };
  const { body } = await reportReadiness(parts, { limitMs: 5_000, gates: ['database'] });
  return problemsOf(body);
}
