// How the events of a system arrive, for /ready, status and doctor: by webhooks, which need a
// secret, and by the sweep, which needs a worker. The two are shown separately, since the sweep
// finds every event minutes later, and so hides that no webhook arrives at all.
import type { Db } from '../../db/server/connection.ts';
import { readSweep, type Sweep } from '../../db/sweep.ts';
import { readWebhookSigns, type WebhookSigns } from '../../db/health/webhook-signs.ts';
import type { Clock } from '../clock.ts';
import { settingOf } from '../config/systems.ts';
import type { Part } from './readiness.ts';

/** A sweep follows the last one within minutes (lib/integrations/integration.ts, `everyMs`). */
const SWEEP_LATE_MS = 15 * 60_000;
/** This many refused signatures since the last good one are not chance. */
export const REFUSED_OFTEN = 3;
/**
 * How long a fault is still reported after its end, so that a fault that comes and goes is seen.
 */
const RECENT_MS = 10 * 60_000;

/** `secrets` is null if this process does not know which secrets the API has. */
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
  return `no webhook of ${system} can be verified, so its changes arrive by the sweep only, minutes later: set ${secretOf(system)} to the secret of its endpoint`;
}

/**
 * The refused deliveries, or else the events that only the sweep found: a wrong secret causes both,
 * and is reported once.
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

/** Null if fewer than three were refused, or all deliveries of the last minutes were accepted. */
export function refusedWarning(system: string, signs: WebhookSigns, now: Date): string | null {
  const { refused, refusedSince, refusedAt, refusedReason, takenAt } = signs;
  if (refused < REFUSED_OFTEN || !refusedAt) return null;
  const goesOn = takenAt === null || takenAt < refusedAt || now.getTime() - refusedAt.getTime() < RECENT_MS;
  if (!goesOn) return null;
  const advice: Record<string, string> = {
    no_match: `the secret in ${secretOf(system)} is not the secret of the endpoint, or a proxy changes the body`,
    missing: `the deliveries have no signature: they are not of ${system}, or a proxy removes the header`,
    too_old: `the deliveries were signed more than five minutes ago: set this machine's clock by NTP`,
    too_new: `the deliveries were signed in the future: set this machine's clock by NTP`,
  };
  const why = advice[refusedReason ?? ''] ?? `the signature cannot be read (${refusedReason})`;
  return `${refused} deliveries of ${system} refused since ${time(refusedSince)}: ${why}`;
}

/** Null if the sweep found nothing, or webhooks have arrived since. */
function foundWarning(system: string, sweep: Sweep, signs: WebhookSigns | null, now: Date): string | null {
  const { foundEvents, foundSince, foundAt } = sweep;
  const takenAt = signs?.takenAt ?? null;
  if (!foundAt) return null;
  const goesOn = takenAt === null || takenAt < foundAt || now.getTime() - foundAt.getTime() < RECENT_MS;
  if (!goesOn) return null;
  const last = takenAt ? `the last webhook came ${time(takenAt)}` : 'no webhook has ever come';
  return `${foundEvents === 1 ? '1 event' : `${foundEvents} events`} of ${system} since ${time(foundSince)} came by the sweep alone, brought by no webhook (${last}): look at the deliveries of the endpoint at ${system}`;
}

/**
 * What prevents the sweep from receiving events, and which events it can never receive any more.
 */
export function sweepWarnings(system: string, sweep: Sweep, now: Date): string[] {
  const { problem, problemAt, triedAt, boundAt, paused, lostFrom, lostTo } = sweep;
  const late = now.getTime() - (triedAt ?? boundAt).getTime() > SWEEP_LATE_MS;
  return [
    ...(problem
      ? [
          `the events of ${system} could not be listed since ${time(problemAt)} (${problem}): a lost webhook is not found`,
        ]
      : []),
    ...(late && !paused
      ? [
          `the events of ${system} were last listed ${triedAt ? time(triedAt) : 'never'}: is a worker running?`,
        ]
      : []),
    ...(lostFrom
      ? [
          lossSays(system, sweep) ??
            `the events of ${system} from ${time(lostFrom)} to ${time(lostTo)} left its list before they were read: compare everything, "twinbox verify --repair"`,
        ]
      : []),
  ];
}

/** A loss that workers compare by themselves; null if there is none. */
export function lossSays(
  system: string,
  { lostFrom, lostTo, lostWhy, cursor }: Pick<Sweep, 'lostFrom' | 'lostTo' | 'lostWhy' | 'cursor'>,
): string | null {
  if (lostFrom === null || lostWhy === null) return null;
  const then =
    cursor === null
      ? 'a worker takes a new cursor, and then compares every pair'
      : 'a worker compares every pair, and this warning ends with it';
  return `the events of ${system} from ${time(lostFrom)} to ${time(lostTo)} are lost (${lostWhy}): ${then}`;
}

function secretOf(system: string): string {
  return settingOf(system, 'WEBHOOK_SECRET');
}

function time(at: Date | null): string {
  return at === null ? '?' : at.toISOString().slice(0, 16).replace('T', ' ');
}
