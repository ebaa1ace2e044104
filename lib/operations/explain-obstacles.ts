// Why the action that `decide` answers for a pair is not being carried out now: one sentence for
// each cause that holds.
import type { BreakerRow } from '../../db/limits/breakers.ts';
import type { LanePause, Pause } from '../../db/limits/pauses.ts';
import type { RestRow } from '../../db/limits/rests.ts';
import type { Connection } from '../../db/connections.ts';
import type { PairStanding } from '../../db/mappings/standing.ts';
import type { LoadedStep } from '../../db/mappings/load.ts';
import { settingOf } from '../config/systems.ts';
import { labelOf } from '../integrations/registry.ts';
import type { Effect } from '../sync/foresee.ts';
import { shownReason } from '../../db/mappings/shown.ts';
import { isInactive } from '../../db/mappings/state.ts';
import { sayRest } from '../limits/rest.ts';
import { awaitsConsent } from '../sync/pair-state.ts';
import type { SyncPolicy } from '../sync/step.ts';

export type ObstacleKind =
  | 'lease'
  | 'due'
  | 'breaker'
  | 'rests'
  | 'paused'
  | 'outbound_paused'
  | 'inbound_paused'
  | 'row_paused'
  | 'fuse'
  | 'parked'
  | 'waiting'
  | 'consent'
  | 'account_unread'
  | 'account_unknown'
  | 'other_account'
  | 'writes_off'
  | 'pulls_off'
  | 'no_worker'
  | 'not_noticed';

export type Obstacle = { kind: ObstacleKind; says: string };

/** What is the same for every pair of a system. */
export type Lane = {
  connection: Connection | null;
  breaker: BreakerRow | null;
  /** The quota of the account is used up. */
  rest: RestRow | null;
  /** Who paused the system, if it is paused. */
  pausedBy: string | null;
  /** The directions that are paused, and the pause of this row. */
  pauses: LanePause[];
  rowPause: Pause | null;
  /** The sentence that no worker is running; null if one is. */
  noWorker: string | null;
};

export type Standing = {
  step: LoadedStep;
  standing: PairStanding;
  lane: Lane;
  policy: Pick<SyncPolicy, 'writes' | 'pulls'>;
  effect: Effect;
  now: Date;
};

/** Empty if there is nothing to do. */
export function obstaclesOf(about: Standing): Obstacle[] {
  const { mapping } = about.step;
  const isIdle = mapping.dirty === mapping.clean;
  const isAtPeace = mapping.state === 'linked' || mapping.reason?.code === 'not_wanted';
  if (isIdle && (isInactive(mapping) || (isAtPeace && about.effect.would === 'nothing')))
    return [...leaseOf(about), ...rowPauseOf(about)];
  return [
    ...leaseOf(about),
    ...rowPauseOf(about),
    ...ofPair(about, isIdle),
    ...bySettings(about),
    ...ofLane(about),
  ];
}

function rowPauseOf({ step: { mapping }, lane: { rowPause } }: Standing): Obstacle[] {
  if (!rowPause) return [];
  return [{ kind: 'row_paused', says: saysOfPause(`this customer at ${labelOf(mapping.system)}`, rowPause) }];
}

/** The pauses of directions that this pair meets now. */
function directionPauses({ step: { mapping }, lane: { pauses }, effect }: Standing): Obstacle[] {
  const name = labelOf(mapping.system);
  const waits = [mapping.reason?.code, effect.would === 'nothing' ? effect.waits : null];
  return pauses.flatMap((pause): Obstacle[] => {
    if (pause.direction === 'outbound')
      return sends(effect) || waits.includes('writes_off')
        ? [{ kind: 'outbound_paused', says: saysOfPause(`sending to ${name}`, pause) }]
        : [];
    return writesOurs(effect) || waits.includes('pulls_off')
      ? [{ kind: 'inbound_paused', says: saysOfPause(`what comes from ${name}`, pause) }]
      : [];
  });
}

function saysOfPause(what: string, { since, by, why }: Pause): string {
  return `${what} has been paused since ${time(since)} by ${by}${why === null ? '' : `: ${why}`}`;
}

function leaseOf({ standing: { leaseOwner, leaseUntil } }: Standing): Obstacle[] {
  if (leaseOwner === null || leaseUntil === null) return [];
  const who = leaseOwner.split(':').slice(0, 2).join(':');
  return [{ kind: 'lease', says: `the worker ${who} has a lease on the pair until ${time(leaseUntil)}` }];
}

function ofPair({ step: { mapping }, lane, effect, now }: Standing, isIdle: boolean): Obstacle[] {
  if (!isIdle) return mapping.nextAttemptAt !== null && mapping.nextAttemptAt > now ? [dueOf(mapping)] : [];
  if (mapping.state === 'parked')
    return [
      {
        kind: 'parked',
        says: 'the pair is parked until either side changes, or a person decides or replays it',
      },
    ];
  if (mapping.state === 'waiting') return waitsForPause(mapping, lane) ? [] : [waitOf(mapping)];
  if (effect.would === 'nothing') return [];
  return [{ kind: 'not_noticed', says: 'no event has raised the pair: no worker looks at it by itself' }];
}

/** The pause is named by itself. */
function waitsForPause({ reason }: LoadedStep['mapping'], { pauses }: Lane): boolean {
  const direction = reason && { writes_off: 'outbound', pulls_off: 'inbound' }[reason.code as string];
  return pauses.some((pause) => pause.direction === direction);
}

