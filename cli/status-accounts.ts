// What `twinbox status` says of the account of each system, as lines for a person or as JSON.
import type { Connection } from '../db/connections.ts';
import type { CredentialRow } from '../db/credentials.ts';
import type { WebhookSigns } from '../db/health/webhook-signs.ts';
import type { LanePause } from '../db/limits/pauses.ts';
import type { BudgetRow } from '../db/limits/budgets.ts';
import type { Sweep } from '../db/sweep.ts';
import { systemClock } from '../lib/clock.ts';
import { sayCredential } from '../lib/credentials/standing.ts';
import { sayBudget } from '../lib/limits/budgets.ts';
import { heldDeletes } from '../lib/sync/fuse.ts';
import { shortTime } from './choices.ts';
import { count } from './output.ts';
import type { Unmatched } from './unmatched.ts';

export type AccountStatus = {
  system: string;
  connection: Connection | null;
  /** Null of a system whose credential is static, or before the first one. */
  credential: CredentialRow | null;
  webhooks: WebhookSigns | null;
  /** The last sweep; null before the first one. */
  swept: Sweep | null;
  /** Unmatched records at the system; null before the first contact. */
  unmatched: Unmatched | null;
  /** Directions that are paused, and how many customers are. */
  pauses: LanePause[];
  pausedCustomers: number;
  /** What the system says of the account's quotas. */
  budgets: BudgetRow[];
};

/** Of several systems each row begins with the system's name. */
export function accountRows(accounts: readonly AccountStatus[]): string[][] {
  return accounts.flatMap((account) =>
    rowsOfAccount(account).map(([name = '', says = '']) => [
      accounts.length === 1 ? name : `${account.system} ${name}`,
      says,
    ]),
  );
}

function rowsOfAccount({
  system,
  connection,
  credential,
  webhooks,
  swept,
  budgets,
  pauses,
  pausedCustomers,
}: AccountStatus): string[][] {
  return [
    ...(connection?.account
      ? [['account', `${connection.account}, ${connection.livemode ? 'live' : 'test'} mode`]]
      : []),
    ...(credential ? [['credential', sayCredential(credential, systemClock.now())]] : []),
    ...pauseRows({ system, connection, pauses, pausedCustomers }),
    ...(connection ? heldDeletes(connection) : []).map(({ says, since }) => [
      'deletes',
      `${says} since ${shortTime(since)}`,
    ]),
    ...(webhooks
      ? [
          [
            'webhooks',
            `${webhooks.takenAt ? `last ${shortTime(webhooks.takenAt)}` : 'none taken yet'}${
              webhooks.refusedSince
                ? `, ${webhooks.refused} refused since ${shortTime(webhooks.refusedSince)}`
                : ''
            }`,
          ],
        ]
      : []),
    ...(swept
      ? [
          [
            'swept',
            `to ${shortTime(swept.sweptTo)}: ${count(swept.sweptEvents, 'event')} that no webhook brought`,
          ],
        ]
      : []),
    ...(swept?.lostFrom && swept.lostWhy
      ? [
          [
            'lost',
            `events since ${shortTime(swept.lostFrom)} (${swept.lostWhy}), until every pair is compared`,
          ],
        ]
      : []),
    ...budgets.map((budget) => ['quota', sayBudget(system, budget)]),
  ];
}

function pauseRows({
  system,
  connection,
  pauses,
  pausedCustomers,
}: Pick<AccountStatus, 'system' | 'connection' | 'pauses' | 'pausedCustomers'>): string[][] {
  const says = (what: string, since: Date, why: string | null): string[] => [
    'paused',
    `${what} since ${shortTime(since)}${why === null || why === '' ? '' : `: ${why}`}`,
  ];
  return [
    ...(connection?.pausedAt ? [says(system, connection.pausedAt, connection.pausedWhy)] : []),
    ...pauses.map(({ direction, since, why }) =>
      says(`${direction} ${direction === 'outbound' ? 'to' : 'from'} ${system}`, since, why),
    ),
    ...(pausedCustomers > 0
      ? [['paused', `${count(pausedCustomers, 'customer')} at ${system}: npx twinbox lanes`]]
      : []),
  ];
}

function budgetJson({ name, limit, used, resetsAt }: BudgetRow): object {
  return { name, limit, used, resets_at: resetsAt };
}

export function accountJson({
  connection,
  credential,
  webhooks,
  swept,
  budgets,
  pauses,
  pausedCustomers,
}: AccountStatus): object | null {
  return (
    connection && {
      account: connection.account,
      livemode: connection.livemode,
      ...(credential && {
        credential_expires_at: credential.expiresAt,
        credential_refused_at: credential.refusedAt,
        reconnect_by: credential.reconnectBy,
      }),
      paused_at: connection.pausedAt,
      paused_why: connection.pausedWhy,
      paused_directions: pauses.map(({ direction, since, why, by }) => ({ direction, since, why, by })),
      paused_customers: pausedCustomers,
      deletes_held_at: connection.deletesOutHeldAt,
      deletes_here_held_at: connection.deletesInHeldAt,
      last_webhook_at: webhooks?.takenAt ?? null,
      webhooks_refused: webhooks?.refused ?? 0,
      webhooks_refused_since: webhooks?.refusedSince ?? null,
      last_sweep_at: swept?.triedAt ?? null,
      swept_to: swept?.sweptTo ?? null,
      swept_events: swept?.sweptEvents ?? 0,
      swept_since_last_webhook: swept?.foundEvents ?? 0,
      events_lost_from: swept?.lostFrom ?? null,
      events_lost_to: swept?.lostTo ?? null,
      events_lost_why: swept?.lostWhy ?? null,
      ...(budgets.length > 0 && { quotas: budgets.map(budgetJson) }),
    }
  );
}
