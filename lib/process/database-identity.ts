// Is this the database that the relay's cursor was made in? Every process asks at its start, before
// anything else runs: after a restore elsewhere, only a person can say whether the original lives
// on.

import type { Db } from '../../db/server/connection.ts';
import { isOtherName, isStandby, notePlace } from '../../db/server/database-place.ts';
import {
  judgeIdentity,
  readRestoreSigns,
  type Address,
  type RestoreSigns,
  type Verdict,
} from '../../db/relay/identity.ts';

export type IdentityErrorCode = 'other_cluster' | 'other_address' | 'restored' | 'other_bus';

/** A fault that time does not fix: the process says so and exits. */
export class IdentityError extends Error {
  override readonly name = 'IdentityError';
  readonly code: IdentityErrorCode;
  readonly retryable = false;
  readonly found: string;
  readonly fix: string;

  constructor(code: IdentityErrorCode, found: string, fix: string) {
    super(`${found}. ${fix}`);
    this.code = code;
    this.found = found;
    this.fix = fix;
  }
}

/**
 * Whether this is the database that the cursor was made in, by whichever of its names it was
 * reached. Changes nothing.
 */
export async function judgeDatabase(db: Db, address: Address): Promise<Verdict> {
  const verdict = await judgeIdentity(db, address);
  return verdict === 'other_address' && (await isOtherName(db, address)) ? judgeIdentity(db, null) : verdict;
}

/**
 * Answers the verdict, or throws with what a person has to decide. A fail-over passes: the relay
 * deals with it. What runs for long has its address remembered; a command that comes and goes does
 * not.
 */
export async function assertSameDatabase(
  db: Db,
  address: Address,
  { remember = true } = {},
): Promise<Exclude<Verdict, OtherDatabase>> {
  const verdict = await judgeDatabase(db, address);
  if (isOther(verdict)) throw await otherDatabase(db, verdict);
  if (verdict !== 'first') await notePlace(db, address, { remember });
  return verdict;
}

type OtherDatabase = 'other_cluster' | 'other_address' | 'restored';

/**
 * The same verdict for what only looks: null if all is well, or if this is a standby, to which
 * nothing can be written.
 */
export async function findOtherDatabase(db: Db, address: Address): Promise<IdentityError | null> {
  if (await isStandby(db)) return null;
  const verdict = await judgeDatabase(db, address);
  return isOther(verdict) ? await otherDatabase(db, verdict) : null;
}

function isOther(verdict: Verdict): verdict is OtherDatabase {
  return verdict === 'other_cluster' || verdict === 'other_address' || verdict === 'restored';
}

async function otherDatabase(db: Db, verdict: OtherDatabase): Promise<IdentityError> {
  if (verdict === 'restored') return restored(await readRestoreSigns(db));
  const found =
    verdict === 'other_cluster'
      ? 'This database was restored into another PostgreSQL cluster'
      : 'This database is at another address than the one it was used at, and nothing proves that it is the same server';
  return new IdentityError(
    verdict,
    `${found}: its place in the stream of events has to be found anew`,
    'If it replaces the original, which no longer runs: npx twinbox relay --after-restore move. ' +
      'If it is a copy and the original lives on: npx twinbox relay --after-restore copy ' +
      '(the copy gets a name of its own and lets go of every external record).',
  );
}

/**
 * An older state was put back in place: what it would give out a second time has to begin above
 * what was given out.
 */
export function restored(signs: RestoreSigns | null): IdentityError {
  return new IdentityError(
    'restored',
    `This database holds an older state that was put back in place: ${describeSigns(signs)}. ` +
      'Event ids, versions and customer ids that it would give out next may have been given out before',
    'If this state is meant, and nothing else runs on a newer one: npx twinbox relay --after-restore move ' +
      '(they begin above all that was given out, and every pair is compared once). ' +
      'If the original lives on and this is a copy of it: npx twinbox relay --after-restore copy.',
  );
}

function describeSigns(signs: RestoreSigns | null): string {
  const { by, count = 1, example = '' } = signs ?? {};
  switch (by) {
    case 'bus':
      return `Kafka holds ${count === 1 ? 'an event' : `${count} events`} that it does not have (${example})`;
    case 'requests':
      return `Stripe names a request of this installation that it does not have (${example})`;
    case 'rows':
      return 'its rows were loaded from a backup';
    default:
      return 'its tables were made anew from a backup';
  }
}

export function otherBus(bound: string, present: string): IdentityError {
  return new IdentityError(
    'other_bus',
    `This database's events were published to ${bound}, and the bus here is ${present}: what the one has, the other lacks`,
    'If the change is meant: npx twinbox relay --adopt-bus',
  );
}
