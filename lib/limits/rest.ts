// The rest of an account: after a failure of kind `quota` nothing is sent to the account until the
// time that the system named.
//
// The breaker asks again and again whether a system answers; a rest asks nothing, since the system
// has said when it will. The rest is in Postgres: all workers see it when they claim, and a restart
// remembers it. It ends by its time, or by `twinbox resume`. An answer does not end it: a call that
// was under way when another one was refused says nothing about what is left.
//
// A worker that dies before `beginRest` commits costs one more refused call.
import { readConnection } from '../../db/connections.ts';
import { beginRest, readRest, type RestRow } from '../../db/limits/rests.ts';
import type { Db } from '../../db/server/connection.ts';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { Failure, Integration } from '../integrations/integration.ts';
import { ownFailure } from '../integrations/own-failure.ts';

export interface RestDeps {
  db: Db;
  clock: Clock;
  system: string;
  account: string;
  log: {
    info(event: string, fields: Record<string, unknown>): void;
    warn(event: string, fields: Record<string, unknown>): void;
  };
}

export interface Rest {
  /** Until when nothing is sent; null where calls may be made. */
  until(): Promise<Date | null>;
  /**
   * The row as a claim has just seen it, and when that claim began (monotonic); null where the
   * account does not rest.
   */
  saw(row: RestRow | null, since: number): void;
  /** A call was refused since the quota is used up. */
  began(failure: Failure): Promise<void>;
}

/** Where the system does not say until when. */
const UNSAID_MS = 15 * 60_000;
const LEAST_MS = 1_000;
/** No quota lasts longer than a month; a person can end a rest sooner. */
export const MOST_MS = 31 * 24 * 3_600_000;

/** `asks`: its first look is the database's, for callers who claim nothing. */
export function createRest(deps: RestDeps, { asks }: { asks: boolean }): Rest {
  const { db, clock, system, account, log } = deps;
  let seen: RestRow | null = null;
  let beganAt = -Infinity;
  let hasAsked = !asks;
  return {
    async until() {
      if (!hasAsked) seen = await readRest(db, { system, account, now: clock.now() });
      hasAsked = true;
      return seen !== null && seen.until > clock.now() ? seen.until : null;
    },
    saw(row, since) {
      // A call of ours was refused while the claim was made, and the claim may not have seen that.
      if (row === null && beganAt > since) return;
      if (seen !== null && row === null) log.info('account.rest_over', { system });
      seen = row;
    },
    async began(failure) {
      const row = await storeRest(deps, failure);
      // Null: it rests that long already, and the next claim shows until when.
      beganAt = performance.now();
      seen = row ?? (await readRest(db, { system, account, now: clock.now() }));
    },
  };
}

/** Stores the rest that a refusal asks for, and says so once: one of all the workers is the one that did. */
export async function storeRest(
  { db, clock, system, account, log }: RestDeps,
  { code, message, retryAfterMs }: Failure,
): Promise<RestRow | null> {
  const now = clock.now();
  const lastsMs = Math.min(MOST_MS, Math.max(LEAST_MS, retryAfterMs ?? UNSAID_MS));
  const until = new Date(now.getTime() + lastsMs);
  const row = await beginRest(db, { system, account, until, why: { code, message }, now });
  if (row) log.warn('account.rests', { system, until: row.until.toISOString(), code, message });
  return row;
}

/**
 * The rest of the account that the database belongs to, or of an account that could not even say
 * its name. It is asked only of systems that have a quota.
 */
export async function findRest(
  { db, clock }: { db: Db; clock: Clock },
  { system, capabilities }: Pick<Integration, 'system' | 'capabilities'>,
): Promise<RestRow | null> {
  if (!capabilities.quota) return null;
  return readRest(db, { system, account: await accountOf(db, system), now: clock.now() });
}

/** '' before the first contact. */
export async function accountOf(db: Db, system: string): Promise<string> {
  return (await readConnection(db, system))?.account ?? '';
}

/** As people read it. */
export function sayRest(system: string, { since, until, why }: RestRow): string {
  return (
    `${system} says that the quota of the account is used up since ${minute(since)} (${why.code}): ` +
    `nothing is sent until ${minute(until)} UTC and nothing is lost; npx twinbox resume ${system} tries sooner`
  );
}

/** In UTC. */
export function minute(at: Date): string {
  return at.toISOString().slice(0, 16).replace('T', ' ');
}

/** A call that was not made, since the account rests; or only background work does. */
export class Resting extends AppError {
  readonly until: Date;

  constructor(system: string, until: Date, what: 'all' | 'background' = 'all') {
    const detail =
      what === 'all'
        ? `the quota of the ${system} account is used up: nothing is sent until ${minute(until)} UTC`
        : `what is left of the quota of the ${system} account is kept for edits until ${minute(until)} UTC`;
    super('system_unreachable', { detail, retryable: true });
    this.until = until;
  }
}

/** The code of a call that was not made. */
export const ACCOUNT_RESTS = 'account_rests';

export function restingFailure({ message }: Resting): Failure {
  return ownFailure({ kind: 'quota', code: ACCOUNT_RESTS, message, nothingHappened: true });
}
