// What a migration says to pairs: of rows that were there before Twinbox, and of a field that means
// another field of theirs from now on.
import type { Tx } from '../../server/connection.ts';

/**
 * Each row of the entity waits until somebody has said which record is its counterpart: nothing is
 * made at a system before that. The same for every system that comes later (existing-rows.ts).
 */
export async function insertNotLinked(
  tx: Tx,
  entityType: string,
  mappings: readonly { system: string; entity: string; externalType: string }[],
): Promise<void> {
  await tx.raw(
    `insert into taken_over_rows (entity_type, up_to)
     select :entityType, max(id) from entity_rows() where entity_type = :entityType having max(id) is not null`,
    { entityType },
  );
  for (const { system, entity, externalType } of mappings)
    if (entity === entityType)
      await tx.raw(
        `insert into external_mappings (entity_type, internal_id, system, external_type, state, reason, wanted_version)
         select entity_type, id, :system, :externalType, 'waiting', 'not_linked', version
         from entity_rows() where entity_type = :entityType order by id`,
        { entityType, system, externalType },
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
