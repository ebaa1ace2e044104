// Questions about a pair's state that several rungs and commands ask, each answered in one place.
import type { Mapping } from '../../db/mappings/mappings.ts';

/** The records with the identity of the row because of which it waits; null where it does not. */
export function recordsAlike({ reason }: Pick<Mapping, 'reason'>): string[] | null {
  if (reason?.code !== 'not_linked' || reason.detail?.because !== 'identity_exists') return null;
  return reason.detail.records ?? [];
}

/** A record with the identity of the row exists, which was made in our table (rungs/same-identity.ts). */
export function waitsForIdentity(mapping: Pick<Mapping, 'reason'>): boolean {
  return recordsAlike(mapping) !== null;
}

/**
 * The row was in our table before its system was connected, and no consent has been given: no step
 * asks again by itself.
 */
export function awaitsConsent(mapping: Pick<Mapping, 'state' | 'reason' | 'consent'>): boolean {
  const { state, reason, consent } = mapping;
  if (state !== 'waiting' || reason?.code !== 'not_linked' || consent !== null) return false;
  return !waitsForIdentity(mapping);
}

/**
 * The record that a consent names as this row's; null if none was given, or it says that a record
 * is to be made.
 */
export function consentedRecord({
  externalId,
  consent,
}: Pick<Mapping, 'externalId' | 'consent'>): string | null {
  return externalId === null && consent?.to === 'record' ? consent.external_id : null;
}
