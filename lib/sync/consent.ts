// An operator's word that a record and a row are one, as it is kept on the waiting mapping.
import type { Mapping } from '../../db/mappings.ts';

/** Whether the word is about this row: since it was asked for, the record's email may have become another row's. */
export function consentsTo({ reasonDetail }: Mapping, customerId: number): boolean {
  return reasonDetail?.['consent'] === true && reasonDetail['customer'] === customerId;
}

/**
 * What stays of a reason that is taken back for another try, or gives way to another: the word outlives it, nobody is asked again.
 * It is about a row (`customer`), or names the record of the mapping's own row (`external_id`).
 */
export function keptWord({ reasonDetail }: Mapping): Mapping['reasonDetail'] {
  if (reasonDetail?.['consent'] !== true) return null;
  const { customer, external_id, chosen, consent, consented_by, consented_at } = reasonDetail;
  return { customer, external_id, chosen, consent, consented_by, consented_at };
}

/** The row that a person chose this record for, whatever its email or owner tag says; null where none was. */
export function chosenFor({ reasonDetail }: Pick<Mapping, 'reasonDetail'>): number | null {
  const customer =
    reasonDetail?.['consent'] === true && reasonDetail['chosen'] === true ? reasonDetail['customer'] : null;
  return typeof customer === 'number' ? customer : null;
}
