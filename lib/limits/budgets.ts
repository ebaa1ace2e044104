// The quotas of an account, as its answers report them (`budgets`): how much is used, and when it is
// given anew. Once background work has used up its share of one, that work pauses until then, and edits
// go on with what is left; at the end of it the account rests (rest.ts), without a refused call.
//
// Only systems with `quota` have this: of others no statement is made. An answer is stored if it is the
// first, if a tenth or the share of background work is reached by it, or if the last one was stored a
// second ago. A worker that dies before that costs nothing: the next answer says it again.
import { readBudgets, saveBudget, type BudgetRow } from '../../db/limits/budgets.ts';
import type { Db } from '../../db/server/connection.ts';
import type { Clock } from '../clock.ts';
import type { Budget, Failure, Integration } from '../integrations/integration.ts';
import { ownFailure } from '../integrations/own-failure.ts';
import { accountOf, minute, MOST_MS, type Rest, type RestDeps } from './rest.ts';

export interface Budgets {
  /** What an answer, or a refusal, said. */
  said(budgets: readonly Budget[]): Promise<void>;
  /** Until when background work pauses; null where it may go on. */
  pausedUntil(): Promise<Date | null>;
}

const STORED_EVERY_MS = 1_000;
const READ_EVERY_MS = 1_000;

type BudgetsDeps = Pick<RestDeps, 'db' | 'clock' | 'system' | 'account' | 'log'>;

/** null of a system without a quota: nothing is read or stored. */
export function createBudgets(
  { db, clock, system, account, log }: BudgetsDeps,
  { quota, backgroundShare }: Integration['capabilities'],
  rest: Pick<Rest, 'began'>,
): Budgets | null {
  if (!quota) return null;
  const stored = new Map<string, { level: number; resetsAt: number; at: number }>();
  let known: BudgetRow[] = [];
  let readAt = -Infinity;

  async function store(budget: Budget): Promise<void> {
    const now = clock.now();
    const { name } = budget;
    const next = { level: levelOf(budget, backgroundShare), resetsAt: endOf(budget), at: now.getTime() };
    const last = stored.get(name);
    const isSame = last?.level === next.level && Math.abs(last.resetsAt - next.resetsAt) < STORED_EVERY_MS;
    if (last && isSame && next.at - last.at < STORED_EVERY_MS) return;
    const row = { ...budget, backgroundShare };
    await saveBudget(db, { system, account, ...row, now });
    stored.set(name, next);
    known = [...known.filter((other) => other.name !== name), row];
    if (pauses(row) && (last?.level ?? 0) < backgroundShare * 10)
      log.warn('account.background_pauses', { system, budget: name, until: budget.resetsAt?.toISOString() });
  }

  return {
    async said(budgets) {
      for (const said of budgets.filter(isSane)) {
        const budget = withNearEnd(said, clock.now());
        await store(budget);
        const leftMs = endOf(budget) - clock.now().getTime();
        if (budget.used >= budget.limit && leftMs > 0) await rest.began(usedUp(budget, leftMs));
      }
    },
    async pausedUntil() {
      const now = clock.now();
      if (now.getTime() - readAt >= READ_EVERY_MS) {
        readAt = now.getTime();
        known = await readBudgets(db, { system, account, now });
      }
      return latestPause(known, now);
    },
  };
}

/** As `Budgets.pausedUntil`, for work that begins. */
export async function findPause(
  { db, clock }: { db: Db; clock: Clock },
  { system, capabilities }: Pick<Integration, 'system' | 'capabilities'>,
): Promise<Date | null> {
  if (!capabilities.quota) return null;
  const now = clock.now();
  return latestPause(await readBudgets(db, { system, account: await accountOf(db, system), now }), now);
}

/** As people read it. */
export function sayBudget(system: string, budget: BudgetRow): string {
  const { name, used, limit, resetsAt } = budget;
  const part = `${Math.floor((100 * used) / limit)} % of the quota "${name}" of ${system} are used (${used} of ${limit})`;
  if (resetsAt === null) return part;
  const until = `${minute(resetsAt)} UTC`;
  return pauses(budget)
    ? `${part}: edits go on, and sweeps, comparisons and the first reading pause until ${until}`
    : `${part}, until ${until}`;
}

/** Background work has used up its share. Without an end nothing waits: no call might ever end it. */
export function pauses({ used, limit, backgroundShare, resetsAt }: BudgetRow): boolean {
  return resetsAt !== null && backgroundShare < 1 && used >= limit * backgroundShare;
}

function latestPause(budgets: readonly BudgetRow[], now: Date): Date | null {
  const ends = budgets.filter(pauses).flatMap(({ resetsAt }) => resetsAt?.getTime() ?? []);
  const latest = Math.max(0, ...ends);
  return latest > now.getTime() ? new Date(latest) : null;
}

/** In tenths, and between two of them where the share of background work ends. */
function levelOf({ used, limit }: Budget, backgroundShare: number): number {
  const tenth = Math.floor((10 * used) / limit);
  return used >= limit * backgroundShare ? Math.max(tenth, 10 * backgroundShare) : tenth;
}

function endOf({ resetsAt }: Budget): number {
  return resetsAt?.getTime() ?? 0;
}

/** An answer may say anything. */
/** No quota lasts longer than a month: a later end is a mistake, such as seconds read as milliseconds. */
function withNearEnd({ resetsAt, ...budget }: Budget, now: Date): Budget {
  const latest = now.getTime() + MOST_MS;
  return { ...budget, resetsAt: resetsAt && new Date(Math.min(resetsAt.getTime(), latest)) };
}

function isSane({ name, limit, used, resetsAt }: Budget): boolean {
  const isEnd = resetsAt === null || !Number.isNaN(resetsAt.getTime());
  return /^[\w. -]{1,60}$/.test(name) && Number.isFinite(limit) && limit > 0 && used >= 0 && isEnd;
}

function usedUp({ name, used, limit }: Budget, leftMs: number): Failure {
  const message = `${used} of ${limit} are used of the quota ${name}`;
  const refusal = ownFailure({ kind: 'quota', code: 'quota_used_up', message, nothingHappened: true });
  return { ...refusal, scope: 'account', retryAfterMs: leftMs };
}
