import { readConnection } from '../../db/connections.ts';
import type { Db } from '../../db/connection.ts';
import { readSyncBacklog } from '../../db/readiness.ts';
import { readRelayLag } from '../../db/relay-lag.ts';
import { countLivingCustomers, countMappings, countReasons, readHolders } from '../../db/reports.ts';
import { readSweep } from '../../db/sweep.ts';
import { heldDeletes } from '../../lib/sync/fuse.ts';
import { isMissing } from '../embedded/files.ts';
import { exit } from '../exit.ts';
import { count, table, type Output } from '../output.ts';
import type { CommandContext } from '../program.ts';
import { findRunning, type Running } from '../running.ts';
import { withDatabase } from '../session.ts';

export function addStatus({ program, output, finish }: CommandContext): void {
  program
    .command('status')
    .description('what runs, what is on its way and what needs somebody')
    .option('--json', 'print the figures as JSON')
    .addHelpText(
      'after',
      `
Exit status: 0 also where something needs somebody; \`twinbox verify\` judges.

Examples:
  $ npx twinbox status
  $ npx twinbox status --json | jq .parked`,
    )
    .action(async ({ json = false }: { json?: boolean }) => {
      const status = await withDatabase(
        async ({ config, database }) => ({
          running: await findRunning(config.dataDir),
          database: database.place,
          ...(await readStatus(database.db)),
        }),
        { mayCreate: false },
      );
      const problems = await askReady(status.running);
      if (json) output.printJson(toJson(status, problems));
      else printStatus(status, problems, output);
      finish(exit.ok);
    });
}

type Status = Awaited<ReturnType<typeof readStatus>> & { running: Running | null; database: string };

async function readStatus(db: Db) {
  const [lag, backlog, reasons, systems, holders, customers, stripe, swept] = await Promise.all([
    readRelayLag(db),
    readSyncBacklog(db),
    countReasons(db),
    countMappings(db),
    readHolders(db),
    countLivingCustomers(db),
    readConnection(db, 'stripe'),
    readSweep(db, 'stripe'),
  ]);
  const behind = lag.oldest === null ? 0 : Math.max(0, (Date.now() - lag.oldest.getTime()) / 1_000);
  return {
    customers,
    relay: {
      active: holders.some(({ name }) => name === 'relay'),
      secondsBehind: Math.round(behind * 10) / 10,
    },
    backlog,
    reasons,
    systems,
    stripe,
    swept: swept?.triedAt ? swept : null,
  };
}

/** What the running process says of itself: a lane that has stopped is known there only. */
async function askReady(running: Running | null): Promise<string[]> {
  if (!running?.apiUrl) return [];
  try {
    const answer = await fetch(`${running.apiUrl}/ready`, { signal: AbortSignal.timeout(4_000) });
    const ready = (await answer.json()) as {
      not_ready?: { part: string; problem: string }[];
      warnings?: string[];
    };
    return [
      ...(ready.not_ready ?? []).map(({ part, problem }) => `${part}: ${problem}`),
      ...(ready.warnings ?? []),
    ];
  } catch (error) {
    // It may have ended between the two questions.
    const reason = error instanceof Error ? error.message : String(error);
    return isMissing(error) ? [] : [`the API at ${running.apiUrl} does not answer: ${reason}`];
  }
}

function toJson(
  { running, database, customers, relay, backlog, reasons, systems, stripe, swept }: Status,
  problems: string[],
) {
  return {
    running: running && {
      pid: running.pid,
      api: running.apiUrl,
      simulator: running.simulatorUrl,
      since: running.startedAt,
    },
    database,
    customers,
    relay_active: relay.active,
    relay_seconds_behind: relay.secondsBehind,
    dirty: backlog.dirty,
    parked: backlog.parked,
    waiting: backlog.waiting,
    reasons,
    systems,
    oldest_open_intent: backlog.oldestIntent && {
      customer: backlog.oldestIntent.customerId,
      operation: backlog.oldestIntent.operation,
      first_sent_at: backlog.oldestIntent.firstSentAt,
    },
    stripe: stripe && {
      account: stripe.account,
      livemode: stripe.livemode,
      paused_at: stripe.pausedAt,
      paused_why: stripe.pausedWhy,
      deletes_held_at: stripe.deletesOutHeldAt,
      deletes_here_held_at: stripe.deletesInHeldAt,
      swept_to: swept?.sweptTo ?? null,
      swept_events: swept?.sweptEvents ?? 0,
    },
    problems,
  };
}

function printStatus(status: Status, problems: string[], output: Output): void {
  const { running, database, customers, relay, backlog, reasons, systems, stripe, swept } = status;
  const rows: string[][] = [
    ['process', running ? `${running.pid}, API ${running.apiUrl ?? 'starting'}` : whoElse(relay.active)],
    ['database', `${database}, ${count(customers, 'customer')}`],
    [
      'relay',
      relay.active || relay.secondsBehind > 0 ? `${relay.secondsBehind} s behind` : 'nothing to publish',
    ],
  ];
  for (const { system, linked, mappings, dirty } of systems) {
    rows.push([system, `${linked} of ${count(mappings, 'pair')} linked, ${dirty} on their way`]);
  }
  if (stripe?.account) rows.push(['account', `${stripe.account}, ${stripe.livemode ? 'live' : 'test'} mode`]);
  if (stripe?.pausedAt)
    rows.push([
      'paused',
      `stripe since ${time(stripe.pausedAt)}${stripe.pausedWhy ? `: ${stripe.pausedWhy}` : ''}`,
    ]);
  for (const { says, since } of stripe ? heldDeletes(stripe) : [])
    rows.push(['deletes', `${says} since ${time(since)}`]);
  if (swept)
    rows.push([
      'swept',
      `to ${time(swept.sweptTo)}: ${count(swept.sweptEvents, 'event')} that no webhook brought`,
    ]);
  const oldest = backlog.oldestIntent;
  if (oldest) {
    rows.push([
      'open',
      `${oldest.operation} of customer ${oldest.customerId ?? '?'}, first sent ${time(oldest.firstSentAt)}`,
    ]);
  }
  for (const { state, reason, count: number } of reasons) rows.push([state, `${number} ${reason}`]);
  for (const line of table(rows)) output.print(line);
  for (const problem of problems) output.print(`! ${problem}`);
  if (backlog.parked > 0) output.say('npx twinbox replay shows what is parked.');
}

function whoElse(relayActive: boolean): string {
  return relayActive ? 'another one, elsewhere, on this database' : 'none: npx twinbox up starts one';
}

function time(at: Date): string {
  return at.toISOString().slice(0, 19).replace('T', ' ');
}
