// What the doctor finds in the signs of life of the processes: which roles run, and how events of
// the systems arrive.
import { listBudgets } from '../../db/limits/budgets.ts';
import { listRests } from '../../db/limits/rests.ts';
import type { RefusalCount } from '../../db/health/doctor.ts';
import type { ReceiveLag } from '../../db/relay/receive-lag.ts';
import type { Sweep } from '../../db/sweep.ts';
import type { Db } from '../../db/server/connection.ts';
import type { WebhookSigns } from '../../db/health/webhook-signs.ts';
import { settingOf } from '../config/systems.ts';
import { checks, type Check } from '../finding.ts';
import { labelOf } from '../integrations/registry.ts';
import { refusedWarning, webhookWarnings } from '../health/intake.ts';
import type { Part } from '../health/readiness.ts';
import { pauses, sayBudget } from '../limits/budgets.ts';
import { sayRest } from '../limits/rest.ts';
import { lateWarnings, missingRoles, sayWho, type RoleStanding } from '../health/roles.ts';

const { ok, warning, problem } = checks;

const START = 'Start Twinbox: npx twinbox up, or its processes (docs/deployment.md)';

/**
 * `elsewhere`: the processes of this database need not run on this data folder. If nothing runs at
 * all, this check is the only one that says so.
 */
export function judgeRelay(part: Part, standings: RoleStanding[], elsewhere: boolean): Check {
  const behind = part.figures?.['relay_seconds_behind'];
  const says = `${typeof behind === 'number' ? behind : 0} s behind`;
  const ever = standings.some(({ last }) => last !== null);
  if (ever && !elsewhere) return warning('relay', 'nothing runs on this data folder now', START);
  const missing = missingRoles(standings).find(({ role }) => role === 'relay');
  if (missing && standings.every(({ living }) => living.length === 0))
    return problem('relay', `nothing runs on this database: ${missing.says}`, START);
  if (missing) return problem('relay', `${missing.says}; ${says}`, START);
  if (!part.ready) return problem('relay', part.problem ?? 'the relay is not ready', START);
  return elsewhere ? ok('relay', says) : warning('relay', 'nothing runs on this data folder now', START);
}

/**
 * Empty if no role has ever run, since the relay's check says so. `relaySaid`: that check has also
 * said that the relay is missing.
 */
export function judgeRoles(
  standings: RoleStanding[],
  { lag, now, relaySaid }: { lag: ReceiveLag; now: Date; relaySaid: boolean },
): Check[] {
  const living = standings.flatMap((standing) => standing.living);
  if (living.length === 0) return [];
  const missing = missingRoles(standings).filter(({ role }) => !(relaySaid && role === 'relay'));
  const broken = living.filter((sign) => sign.problem !== null);
  const late = lateWarnings(lag, now);
  const all = [
    ...missing.map(({ role, says }) =>
      problem(
        'roles',
        says,
        `Start it: npm run ${role === 'housekeeping' ? 'worker' : role}, or everything: npx twinbox up`,
      ),
    ),
    ...broken.map((sign) =>
      problem('roles', `${sayWho(sign)}: ${sign.problem}`, 'See the log of that process.'),
    ),
    // Without a worker the delay is the consequence, and not a second thing to do.
    ...(missing.some(({ role }) => role === 'worker')
      ? []
      : late.map((says) => warning('roles', says, 'See the log of the workers.'))),
  ];
  const counts = standings.map((standing) => `${standing.role} ${standing.living.length}`).join(', ');
  return all.length > 0 ? all : [ok('roles', counts)];
}

export type Received = {
  system: string;
  /** When an event was last stored, by a webhook or by the sweep. */
  last: Date | null;
  signs: WebhookSigns | null;
  sweep: Sweep | null;
  /** Events that are lost, and that workers make up for by a comparison; null if none are. */
  loss: string | null;
  refusals: RefusalCount[];
};

/**
 * A wrong secret is a problem of the webhooks; the sweep, which still runs, must not hide the
 * problem.
 */
export function judgeIntake({ system, last, signs, sweep, loss, refusals }: Received, now: Date): Check[] {
  const label = labelOf(system);
  const refused = signs && refusedWarning(system, signs, now);
  const wrong = webhookWarnings(system, { signs, sweep, now });
  const checksOfAll = [
    ...wrong.map((says) => (refused ? problem : warning)('webhooks', says, deliveriesOf(system))),
    ...(loss
      ? [warning('events', loss, 'Keep a worker running; its log says "feed.compared" at the end.')]
      : []),
    last === null
      ? warning(
          'heard',
          `no event of ${label} has been stored yet`,
          'Change a customer in the dashboard and run the doctor again; if no event arrives, look at the deliveries of the endpoint in the dashboard.',
        )
      : ok('heard', sayReceived(label, { last, signs, sweep }, now)),
  ];
  if (refusals.length === 0) return checksOfAll;
  const list = refusals.map(({ reason, count }) => `${count} ${reason}`).join(', ');
  return [
    ...checksOfAll,
    warning('refused', `in the last day: ${list}`, 'docs/webhooks.md says what each reason means.'),
  ];
}

function deliveriesOf(system: string): string {
  return `Look at the deliveries of the endpoint in the dashboard, and set ${settingOf(system, 'WEBHOOK_SECRET')} to the secret of that endpoint.`;
}

function sayReceived(
  label: string,
  { last, signs, sweep }: Pick<Received, 'signs' | 'sweep'> & { last: Date },
  now: Date,
): string {
  const since = (at: Date): string => ago(now.getTime() - at.getTime());
  return [
    `the last event of ${label} came ${since(last)}`,
    ...(signs?.takenAt ? [`the last webhook ${since(signs.takenAt)}`] : ['no webhook yet']),
    ...(sweep?.triedAt ? [`the last sweep ${since(sweep.triedAt)}`] : []),
  ].join(', ');
}

function ago(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000));
  if (minutes < 2) return 'a moment ago';
  if (minutes < 120) return `${minutes} minutes ago`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours ago` : `${Math.round(hours / 24)} days ago`;
}

/** What systems say of the quotas of their accounts; empty if none says anything. */
async function checkBudgets(db: Db, now: Date): Promise<Check[]> {
  const fix = 'Wait, or have the quota made larger; webhooks still bring what changes there.';
  return (await listBudgets(db, now)).map((budget) => {
    const says = sayBudget(budget.system, budget);
    return pauses(budget) ? warning('quota', says, fix) : ok('quota', says);
  });
}

/** The quotas of the accounts: which account rests, and what systems say is left. */
export async function checkQuotas(db: Db, now: Date): Promise<Check[]> {
  return [...(await checkRests(db, now)), ...(await checkBudgets(db, now))];
}

/** Empty if no account rests. */
export async function checkRests(db: Db, now: Date): Promise<Check[]> {
  const fix = 'Wait, since all changes are sent at that time; or have the quota made larger, and resume.';
  return (await listRests(db, now)).map((rest) => warning('quota', sayRest(rest.system, rest), fix));
}
