// Judges the signs of life: which roles run, which are missing, and what problems they report.
import type { Db } from '../../db/server/connection.ts';
import { readReceiveLag } from '../../db/relay/receive-lag.ts';
import { readRoleSigns, type RoleName, type RoleSign } from '../../db/health/role-signs.ts';
import { differencesOf, sayDifference } from './alike.ts';
import type { Clock } from '../clock.ts';
import type { Part } from './readiness.ts';
import { isLiving } from './role-signs.ts';

export { ALIVE_MS } from './role-signs.ts';

/** A published event is received within a second; this long without any received is a fault. */
const RECEIVED_LATE_MS = 15_000;

export type RoleStanding = {
  role: RoleName;
  living: RoleSign[];
  /**
   * Processes that ended without a stop within the last hour; others of the role may be running.
   */
  silent: RoleSign[];
  /** The newest sign of life; null if the role has never run on this database. */
  last: RoleSign | null;
};

const NAMES: readonly RoleName[] = ['api', 'relay', 'worker', 'housekeeping'];

/** What is not done without a role. */
const WITHOUT: Record<RoleName, string> = {
  api: 'no request and no webhook is accepted',
  relay: 'changes are stored and not published',
  worker: 'changes are published, and no worker carries them out',
  housekeeping: 'no sweep finds lost webhooks, and no partitions are created',
};

export async function readRoles(db: Db): Promise<RoleStanding[]> {
  const signs = await readRoleSigns(db);
  return NAMES.map((role) => standingOf(role, signs));
}

export function standingOf(role: RoleName, signs: readonly RoleSign[]): RoleStanding {
  const own = signs.filter((sign) => sign.role === role);
  return {
    role,
    living: own.filter(isLiving),
    silent: own.filter((sign) => sign.stoppedAt === null && !isLiving(sign) && sign.ageMs < HOUR_MS),
    last: own.toSorted((a, b) => a.ageMs - b.ageMs)[0] ?? null,
  };
}

const HOUR_MS = 3_600_000;

/**
 * Roles that ran and no longer run, and a worker that has never run although other roles have. An
 * API that has never run may be intended, and the relay's cursor shows whether a relay has ever
 * run.
 */
export function missingRoles(standings: readonly RoleStanding[]): { role: RoleName; says: string }[] {
  const seen = standings.some(({ last }) => last !== null);
  const missing = standings.filter(
    ({ role, living, last }) => living.length === 0 && (last !== null || (seen && role === 'worker')),
  );
  // Housekeeping runs in a worker: without a worker there is one cause, and not two.
  const workerMissing = missing.some(({ role }) => role === 'worker');
  return missing.flatMap(({ role, last }) => {
    if (role === 'housekeeping' && workerMissing) return [];
    if (last === null) return [{ role, says: `no ${role} has ever run on this database; ${WITHOUT[role]}` }];
    const { owner, stoppedAt, seenAt } = last;
    const how =
      stoppedAt === null
        ? `the last one (${placeOf(owner)}) showed its last sign of life at ${time(seenAt)}`
        : `the last one (${placeOf(owner)}) was stopped at ${time(stoppedAt)}`;
    const what = role === 'housekeeping' ? 'housekeeping is not running' : `no ${role} is running`;
    return [{ role, says: `${what}: ${how}; ${WITHOUT[role]}` }];
  });
}

/**
 * Which roles run, the problems that they report, and the events that are published and received by
 * no worker. This part is always ready. `systems`: the systems that are kept in step.
 */
export function rolesPart(
  db: Db,
  clock: Clock,
  { owner, systems }: { owner: string | null; systems: readonly string[] },
): () => Promise<Part> {
  return async () => {
    const [standings, lag] = await Promise.all([readRoles(db), readReceiveLag(db, systems)]);
    const others = standings.flatMap(({ living }) => living).filter((sign) => sign.owner !== owner);
    return {
      ready: true,
      figures: {
        roles: Object.fromEntries(standings.map(({ role, living }) => [role, living.length])),
        published_not_received: {
          events: lag.events,
          more: lag.more,
          oldest: lag.oldest?.toISOString() ?? null,
        },
      },
      warnings: [
        ...missingRoles(standings).map(({ says }) => says),
        ...others.flatMap((sign) => (sign.problem === null ? [] : [`${sayWho(sign)}: ${sign.problem}`])),
        ...differencesOf(standings.flatMap(({ living }) => living)).map(sayDifference),
        ...lateWarnings(lag, clock.now()),
      ],
    };
  };
}

/**
 * `published, not received: 12, oldest 2026-03-01 12:00:00`, once it is more than a short delay.
 */
export function lateWarnings(
  lag: { events: number; more: boolean; oldest: Date | null },
  now: Date,
): string[] {
  if (lag.oldest === null || now.getTime() - lag.oldest.getTime() < RECEIVED_LATE_MS) return [];
  return [`${sayLag(lag)}: is a worker running, and can it read from the bus?`];
}

export function sayLag({
  events,
  more,
  oldest,
}: {
  events: number;
  more: boolean;
  oldest: Date | null;
}): string {
  const many = `${more ? 'at least ' : ''}${events}`;
  return `published, not received: ${many}${oldest ? `, oldest ${time(oldest)}` : ''}`;
}

export function sayWho({ role, owner }: Pick<RoleSign, 'role' | 'owner'>): string {
  return `${role} ${placeOf(owner)}`;
}

/** Host and process id, without the random part of the name. */
export function placeOf(owner: string): string {
  return owner.split(':').slice(0, 2).join(':');
}

function time(at: Date): string {
  return at.toISOString().slice(0, 19).replace('T', ' ');
}