function dueOf({ nextAttemptAt, attempts, lastError }: LoadedStep['mapping']): Obstacle {
  const at = nextAttemptAt === null ? '' : time(nextAttemptAt);
  const { code, message } = lastError ?? {};
  const last = [code, message].filter((part) => typeof part === 'string').join(': ');
  const tries = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'} so far`;
  return {
    kind: 'due',
    says: `the pair is due at ${at}; ${tries}${last === '' ? '' : `, the last error was ${last}`}`,
  };
}

function waitOf(mapping: LoadedStep['mapping']): Obstacle {
  const { reason, system } = mapping;
  const name = labelOf(system);
  if (awaitsConsent(mapping) || reason?.code === 'ask_link' || reason?.code === 'not_linked')
    return { kind: 'consent', says: 'the pair waits for a person’s consent' };
  switch (reason?.code) {
    case 'not_wanted':
      return {
        kind: 'waiting',
        says: `the pair rests until the customer fulfils the condition of the mapping (${reason.detail.field})`,
      };
    case 'fuse':
      return { kind: 'fuse', says: 'the fuse holds the delete until a person decides' };
    case 'ask_delete':
      return {
        kind: 'waiting',
        says: `the pair waits until a person decides about the delete at ${name} (${settingOf(system, 'DELETES_IN')}=ask)`,
      };
    case 'account_unread':
      return { kind: 'account_unread', says: unread(system) };
    case 'writes_off':
      return {
        kind: 'writes_off',
        says: `writes to ${name} were off when a worker last looked (${settingOf(system, 'WRITES')}=off)`,
      };
    case 'pulls_off':
      return {
        kind: 'pulls_off',
        says: `writes into our table were off when a worker last looked (${settingOf(system, 'PULLS')}=off)`,
      };
    default:
      return {
        kind: 'waiting',
        says: `the pair waits (${shownReason(mapping) ?? 'no reason'}) until either side changes or a person decides`,
      };
  }
}

/** What would stop a worker now; a pair that waits for a setting already has it as its reason. */
function bySettings({ step: { mapping }, policy, effect }: Standing): Obstacle[] {
  const reason = mapping.state === 'waiting' && mapping.dirty === mapping.clean ? mapping.reason?.code : null;
  const waits = effect.would === 'nothing' ? (effect.waits ?? null) : null;
  const found: Obstacle[] = [];
  if (reason !== 'writes_off' && (waits === 'writes_off' || (!policy.writes && sends(effect))))
    found.push({
      kind: 'writes_off',
      says: `writes to ${labelOf(mapping.system)} are off (${settingOf(mapping.system, 'WRITES')}=off)`,
    });
  if (reason !== 'pulls_off' && (waits === 'pulls_off' || (!policy.pulls && writesOurs(effect))))
    found.push({
      kind: 'pulls_off',
      says: `writes into our table are off (${settingOf(mapping.system, 'PULLS')}=off)`,
    });
  if (reason !== 'account_unread' && waits === 'account_unread')
    found.push({ kind: 'account_unread', says: unread(mapping.system) });
  if (reason !== 'fuse' && effect.would === 'held')
    found.push({
      kind: 'fuse',
      says: 'the fuse holds deletes: a worker leaves the pair until a person decides',
    });
  return found;
}

function sends(effect: Effect): boolean {
  if (effect.would === 'update') return effect.there.length > 0;
  return effect.would === 'create' || effect.would === 'delete';
}

function writesOurs(effect: Effect): boolean {
  if (effect.would === 'update') return effect.here.length > 0;
  return effect.would === 'import' || effect.would === 'delete_here';
}

function unread(system: string): string {
  return `the records of the ${labelOf(system)} account are still being read`;
}

function ofLane(about: Standing): Obstacle[] {
  const { step, lane } = about;
  const { mapping } = step;
  return [
    ...accountObstacles(mapping, lane),
    ...directionPauses(about),
    ...laneObstacles(mapping.system, lane),
  ];
}

function accountObstacles(mapping: LoadedStep['mapping'], { connection }: Lane): Obstacle[] {
  const name = labelOf(mapping.system);
  const account = connection?.account ?? null;
  if (account === null)
    return [
      { kind: 'account_unknown', says: `no worker has asked ${name} yet which account the key belongs to` },
    ];
  if (mapping.account === account || mapping.account === '') return [];
  return [
    {
      kind: 'other_account',
      says: `the pair belongs to the account ${mapping.account}; the database belongs to ${account} now`,
    },
  ];
}

/** What stops all pairs of a system, or the pairs whose events were not received yet. */
export function laneObstacles(
  system: string,
  { connection, breaker, rest, pausedBy, noWorker }: Lane,
): Obstacle[] {
  const name = labelOf(system);
  const found: Obstacle[] = [];
  if (connection?.pausedAt) {
    const by = pausedBy === null ? '' : ` by ${pausedBy}`;
    const why = connection.pausedWhy === null ? '' : `: ${connection.pausedWhy}`;
    found.push({
      kind: 'paused',
      says: `${name} has been paused since ${time(connection.pausedAt)}${by}${why}`,
    });
  }
  if (breaker) found.push({ kind: 'breaker', says: saysOf(breaker, name) });
  if (rest) found.push({ kind: 'rests', says: sayRest(name, rest) });
  if (noWorker !== null) found.push({ kind: 'no_worker', says: noWorker });
  return found;
}

function saysOf({ openedAt, since, why }: BreakerRow, name: string): string {
  const cause = `${why.code}: ${why.message}`;
  return openedAt === null
    ? `${name} answers again after a failure (${cause}): one customer at a time is tried`
    : `the breaker of ${name} has been open since ${time(since)}, and nothing is sent (${cause})`;
}

/** A time for people, in UTC. */
export function time(at: Date): string {
  return at.toISOString().slice(0, 19).replace('T', ' ');
}
