// A row that lives goes on with a pair of its own after its record is gone: in the transaction that ends
// the pair of the record, so a crash leaves either both pairs or none of the two changes.
import { forgetRecord } from '../../../db/external-records.ts';
import type { Mapping } from '../../../db/mappings/mappings.ts';
import { insertSuccessor } from '../../../db/mappings/writes/decisions.ts';
import type { Tx } from '../../../db/server/connection.ts';

/** The record of the pair is gone, and the row lives: it goes on with a pair without a record. */
export async function succeed(tx: Tx, ended: Mapping): Promise<void> {
  if (ended.externalId !== null) await forgetRecord(tx, ended, ended.externalId);
  await insertSuccessor(tx, ended, null);
}
