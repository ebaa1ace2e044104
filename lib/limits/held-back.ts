// What delays changes at an external system, as text for an operator: for readiness and status.
import { readBreaker, type BreakerRow } from '../../db/limits/breakers.ts';
import { readSlowed } from '../../db/limits/buckets.ts';
import { readBudgets } from '../../db/limits/budgets.ts';
import { readRest } from '../../db/limits/rests.ts';
import type { Db } from '../../db/server/connection.ts';
import { settingOf } from '../config/systems.ts';
import { RECONNECT } from '../integrations/own-failure.ts';
import { pauses, sayBudget } from './budgets.ts';
import { sayRest } from './rest.ts';

export async function describeHeldBack(
  db: Db,
  { system, account, now }: { system: string; account: string | null; now: Date },
): Promise<string[]> {
  const rest = await readRest(db, { system, account: account ?? '', now });
  const spent = await readBudgets(db, { system, account: account ?? '', now });
  const reserved = rest ? [] : spent.filter(pauses).map((budget) => sayBudget(system, budget));
  const rests = rest ? [sayRest(system, rest)] : reserved;
  if (account === null) return rests;
  const breaker = await readBreaker(db, { system, account });
  const slowed = await readSlowed(db, { system, account });
  return [
    ...rests,
    ...(breaker ? [describeBreaker(system, breaker)] : []),
    ...slowed.map(
      ({ endpoint, share }) =>
        `${system} answered that calls came too often: ${endpoint === '' ? 'all calls go' : `"${endpoint}" goes`} at ${Math.round(share * 100)} % of the rate, ` +
        'growing back within a minute. If this lasts, another program uses the account too: lower ' +
        settingOf(system, 'RATE_LIMIT'),
    ),
  ];
}

function describeBreaker(system: string, { since, openedAt, why, probeAt }: BreakerRow): string {
  if (why.code === RECONNECT) return `nothing is sent to ${system}, and nothing is lost: ${why.message}`;
  const what =
    why.kind === 'auth'
      ? `${system} has refused our key since ${since.toISOString()} (${why.code}): set a key that may read and write customers, and restart`
      : `${system} has not answered since ${since.toISOString()} (${why.code}): look at its status page, and at the network`;
  return openedAt === null
    ? `${what}; now it answers, and one change at a time is tried`
    : `${what}; nothing is sent and nothing is lost; the next call is at ${probeAt.toISOString()}`;
}
