// What the facts of a story say, for those of one page.
import type { Db } from '../server/connection.ts';

/** Of facts with the same time, the cause comes before what follows from it. */
export const factKinds = [
  ...([
    'change',
    'inbound',
    'received',
    'write',
    'call',
    'settled',
    'conflict',
    'operator',
    'dropped',
  ] as const),
] as const;

export type FactKind = (typeof factKinds)[number];

export type Fact = {
  at: Date;
  kind: FactKind;
  /** Null for what concerns no system. */
  system: string | null;
  eventId: string | null;
  detail: Record<string, unknown>;
  place: FactPlace;
};

/** Where a fact stands: microseconds since 1970, the place of its kind, and its key. */
export type FactPlace = { micros: string; rank: number; key: string };

export type StoryOf = { entity: string; id: number };

/** What a fact is called within its kind, as SQL. */
export const keys = {
  change: (event: string) => `lpad(${event}.id::text, 20, '0')`,
  inbound: (delivery: string) =>
    `lpad(${delivery}.sync_event_id::text, 20, '0') || '-' || ${delivery}.event_id`,
  delivery: (delivery: string) => `${keys.inbound(delivery)} || '-' || ${delivery}.target`,
  operator: (act: string) => `lpad(${act}.id::text, 20, '0')`,
  dropped: (closed: string) => `${closed}.event_id || '-' || ${closed}.target`,
};

/** Milliseconds, and no member at all where a time is not known. */
const lasted = (name: string, interval: string): string =>
  `jsonb_strip_nulls(jsonb_build_object('${name}_ms', round(extract(epoch from ${interval}) * 1000)))`;

// By keys alone, so that PostgreSQL leaves out every partition that has none of them.
const detailsSql = `
with pairs as materialized (
  select id, system, external_id from external_mappings where entity_type = :entity and internal_id = :id
), delivered as materialized (
  select d.*, p.external_id, p.system from sync_deliveries d join pairs p on p.id = d.mapping_id where d.event_id = any(:deliveries::uuid[])
), stored as materialized (
  select d.event_id, d.target, e.created_at from delivered d join sync_events e on e.id = d.sync_event_id
)
select 0 as rank, ${keys.change('e')} as key, null::text as system, e.event_id as "eventId",
       jsonb_build_object('event_type', e.event_type, 'version', e.version, 'source', e.source, 'context', e.context, 'number', e.id)
       || case when :values::boolean and e.payload -> (e.entity_type || '_data') is not null
            then jsonb_build_object('values', (e.payload -> (e.entity_type || '_data')) - 'id') else '{}' end as detail
from sync_events e where e.id = any(:changes::bigint[])
union all
select 1, ${keys.inbound('d')}, d.system, d.event_id,
       jsonb_build_object('event_type', d.event_type, 'external_id', d.external_id, 'status', d.status, 'settled_at', d.settled_at,
         'error', d.last_error ->> 'code', 'made_at', d.inbound ->> 'created', 'request_id', d.inbound ->> 'requestId')
       || ${lasted('settled_after', 'd.settled_at - coalesce(s.created_at, d.created_at)')}
from delivered d left join stored s on s.event_id = d.event_id and s.target = d.target where d.target = 'internal'
union all
select 2, ${keys.delivery('d')}, d.target, d.event_id,
       jsonb_build_object('event_type', d.event_type, 'version', d.version, 'status', d.status, 'error', d.last_error ->> 'code')
       || ${lasted('after', 'd.created_at - s.created_at')}
from delivered d left join stored s on s.event_id = d.event_id and s.target = d.target where d.target <> 'internal'
union all
select 3, i.id::text, p.system, null,
       jsonb_build_object('intent_id', i.id, 'operation', i.operation, 'key', i.key, 'version', i.version, 'result', i.result,
         'closed_at', i.closed_at) || ${lasted('took', 'i.closed_at - i.first_sent_at')}
from sync_intents i join pairs p on p.id = i.mapping_id where i.id = any(:intents::uuid[])
union all
select 4, a.id::text, p.system, null,
       jsonb_build_object('operation', a.operation, 'http_status', a.status, 'request_id', a.request_id, 'intent_id', a.intent_id,
         'latency_ms', a.latency_ms, 'error', a.error, 'replayed', a.replayed)
from sync_attempts a join pairs p on p.id = a.mapping_id where a.id = any(:attempts::uuid[])
union all
select 5, ${keys.delivery('d')}, d.target, d.event_id,
       jsonb_build_object('status', d.status, 'attempts', d.attempts, 'superseded_by', d.superseded_by, 'error', d.last_error ->> 'code',
         'confirmed_by', d.confirmed_by, 'confirmed_at', e.created_at)
       || ${lasted('after', 'd.settled_at - d.created_at')} || ${lasted('confirmed_after', 'e.created_at - d.settled_at')}
from delivered d left join lateral (
  select created_at from sync_events where event_id = d.confirmed_by order by id limit 1) e on true
where d.target <> 'internal'
union all
select 6, c.id::text, m.system, c.event_id,
       jsonb_build_object('conflict_id', c.id, 'kind', c.kind, 'field', c.field, 'rule', c.rule, 'winner', c.winner, 'note', c.note, 'reversed_at', c.reversed_at)
from sync_conflicts c left join external_mappings m on m.id = c.mapping_id where c.id::text = any(:conflicts::text[]) and c.entity_type = :entity and c.internal_id = :id
union all
select 7, ${keys.operator('a')}, a.system, (select min(o.event_id::text)::uuid from operator_action_pairs o
         where o.action_id = a.id and o.mapping_id in (select id from pairs)),
       jsonb_build_object('action', a.action, 'actor', a.actor, 'reason', a.reason)
from operator_actions a where a.id = any(:operators::bigint[])
union all
select 8, ${keys.dropped('c')}, c.target, c.event_id,
       jsonb_build_object('event_type', c.event_type, 'version', c.version, 'status', c.status, 'error', c.last_code, 'attempts', c.attempts,
         'why', c.reason)
from closed_deliveries c where c.event_id = any(:dropped::uuid[]) and c.mapping_id in (select id from pairs)`;

type Told = Pick<Fact, 'system' | 'eventId' | 'detail'>;

export const nameOf = ({ rank, key }: Pick<FactPlace, 'rank' | 'key'>): string => `${rank} ${key}`;

/** By the names of their places. */
export async function readFactDetails(
  db: Db,
  of: StoryOf,
  { places, values }: { places: readonly FactPlace[]; values: boolean },
): Promise<Map<string, Told>> {
  const keysOf = (...kinds: FactKind[]) =>
    places.filter(({ rank }) => kinds.includes(factKinds[rank] ?? 'change')).map(({ key }) => key);
  const { rows } = await db.raw<{ rows: (Told & { rank: number; key: string })[] }>(detailsSql, {
    ...{ ...of, values },
    changes: keysOf('change').map(Number),
    deliveries: keysOf('inbound', 'received', 'settled').map((key) =>
      key.slice(UUID_AT, UUID_AT + UUID_LENGTH),
    ),
    intents: keysOf('write'),
    attempts: keysOf('call'),
    conflicts: keysOf('conflict'),
    operators: keysOf('operator').map(Number),
    dropped: keysOf('dropped').map((key) => key.slice(0, UUID_LENGTH)),
  });
  return new Map(rows.map(({ rank, key, ...told }) => [nameOf({ rank, key }), told]));
}

/** Behind the number of the event. */
const UUID_AT = 21;
const UUID_LENGTH = 36;
