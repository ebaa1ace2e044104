// Prints what `twinbox status` has read, as lines for a person or as JSON.
import type { SyncBacklog } from '../db/health/readiness.ts';
import type { ReceiveLag } from '../db/relay/receive-lag.ts';
import { sayReason, type ConflictCounts, type ReasonCount, type SystemCounts } from '../db/health/reports.ts';
import type { RefusedCount } from '../db/health/refused-counts.ts';
import type { RoleSign } from '../db/health/role-signs.ts';
import { refusedFigures } from '../lib/health/refused.ts';
import { placeOf, sayLag, type RoleStanding } from '../lib/health/roles.ts';
import { shortTime } from './choices.ts';
import { count, table, type Output } from './output.ts';
import type { Running } from './running.ts';
import { accountJson, accountRows, type AccountStatus } from './status-accounts.ts';
import { describeUnmatched, unmatchedJson } from './unmatched.ts';

export type Status = {
  /** The process of `twinbox up` on this folder. */
  running: Running | null;
  /** The process of `twinbox up` on this folder, if it works on another database. */
  elsewhere: Running | null;
  database: string;
  customers: number;
  roles: RoleStanding[];
  /** `shards`: 0 before the first start; `active`: how many of them some process publishes. */
  relay: { shards: number; active: number; secondsBehind: number };
  lag: ReceiveLag;
  backlog: SyncBacklog;
  reasons: ReasonCount[];
  systems: SystemCounts[];
  conflicts: ConflictCounts;
  /** One for each system that is shown. */
  accounts: AccountStatus[];
  /** Records that Kafka or Twinbox refused. */
  refused: RefusedCount[];
};

export function printStatus(status: Status, problems: string[], output: Output): void {
  for (const line of table(rowsOf(status))) output.print(line);
  for (const problem of problems) output.print(`! ${problem}`);
  for (const { unmatched } of status.accounts)
    for (const line of unmatched ? describeUnmatched(unmatched) : []) output.say(line);
  if (status.backlog.parked > 0)
    output.say('npx twinbox groups says why pairs are parked, and how each cause is cured.');
  for (const system of systemsThatAsk(status.reasons))
    output.say(`npx twinbox deletes ${system} decides about customers that were deleted there.`);
}

/** Deletions at these systems wait for a person, since the settings ask. */
function systemsThatAsk(reasons: readonly ReasonCount[]): string[] {
  return [...new Set(reasons.flatMap(({ reason, system }) => (reason === 'ask_delete' ? [system] : [])))];
}

/** Of one that is divided also how many of its parts are at work: events of the others wait. */
function sayRelay({ shards, active, secondsBehind }: Status['relay']): string {
  const lag = active > 0 || secondsBehind > 0 ? `${secondsBehind} s behind` : 'nothing to publish';
  return shards > 1 ? `${lag}; ${active} of ${shards} shards have a process` : lag;
}

function rowsOf(status: Status): string[][] {
  const { database, customers, relay, lag, backlog, reasons, systems, conflicts } = status;
  const oldest = backlog.oldestIntent;
  return [
    ...processRows(status),
    ['database', `${database}, ${count(customers, 'customer')}`],
    ['relay', sayRelay(relay)],
    ...(lag.events > 0 ? [['received', sayLag(lag)]] : []),
    ...systems.map(({ system, linked, mappings, ended, aliases, dirty }) => [
      system,
      [
        `${linked} of ${count(mappings, 'pair')} linked, ${dirty} on their way`,
        ...(aliases > 0 ? [count(aliases, 'second record')] : []),
        ...(ended > 0 ? [`${count(ended, 'pair')} ended`] : []),
      ].join('; '),
    ]),
    ...accountRows(status.accounts),
    ...(oldest
      ? [
          [
            'open',
            `${oldest.operation} of customer ${oldest.customerId ?? '?'}, first sent ${shortTime(oldest.firstSentAt)}`,
          ],
        ]
      : []),
    ...(conflicts.all > 0
      ? [
          [
            'conflicts',
            `${conflicts.lastDay} in the last day, ${conflicts.all} in all: npx twinbox conflicts list`,
          ],
        ]
      : []),
    ...reasons.map((each) => [each.state, `${each.count} ${sayReason(each)}`]),
    ...(backlog.closed > 0
      ? [['closed', `${count(backlog.closed, 'pair')} by a person: npx twinbox groups list --closed`]]
      : []),
  ];
}

