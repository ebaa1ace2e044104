// Records that were merged into another one at their system.
import type { Tx } from '../../server/connection.ts';
import type { Mapping } from '../mappings.ts';

/** The record that a row's pair has left, as an alias of the row: its id leads to another record. */
export async function leaveMerged(
  tx: Tx,
  { system, account, entityType, externalType, internalId }: Mapping,
  { externalId, into }: { externalId: string; into: string },
): Promise<void> {
  await tx.raw(
    `insert into external_mappings (system, account, entity_type, external_type, internal_id, external_id, role, state, merged_into)
     values (:system, :account, :entityType, :externalType, :internalId, :externalId, 'alias', 'alias', :into)
     on conflict (system, account, external_type, external_id) where external_id is not null do nothing`,
    { system, account, entityType, externalType, internalId, externalId, into },
  );
}
