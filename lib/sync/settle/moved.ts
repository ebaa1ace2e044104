// A pair has moved from a record to the one that it was merged into, in the transaction that this is
// a part of: the loser goes on as an alias of the row, which answers for its external id.
import { leaveMerged } from '../../../db/mappings/writes/merged.ts';
import { forgetRecord } from '../../../db/external-records.ts';
import type { Mapping } from '../../../db/mappings/mappings.ts';
import type { Tx } from '../../../db/server/connection.ts';

export async function leaveLoser(
  tx: Tx,
  mapping: Mapping,
  { from, into }: { from: string; into: string },
): Promise<void> {
  await leaveMerged(tx, mapping, { externalId: from, into });
  // It is gone, so no new record is its double.
  await forgetRecord(tx, mapping, from);
}
