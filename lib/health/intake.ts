// How the events of a system come in, for /ready, status and doctor: by webhooks, which need a
// secret, and by the sweep, which needs a worker. The two are shown apart, since the sweep brings
// everything minutes later and so hides that no webhook comes at all.
import type { Db } from '../../db/server/connection.ts';
import { readSweep, type Sweep } from '../../db/sweep.ts';
import { readWebhookSigns, type WebhookSigns } from '../../db/health/webhook-signs.ts';
import type { Clock } from '../clock.ts';
import { settingOf } from '../config/systems.ts';
import type { Part } from './readiness.ts';

/** A sweep follows the last one within minutes (lib/integrations/integration.ts, `everyMs`). */
const SWEEP_LATE_MS = 15 * 60_000;
/** So many refused signatures in a row of days are no chance. */
export const REFUSED_OFTEN = 3;
/** What is over is still said for so long: a fault that comes and goes must be seen. */
const RECENT_MS = 10 * 60_000;

/** `secrets` is null where it is not known here which ones the API has. */
export function intakePart(
  db: Db,
  clock: Clock,
  system: string,
  secrets: readonly string[] | null,
): () => Promise<Part> {
  return async () => {
    const [sweep, signs] = await Promise.all([readSweep(db, system), readWebhookSigns(db, system)]);
    const deaf = secrets?.length === 0;
    return {
      ready: true,
      figures: {
        ...(secrets && { intake: { [system]: !deaf } }),
        last_webhook_at: signs?.takenAt?.toISOString() ?? null,
        webhooks_refused: signs?.refused ?? 0,
        swept_to: sweep?.triedAt ? sweep.sweptTo.toISOString() : null,
        swept_events: sweep?.sweptEvents ?? 0,
      },
      warnings: [
        ...(deaf ? [deafWarning(system)] : []),
        ...webhookWarnings(system, { signs, sweep: deaf ? null : sweep, now: clock.now() }),
        ...(sweep ? sweepWarnings(system, sweep, clock.now()) : []),
      ],
    };
  };
}

export type IntakeOfSystem = { system: string; secrets: readonly string[] | null };

/** Of one system as it stands; of several, the figures of each under its name. */
export function intakesPart(db: Db, clock: Clock, systems: readonly IntakeOfSystem[]): () => Promise<Part> {
  return async () => {
    const parts = await Promise.all(
      systems.map(({ system, secrets }) => intakePart(db, clock, system, secrets)()),
    );
    const [only] = parts;
    if (only && parts.length === 1) return only;
    return {
      ready: true,
      figures: {
        intake: Object.fromEntries(parts.map(({ figures }, at) => [systems[at]?.system, figures])),
      },
      warnings: parts.flatMap(({ warnings = [] }) => warnings),
    };
  };
}

export function deafWarning(system: string): string {
  return `no webhook of ${system} can be believed, so what changes there is heard by the sweep only, minutes later: set ${secretOf(system)} to its endpoint's secret`;
}

/**
 * Refused deliveries, else what only the sweep has found: a wrong secret is the cause of both, and
 * is said once.
 */
export function webhookWarnings(
  system: string,
  { signs, sweep, now }: { signs: WebhookSigns | null; sweep: Sweep | null; now: Date },
): string[] {
  const refused = signs && refusedWarning(system, signs, now);
  if (refused) return [refused];
  const found = sweep && foundWarning(system, sweep, signs, now);
  return found ? [found] : [];
}

/** Null where fewer than three were refused, or all that came in the last minutes were taken. */
export function refusedWarning(system: string, signs: WebhookSigns, now: Date): string | null {
  const { refused, refusedSince, refusedAt, refusedReason, takenAt } = signs;
  if (refused < REFUSED_OFTEN || !refusedAt) return null;
  const goesOn = takenAt === null || takenAt < refusedAt || now.getTime() - refusedAt.getTime() < RECENT_MS;
  if (!goesOn) return null;
  const advice: Record<string, string> = {
    no_match: `the secret in ${secretOf(system)} is not the endpoint's, or a proxy changes the body`,
    missing: `they have no signature: they are not of ${system}, or a proxy takes the header away`,
    too_old: `they were signed more than five minutes ago: set this machine's clock by NTP`,
    too_new: `they were signed in the future: set this machine's clock by NTP`,
  };
  const why = advice[refusedReason ?? ''] ?? `their signature cannot be read (${refusedReason})`;
  return `${refused} deliveries of ${system} refused since ${time(refusedSince)}: ${why}`;
}

/** Null where the sweep found nothing, or webhooks have come since. */
function foundWarning(system: string, sweep: Sweep, signs: WebhookSigns | null, now: Date): string | null {
  const { foundEvents, foundSince, foundAt } = sweep;
  const takenAt = signs?.takenAt ?? null;
  if (!foundAt) return null;
  const goesOn = takenAt === null || takenAt < foundAt || now.getTime() - foundAt.getTime() < RECENT_MS;
  if (!goesOn) return null;
  const last = takenAt ? `the last webhook came ${time(takenAt)}` : 'no webhook has ever come';
  return `${foundEvents === 1 ? '1 event' : `${foundEvents} events`} of ${system} since ${time(foundSince)} came by the sweep alone, brought by no webhook (${last}): look at the endpoint's deliveries there`;
}

/** What keeps the sweep from receiving events, and which events it can never receive any more. */
export function sweepWarnings(system: string, sweep: Sweep, now: Date): string[] {
  const { problem, problemAt, triedAt, boundAt, paused, lostFrom, lostTo } = sweep;
  const late = now.getTime() - (triedAt ?? boundAt).getTime() > SWEEP_LATE_MS;
  return [
    ...(problem
      ? [
          `the events of ${system} cannot be listed since ${time(problemAt)} (${problem}): a lost webhook is not found`,
        ]
      : []),
    ...(late && !paused
      ? [
          `the events of ${system} were last listed ${triedAt ? time(triedAt) : 'never'}: is a worker running?`,
        ]
      : []),
    ...(lostFrom
      ? [
          `what happened at ${system} from ${time(lostFrom)} to ${time(lostTo)} left its list before it was read: compare everything, "twinbox verify --repair"`,
        ]
      : []),
  ];
}

function secretOf(system: string): string {
  return settingOf(system, 'WEBHOOK_SECRET');
}

function time(at: Date | null): string {
  return at === null ? '?' : at.toISOString().slice(0, 16).replace('T', ' ');
}
