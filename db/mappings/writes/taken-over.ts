// What a migration says to pairs: of rows that were there before Twinbox, and of a field that means
// another field of theirs from now on.
import type { Tx } from '../../server/connection.ts';

/**
 * Each row of the entity waits until somebody has said which record is its counterpart: nothing is
 * made at the system before that.
 */
export async function insertNotLinked(tx: Tx, entityType: string): Promise<void> {
  // The same for every system that comes later (existing-rows.ts).
  await tx.raw(
    `update instance set rows_taken_over_to = (select max(id) from entity_rows() where entity_type = :entityType)`,
    { entityType },
  );
  await tx.raw(
    `insert into external_mappings (entity_type, internal_id, system, state, reason, wanted_version)
     select entity_type, id, 'stripe', 'waiting', 'not_linked', version from entity_rows() where entity_type = :entityType order by id`,
    { entityType },
  );
}

/**
 * What both sides had at the last sync is not known any more for this field, so a pair meets it as
 * for the first time. An open request says it again when it is settled, so it is taken out there
 * too.
 */
export async function forgetCommonValue(
  tx: Tx,
  { system, entity, field }: { system: string; entity: string; field: string },
): Promise<void> {
  await tx.raw(
    `update external_mappings
     set shadow = case when jsonb_typeof(shadow) = 'object' then shadow - :field::text else shadow end,
         intent = intent #- array['fields', :field::text], updated_at = now()
     where system = :system and entity_type = :entity
       and (shadow -> :field::text is not null or intent #> array['fields', :field::text] is not null)`,
    { system, entity, field },
  );
}
