// The statement that receives outbound events: it stores them as deliveries, and raises the mappings of their rows.
import type { Db, Tx } from './server/connection.ts';
import { runPrepared } from './server/prepared.ts';
import { raisedUrgency, urgencies } from './urgency.ts';

export type InternalEvent = {
  eventId: string;
  /** The id of the event's row; null if the bus did not carry the id, and it is looked up. */
  syncEventId: number | null;
  eventType: string;
  entityType: string;
  entityId: number;
  version: number;
};

/** Which rows go where: the rows of an entity, as records of a kind. */
export type Target = { system: string; entityType: string; externalType: string };

/** `unmapped`: the rows without a mapping, of whose events nothing is stored. */
export type Receipt = { made: number; unmapped: number[] };

// One statement answers the rows without a mapping, and stores nothing of them.
// The context of an event says whether it is one of many: its writer has to say so (docs/sync.md,
// "Order of work"). Many edits do not defeat the back-off: the due time is moved to now only if the
// mapping was clean before.
const receiveSql = `
with bound as materialized ( -- the lock keeps out a binding at the same moment
  select coalesce(account, '') as account from connections where system = :system for share
), events as materialized (
  select event_id, nullif(id, 0) as sync_event_id, entity_id, event_type, version
  from unnest(:eventIds::uuid[], :syncEventIds::bigint[], :entityIds::bigint[], :eventTypes::text[], :versions::bigint[])
    as e(event_id, id, entity_id, event_type, version)
), locked as materialized (
  select m.id, m.internal_id from external_mappings m
  where m.entity_type = :entityType and m.internal_id = any(:entityIds::bigint[]) and m.system = :system
    and m.account = (select account from bound) and m.external_type = :externalType and m.role = 'primary'
  order by m.id for update
), found as materialized (
  select e.*, l.id as mapping_id, s.id as found_id,
         -- A writer's own context may hold anything under that name.
         case when s.context ->> 'hop' ~ '^[0-9]{1,9}$' then (s.context ->> 'hop')::integer else 0 end as hop,
         case when s.context -> 'bulk' = 'true' then ${urgencies.bulk}
              when e.event_type like '%.created' then ${urgencies.row} else ${urgencies.edit} end as urgency
  from events e
  join locked l on l.internal_id = e.entity_id
  left join lateral ( -- two questions, for either has its index
    select id, context from sync_events where id = e.sync_event_id
    union all
    (select id, context from sync_events where e.sync_event_id is null and event_id = e.event_id limit 1)
  ) s on true
), made as (
  insert into sync_deliveries (event_id, target, sync_event_id, mapping_id, event_type, version, hop, created_at)
  select event_id, :system, coalesce(sync_event_id, found_id, 0), mapping_id, event_type, version, hop, :now::timestamptz
  from found
  on conflict (event_id, target) do nothing
  returning event_id
), raise as (
  select mapping_id, count(*) as more, max(version) as version, min(urgency)::smallint as urgency
  from (select distinct event_id, mapping_id, version, urgency -- a batch may bring an event twice
        from found where event_id in (select event_id from made)) once
  group by mapping_id
), raised as (
  update external_mappings m
  set dirty = dirty + r.more, wanted_version = greatest(m.wanted_version, r.version),
      next_attempt_at = case when m.dirty = m.clean then least(greatest(m.next_attempt_at, :now::timestamptz), :now::timestamptz)
                             else m.next_attempt_at end,
      urgency = ${raisedUrgency('r.urgency')}, updated_at = now()
  from raise r where m.id = r.mapping_id
)
select (select count(*) from made) as made,
       array(select entity_id from events where entity_id not in (select internal_id from locked)) as unmapped`;

/** Stores the events of rows that have a mapping, and answers the others. */
export async function storeDeliveries(
  db: Db | Tx,
  events: readonly InternalEvent[],
  target: Target & { now: Date },
): Promise<Receipt> {
  const { rows } = await runPrepared<{ rows: Receipt[] }>(db, receiveSql, {
    ...target,
    eventIds: events.map(({ eventId }) => eventId),
    syncEventIds: events.map(({ syncEventId }) => syncEventId ?? 0),
    entityIds: events.map(({ entityId }) => entityId),
    eventTypes: events.map(({ eventType }) => eventType),
    versions: events.map(({ version }) => version),
  });
  return rows[0] ?? { made: 0, unmapped: [] };
}
