// Checks whether this is the database in which the relay's cursor was made. Every process checks it
// at its start, before anything else runs: after a restore on another server, only a person can say
// whether the original is still in use.

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

/** A fault that time does not fix: the process reports it and exits. */
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
 * Whether this is the database in which the cursor was made, also if it is reached by another of
 * its names. Changes nothing.
 */
export async function judgeDatabase(db: Db, address: Address): Promise<Verdict> {
  const verdict = await judgeIdentity(db, address);
  return verdict === 'other_address' && (await isOtherName(db, address)) ? judgeIdentity(db, null) : verdict;
}

/**
 * Returns the verdict, or throws an error that says what a person has to decide. A fail-over is
 * accepted: the relay handles it. The address of a long-running process is stored; that of a
 * command is not.
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
 * The same check for commands that only read: null if the database is the right one, or if it is a
 * standby, to which nothing can be written.
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
      : 'This database has another address than before, and nothing proves that it is the same server';
  return new IdentityError(
    verdict,
    `${found}: a person has to say whether it replaces the original or is a copy`,
    'If it replaces the original, and the original no longer runs: npx twinbox relay --after-restore move. ' +
      'If it is a copy, and the original is still in use: npx twinbox relay --after-restore copy ' +
      '(the copy gets an instance id of its own, and every pair of it is detached).',
  );
}

/**
 * The error for a database in which an older state was restored in place: its next event ids,
 * versions and customer ids have to begin above all that were used before.
 */
export function restored(signs: RestoreSigns | null): IdentityError {
  return new IdentityError(
    'restored',
    `An older state of this database was restored in place: ${describeSigns(signs)}. ` +
      'Its next event ids, versions and customer ids may have been used before',
    'If you want to go on from this state, and nothing else runs on a newer one: npx twinbox relay --after-restore move ' +
      '(new ids and versions begin above all that were used, and every pair is compared once). ' +
      'If the original is still in use, and this is a copy of it: npx twinbox relay --after-restore copy.',
  );
}

function describeSigns(signs: RestoreSigns | null): string {
  const { by, count = 1, example = '' } = signs ?? {};
  switch (by) {
    case 'bus':
      return `Kafka holds ${count === 1 ? 'an event' : `${count} events`} that the database does not have (${example})`;
    case 'requests':
      return `Stripe names a request of this installation that the database does not have (${example})`;
    case 'rows':
      return 'its rows were loaded from a backup';
    default:
      return 'its tables were created again from a backup';
  }
}

export function otherBus(bound: string, present: string): IdentityError {
  return new IdentityError(
    'other_bus',
    `The events of this database were published to ${bound}, and the settings name another bus, ${present}: it lacks those events`,
    'If you want to change the bus: npx twinbox relay --adopt-bus',
  );
}
