// Questions about a pair's state that several rungs and commands ask, each answered in one place.
import type { Mapping } from '../../db/mappings/mappings.ts';
import { keptConsent } from './consent.ts';

export const NOT_LINKED = 'not_linked';
/**
 * Why a row that was made in our table waits: a record with its identity exists
 * (rungs/same-identity.ts).
 */
export const IDENTITY_EXISTS = 'identity_exists';
/** Why a create waits until every record of the account was read once. */
export const ACCOUNT_UNREAD = 'account_unread';

/**
 * The row was in our table before its system was connected, and no consent has been given: no step
 * asks again by itself.
 */
export function awaitsConsent(mapping: Pick<Mapping, 'state' | 'reason' | 'reasonDetail'>): boolean {
  const { state, reason, reasonDetail } = mapping;
  if (state !== 'waiting' || reason !== NOT_LINKED || keptConsent(mapping) !== null) return false;
  return reasonDetail?.['because'] !== IDENTITY_EXISTS;
}

/**
 * The record that a consent names as this row's; null if none was given, or it says that a record
 * is to be made.
 */
export function consentedRecord(mapping: Pick<Mapping, 'externalId' | 'reasonDetail'>): string | null {
  const named = mapping.externalId === null ? keptConsent(mapping)?.['external_id'] : null;
  return typeof named === 'string' ? named : null;
}
