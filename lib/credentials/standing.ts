// What people read about a stored credential. Nothing here opens one.
import type { CredentialRow } from '../../db/credentials.ts';
import { checks, type Check } from '../finding.ts';
import { MAKE_A_KEY, reconnectBy, sayRefused } from './refusals.ts';
import { nameOfKey } from './seal.ts';

/** A person needs some days to connect an account again. */
const SOON_MS = 30 * 24 * 3_600_000;

/** What needs a person, or soon will; null otherwise. */
export function warnOfCredential(row: CredentialRow, now: Date): string | null {
  const { system, refusedAt, reconnectBy: until } = row;
  if (refusedAt !== null) return sayRefused(row);
  if (until === null || until.getTime() - now.getTime() > SOON_MS) return null;
  return `the credential of ${system} can be renewed until ${minute(until)} UTC only: ${reconnectBy(system)}`;
}

/** One line: until when it is good, and what is next. */
export function sayCredential(row: CredentialRow, now: Date): string {
  const { sealed, expiresAt, reconnectBy: until, refusedAt } = row;
  if (refusedAt !== null) return `refused since ${minute(refusedAt)}`;
  if (sealed === null) return 'not minted yet';
  // What was set is renewed before it is used: its own time is before all others.
  if (expiresAt !== null && expiresAt.getTime() < 0) return 'given, and not renewed yet';
  const expiry =
    expiresAt === null
      ? 'expires at a time that is not known'
      : `${expiresAt > now ? 'expires at' : 'expired at'} ${minute(expiresAt)}, and is renewed by itself`;
  return `${expiry}${until === null ? '' : `; reconnect by ${minute(until)}`}`;
}

/** `row`: null where none is stored. `isRotating`: a person has to give the first one. */
export function checkCredential(
  { system, isRotating, keys }: { system: string; isRotating: boolean; keys: readonly string[] },
  row: CredentialRow | null,
  now: Date,
): Check {
  const name = 'credential';
  if (keys.length === 0)
    return checks.problem(name, 'there is no key to encrypt it with', `Set ${MAKE_A_KEY}.`);
  if (row === null)
    return isRotating
      ? checks.problem(name, 'none is stored yet', `Run: npx twinbox credentials set ${system}`)
      : checks.ok(name, 'is minted at the first call');
  const key = row.sealed?.split('.')[1];
  if (key !== undefined && !keys.some((one) => nameOfKey(one) === key))
    return checks.problem(
      name,
      `it is encrypted with the key ${key}, which is not set`,
      `Add that key to TWINBOX_SECRET_KEY, or ${reconnectBy(system)}`,
    );
  const warning = warnOfCredential(row, now);
  const fix = `Run: npx twinbox credentials set ${system}`;
  if (warning === null) return checks.ok(name, sayCredential(row, now));
  return row.refusedAt === null ? checks.warning(name, warning, fix) : checks.problem(name, warning, fix);
}

export function minute(at: Date): string {
  return at.toISOString().slice(0, 16).replace('T', ' ');
}
