// The pairs of rows that were there before Twinbox.
import type { Tx } from '../../server/connection.ts';

/**
 * Each row of the entity waits until somebody has said which record is its counterpart: nothing is
 * made at the system before that.
 */
export async function insertNotLinked(tx: Tx, entityType: string): Promise<void> {
  await tx.raw(
    `insert into external_mappings (entity_type, internal_id, system, state, reason, wanted_version)
     select entity_type, id, 'stripe', 'waiting', 'not_linked', version from entity_rows() where entity_type = :entityType order by id`,
    { entityType },
  );
}
