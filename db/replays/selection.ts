// The deliveries that an operator selects for a replay, as parts of a statement. Only the conditions
// that are asked for stand in it, so that the planner takes the index of the most selective one.
import type { DeliveryStatus } from '../deliveries.ts';
import { isClosedSql } from '../mappings/closed-pairs.ts';
import { groupPairsSql, type GroupKey } from '../mappings/error-groups.ts';

/** Stored with a plan: times are ISO 8601 texts in UTC. Null: not asked for. */
export type Selection = {
  systems: readonly string[];
  ids: readonly string[] | null;
  /** Null: every status, or with a group every open one. */
  statuses: readonly DeliveryStatus[] | null;
  group: GroupKey | null;
  row: { entity: string; id: number } | null;
  /** The code of the last failure. */
  error: string | null;
  /** out: our changes, to a system. in: events of a system, to our table. */
  direction: 'in' | 'out' | null;
  since: string | null;
  until: string | null;
  /** false: without the pairs that a person has closed. true: only these. null: both. */
  closed: boolean | null;
  /** The most deliveries; the oldest are taken. */
  most: number;
};

/** More than this in one plan is work for several. */
export const MOST_DELIVERIES = 100_000;

const OPEN: readonly DeliveryStatus[] = ['queued', 'waiting', 'parked'];

/**
 * The pair and the delivery as they are, in one number: with another number a step may have another
 * effect.
 */
const stateSql = `hashtextextended(concat_ws('|', m.state, coalesce(m.reason, ''), m.dirty, m.clean, m.wanted_version, coalesce(m.external_id, ''),
    coalesce(m.internal_id, 0), coalesce(d.status, '')), 0)`;

const ORDER = 'd.sync_event_id nulls last, d.target, m.id';

/**
 * The columns of a selected delivery, with its place from 1; `event_id` is null for a pair without an open one. The
 * places are numbered in the order of the list, so that it is sorted once.
 */
export const chosenSql = (selection: Selection): string => `
select d.event_id, coalesce(d.target, m.system) as target, d.sync_event_id, d.status, m.id as mapping_id, m.system, m.internal_id,
       m.external_id is not null as has_record, ${stateSql} as pair_state,
       row_number() over (order by ${ORDER}) as place
from ${fromSql(selection)}
where ${conditionsOf(selection).join(' and ')}
order by ${ORDER}
limit :most::integer + 1`;

export function bindingsOf(selection: Selection) {
  const { ids, statuses, group, row, error, since, until, most, systems } = selection;
  return {
    systems: [...systems],
    targets: targetsOf(selection),
    ids: ids && [...ids],
    statuses: [...(statuses ?? OPEN)],
    groupSystem: group?.system ?? null,
    groupClass: group?.class ?? null,
    groupCode: group?.code ?? null,
    groupField: group?.field ?? null,
    entity: row?.entity ?? null,
    rowId: row?.id ?? null,
    ...{ error, since, until, most },
  };
}

// Without a row the deliveries come first, and each pair is looked up by its id (offset 0): the planner would otherwise read every pair.
function fromSql({ group, row, statuses, closed }: Selection): string {
  if (!group && row) return `external_mappings m join sync_deliveries d on d.mapping_id = m.id`;
  if (!group)
    return `sync_deliveries d cross join lateral (select * from external_mappings x where x.id = d.mapping_id offset 0) m`;
  return `(${groupPairsSql(':groupSystem', closed)}) p join external_mappings m on m.id = p.id
  left join sync_deliveries d on d.mapping_id = m.id and ${statusConditions(statuses ?? OPEN).join(' and ')}`;
}

function conditionsOf(selection: Selection): string[] {
  const { group, ids, statuses, row, error, direction, since, until, closed } = selection;
  return [
    `m.system = any(:systems::text[])`,
    ...(group
      ? [`p.class = :groupClass and p.code = :groupCode and p.field is not distinct from :groupField::text`]
      : []),
    ...(ids ? [`d.event_id = any(:ids::uuid[])`] : []),
    ...(statuses ? (group ? [`d.event_id is not null`] : statusConditions(statuses)) : []),
    ...(row ? [`m.entity_type = :entity and m.internal_id = :rowId::bigint`] : []),
    ...(error === null ? [] : [`d.last_error is not null and d.last_error ->> 'code' = :error`]),
    ...(direction === null && group ? [] : [`d.target = any(:targets::text[])`]),
    ...(since === null ? [] : [`d.created_at >= :since::timestamptz`]),
    ...(until === null ? [] : [`d.created_at < :until::timestamptz`]),
    ...(closed === null || group ? [] : [`${closed ? '' : 'not '}${isClosedSql('m')}`]),
  ];
}

/** Said so that the indexes with these conditions fit. */
function statusConditions(statuses: readonly DeliveryStatus[]): string[] {
  const those = `d.status = any(:statuses::text[])`;
  if (!statuses.includes('queued')) return [those, `d.status <> 'queued'`];
  return statuses.every((status) => OPEN.includes(status))
    ? [those, `d.status in ('queued', 'waiting', 'parked')`]
    : [those];
}

function targetsOf({ systems, direction }: Selection): string[] {
  if (direction === 'in') return ['internal'];
  return direction === 'out' ? [...systems] : [...systems, 'internal'];
}
