// What a person has said about a pair: the consent that a record and a row are one, which the
// reason of the waiting mapping keeps, and the decision about a pair that is stuck, which has a
// column of its own.
import type { Decision, Mapping } from '../../db/mappings/mappings.ts';

/**
 * Whether the consent is to this row: since it was asked for, the record's email may have become
 * another row's.
 */
export function consentsTo({ reasonDetail }: Mapping, customerId: number): boolean {
  return reasonDetail?.['consent'] === true && reasonDetail['customer'] === customerId;
}

/**
 * The consent, as far as it outlives that the mapping waits for another reason. It does not where
 * the new reason is its answer: the record that it named is not to be had (`tried`), or the
 * record's email belongs to another row by now.
 */
export function consentBeside(mapping: Mapping, detail: Record<string, unknown>): Mapping['reasonDetail'] {
  const consent = keptConsent(mapping);
  // Nor where the person consented that there is no record, and one was found since.
  if (consent === null || 'tried' in detail || 'records' in detail) return null;
  return 'customer' in detail && detail['customer'] !== consent['customer'] ? null : consent;
}

/**
 * What stays of a reason that is taken back for another try, or gives way to another: the consent
 * outlives it, and no person is asked again. It is about a row (`customer`), or names the record of
 * the mapping's own row (`external_id`).
 */
export function keptConsent({ reasonDetail }: Pick<Mapping, 'reasonDetail'>): Mapping['reasonDetail'] {
  if (reasonDetail?.['consent'] !== true) return null;
  const { customer, external_id, chosen, anew, consent, consented_by, consented_at } = reasonDetail;
  return { customer, external_id, chosen, anew, consent, consented_by, consented_at };
}

/** A person said that a new record is to be made for the row, though others have its email. */
export function isToBeAnew(mapping: Pick<Mapping, 'reasonDetail'>): boolean {
  return keptConsent(mapping)?.['anew'] === true;
}

/** The row that a person chose this record for, whatever its email or owner tag says; null where none was. */
export function chosenFor({ reasonDetail }: Pick<Mapping, 'reasonDetail'>): number | null {
  const customer =
    reasonDetail?.['consent'] === true && reasonDetail['chosen'] === true ? reasonDetail['customer'] : null;
  return typeof customer === 'number' ? customer : null;
}

/** A decision about which record is the row's; null where there is none. */
export function resolutionOf({ decision }: Pick<Mapping, 'decision'>): Decision | null {
  return decision?.kind === 'recreate' || decision?.kind === 'record' ? decision : null;
}

/**
 * A person has looked at a delete that the fuse held and released it: that decision is for this
 * pair, and for no other.
 */
export function isReleased({ decision }: Pick<Mapping, 'decision'>): boolean {
  return decision?.kind === 'release';
}