/** The one process that runs everything; otherwise a line for each role. */
function processRows(status: Status): string[][] {
  const { elsewhere } = status;
  const other = elsewhere
    ? [
        [
          'folder',
          `process ${elsewhere.pid} runs on this data folder with another database: ${placeIn(elsewhere)}`,
        ],
      ]
    : [];
  return [...other, ...rolesRows(status)];
}

function placeIn({ database }: Running): string {
  return database?.place ?? 'not known yet';
}

function rolesRows({ running, roles }: Status): string[][] {
  if (running) return [['process', `${running.pid}, API ${running.apiUrl ?? 'starting'}`]];
  if (roles.every(({ living }) => living.length === 0))
    return [['process', `none${lastOf(roles)}: npx twinbox up starts one`]];
  return roles.map(({ role, living, silent, last }) => [
    role,
    [
      ...living.map(sayLiving),
      ...silent.map((sign) => `${placeOf(sign.owner)} silent since ${shortTime(sign.seenAt)}`),
      ...(living.length > 0 || silent.length > 0 ? [] : [sayLast(last)]),
    ].join('; '),
  ]);
}

function sayLiving({ owner, state }: RoleSign): string {
  return `${placeOf(owner)}${state === null ? '' : ` ${state}`}`;
}

function sayLast(last: RoleSign | null): string {
  if (last === null) return 'none yet';
  return last.stoppedAt
    ? `none, stopped ${shortTime(last.stoppedAt)}`
    : `none since ${shortTime(last.seenAt)}`;
}

function lastOf(roles: RoleStanding[]): string {
  const last = roles.flatMap((standing) => standing.last ?? []).toSorted((a, b) => a.ageMs - b.ageMs)[0];
  return last ? ` since ${shortTime(last.seenAt)}` : '';
}

export function statusJson(status: Status, problems: string[]): Record<string, unknown> {
  const { running, elsewhere, database, customers, roles, relay, lag, backlog, reasons, systems } = status;
  const { conflicts, accounts } = status;
  return {
    running: running && {
      pid: running.pid,
      api: running.apiUrl,
      simulator: running.simulatorUrl,
      since: running.startedAt,
    },
    ...(elsewhere && { running_on_other_database: { pid: elsewhere.pid, database: placeIn(elsewhere) } }),
    database,
    customers,
    unmatched: unmatchedOf(accounts),
    roles: Object.fromEntries(
      roles.map(({ role, living, last }) => [
        role,
        {
          living: living.map(({ owner, startedAt, seenAt, state, problem }) => ({
            ...{ process: placeOf(owner), since: startedAt, seen_at: seenAt, state, problem },
          })),
          last_seen_at: last?.seenAt ?? null,
          stopped_at: last?.stoppedAt ?? null,
        },
      ]),
    ),
    relay_active: relay.active > 0,
    relay_shards: { all: relay.shards, active: relay.active },
    relay_seconds_behind: relay.secondsBehind,
    published_not_received: lag,
    refused_records: refusedFigures(status.refused),
    dirty: backlog.dirty,
    parked: backlog.parked,
    waiting: backlog.waiting,
    closed: backlog.closed,
    reasons,
    systems,
    conflicts: { last_day: conflicts.lastDay, all: conflicts.all, reversed: conflicts.reversed },
    oldest_open_intent: backlog.oldestIntent && {
      customer: backlog.oldestIntent.customerId,
      operation: backlog.oldestIntent.operation,
      first_sent_at: backlog.oldestIntent.firstSentAt,
    },
    ...Object.fromEntries(accounts.map((account) => [account.system, accountJson(account)])),
    problems,
  };
}

/** Of the only system as it stands; of several, of each under its name. */
function unmatchedOf(accounts: readonly AccountStatus[]): object | null {
  const [only] = accounts;
  const json = ({ unmatched }: AccountStatus) => unmatched && unmatchedJson(unmatched);
  if (only && accounts.length === 1) return json(only);
  return Object.fromEntries(accounts.map((account) => [account.system, json(account)]));
}
