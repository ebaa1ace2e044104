// Who made the value that a field of a row has: the source of the row's last change of that field.
import type { Db } from '../server/connection.ts';

/**
 * Of the events of one row, up to a version, the source of the last one with another value than the
 * one before it. Null if that event is not kept any more: the oldest event that is kept is a change
 * only if it made the row.
 */
export const originSql = (of: { key: string; data: string; field: string; version: string }): string => `(
  select change.source from (
    select e.id, e.source, e.event_type, jsonb_exists(e.payload -> (${of.data}), ${of.field}) as is_there,
      e.payload #>> array[${of.data}, ${of.field}] as value,
      lag(e.payload #>> array[${of.data}, ${of.field}]) over kept as before, lag(e.id) over kept as id_before
    from sync_events e
    where e.entity_key = ${of.key} and e.version <= ${of.version}
      and e.event_type like any (array['%.created', '%.updated'])
    window kept as (order by e.id)) change
  where case when change.id_before is null then change.event_type like '%.created' and change.is_there else change.value is distinct from change.before end
  order by change.id desc limit 1)`;

const readSql = `select ${originSql({
  key: `:entityType::text || ':' || :internalId::bigint`,
  data: `:entityType::text || '_data'`,
  field: ':field::text',
  version: ':version::bigint',
})} as origin`;

export type ValueOfRow = { entityType: string; internalId: number; field: string; version: number };

/** `internal`, `sql`, or the name of a system; null if it is not known. */
export async function readOrigin(db: Db, value: ValueOfRow): Promise<string | null> {
  const { rows } = await db.raw<{ rows: { origin: string | null }[] }>(readSql, value);
  return rows[0]?.origin ?? null;
}
