// Questions about what a person has said about a pair: consent and decision each have a column of their
// own (db/mappings/consent.ts).
import type { Decision } from '../../db/mappings/consent.ts';
import type { Mapping } from '../../db/mappings/mappings.ts';

/**
 * Whether the consent is to this row: since it was asked for, the record's email may have become
 * another row's.
 */
export function consentsTo({ consent }: Pick<Mapping, 'consent'>, customerId: number): boolean {
  return consent?.to === 'customer' && consent.customer === customerId;
}

/** A person said that a new record is to be made for the row, though others have its email. */
export function isToBeAnew({ consent }: Pick<Mapping, 'consent'>): boolean {
  return consent?.to === 'record' && consent.anew === true;
}

/** The row that a person chose this record for, whatever its email or owner tag says; null where none was. */
export function chosenFor({ consent }: Pick<Mapping, 'consent'>): number | null {
  return consent?.to === 'customer' && consent.chosen === true ? consent.customer : null;
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
