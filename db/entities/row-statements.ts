// The statements about the rows of an entity. Every write is one statement, so one round trip and one
// transaction: it changes the row and writes the event of that version. The event id is drawn in the
// select list of the row's values or in the SET list, never in a sub-select or a CTE before the row
// lock: there it would not be drawn again after waiting for the lock, and the order of ids would not
// be the order of versions (docs/relay.md).

import { folded } from '../email-fold.ts';
import { CLAIM, INSERT_KEPT, IS_CLAIMED } from '../idempotent-writes.ts';
import { fieldsAsJson, isAssignedText } from './column-types.ts';
import { columnOf, literal, tableOf, type EntityField, type EntityTable } from './entity-table.ts';

// The time of an event by a function: a plan that names all partitions of the events would be opened for each row.
// pairs_of_new_row() answers the same of a row that was just made: whoever changes one changes the other.
const mappingsOf = (entityType: string): string => `
  coalesce((
    select jsonb_agg(jsonb_build_object('system', m.system, 'externalId', m.external_id, 'state', m.state, 'reason', m.reason,
        'pushedVersion', m.pushed_version, 'updatedAt', m.updated_at, 'behindSince', case when c.version <= m.pushed_version + 1 then c.updated_at
          else coalesce(event_created_at('${entityType}:' || c.id, m.pushed_version + 1), c.updated_at) end)
      order by m.id)
    from external_mappings m
    where m.entity_type = '${entityType}' and m.internal_id = c.id and m.role = 'primary'), '[]') as mappings`;

const SYSTEM_COLUMNS =
  'c.version, c.last_event_id, c.created_event_id, c.created_at, c.updated_at, c.deleted_at';

/** Of a row that was written: its fields as the triggers of the table have made them. */
const written = (entity: EntityTable): string =>
  `c.id, ${fieldsAsJson(entity.fields, 'c')} as fields, ${SYSTEM_COLUMNS}, ${mappingsOf(entity.name)}`;

// A new row has pairs only where its id was in use before. So the statements that write one ask only whether there are
// any: to start the look-ups for its event and its answer takes longer than to insert it. No column of the table
// stands beside these names.
const returned = (entity: EntityTable): string => `
  returning t.id, t.version, t.last_event_id, t.created_event_id, t.created_at, t.updated_at, t.deleted_at, ${fieldsAsJson(entity.fields, 't')} as fields,
    exists (select from external_mappings m where m.entity_type = '${entity.name}' and m.internal_id = t.id) as has_pairs`;

/** Of a new row: its fields as the triggers of the table have made them. */
const made = ({ name }: EntityTable): string =>
  `c.id, c.fields, ${SYSTEM_COLUMNS}, case when c.has_pairs then pairs_of_new_row('${name}', c.id, c.version, c.updated_at) else '[]' end as mappings`;

const payloadOfNew = ({ name }: EntityTable): string =>
  `case when c.has_pairs then entity_payload('${name}', c.id, c.fields) else payload_of_row('${name}', c.id, c.fields, '{}') end`;

/** Of a row that is read. */
const read = (entity: Pick<EntityTable, 'name'>): string =>
  `c.id, c.fields, ${SYSTEM_COLUMNS}, ${mappingsOf(entity.name)}`;

// Writes the event of the row in the CTE "changed". Part of every write below.
const writeEvent = (
  entity: EntityTable,
  operation: string,
  {
    unless = 'false',
    changed = 'changed c',
    eventId = ':eventId::uuid',
    context = ':context::jsonb',
    payload = `entity_payload('${entity.name}', c.id, ${fieldsAsJson(entity.fields, 'c')})`,
  } = {},
): string => `
  insert into sync_events
    (id, event_id, event_type, entity_type, entity_id, entity_key, version, source, payload, context, created_at)
  select c.last_event_id, ${eventId}, '${entity.name}.${operation}', '${entity.name}', c.id, '${entity.name}:' || c.id, c.version, :source::text,
         ${payload}, ${context}, :now::timestamptz
  from ${changed} where case when ${unless} then refuse_turned_back_change('${entity.name}', c.id) else true end`;

// Always later than before, so that the trigger of the table, which moves the time on for changes
// by hand, has nothing to do. The last time of PostgreSQL has no next one: the trigger leaves it as
// it is.
const moved = `greatest(least(t.updated_at, '9999-12-31Z') + interval '1 microsecond', :now::timestamptz)`;

// The values by column, each read by its column's own type.
const given = (entity: EntityTable): string =>
  `jsonb_populate_record(null::${tableOf(entity)}, :values::jsonb) w`;

// The same for a new row. A text becomes what its column holds by being assigned; so that most rows are read
// without a table function, which costs a tenth of the statement.
const givenNew = (
  entity: EntityTable,
  columns: readonly string[],
  json = ':values::jsonb',
): { values: string[]; from: string | null } => {
  const byColumn = new Map(entity.fields.map((field) => [columnOf(field), field]));
  const fields = columns.flatMap((column) => byColumn.get(column) ?? []);
  if (fields.length < columns.length || fields.some(({ type }) => !isAssignedText(type)))
    return {
      values: columns.map((column) => `w.${column}`),
      from: `jsonb_populate_record(null::${tableOf(entity)}, ${json}) w`,
    };
  return { values: fields.map(({ column }) => `${json} ->> ${literal(column)}`), from: null };
};

const rowOf = (columns: readonly string[], row: string): string =>
  `row(${columns.map((column) => `${row}.${column}`).join(', ')})`;

// Byte by byte: for a collation two texts may be one.
const isOther = (columns: readonly string[]): string =>
  `record_image_ne(${rowOf(columns, 't')}, ${rowOf(columns, 'w')})`;

// No column of the table shows anything of the change. If a trigger stores the wanted value in a
// column of its own, the row has changed.
const isTurnedBack = (columns: readonly string[]): string =>
  `record_image_eq(${rowOf(columns, 'c')}, ${rowOf(columns, '(written.before)')})
  and to_jsonb(written.after) - '{version,last_event_id,updated_at}'::text[]
    = to_jsonb(written.before) - '{version,last_event_id,updated_at}'::text[]`;

// A writer of another catalogue is refused (catalogue-number.ts). By a function, which sees what has been committed
// while the statement waited for a row; a sub-select would see the beginning of the statement.
const DEMAND_CATALOGUE = 'demand_catalogue(:catalogue::bigint, false)';

/** Whether the write is made once, by a key: then the same statement keeps its answer. */
type How = { once?: boolean };

const claim = ({ once = false }: How): string => (once ? `${CLAIM}, ` : '');
const andIsClaimed = ({ once = false }: How): string => (once ? ` and ${IS_CLAIMED}` : '');

// The end of every write: what has become of the row. With a key there is one result always, whose
// `earlier` says whether the statement had the key; db/row-rules.ts knows the last line of either.
const shown = ({ once = false }: How, row: string): string =>
  once
    ? `, answer as (
  select ${row} from changed c
), kept as (
  ${INSERT_KEPT}
  select :eventId::uuid, :scope::bytea, :request::bytea, :answer::json, row_to_json(answer) from answer
)
select claim.earlier, answer.* from claim left join answer on true`
    : `
select ${row} from changed c`;

export const insertSql = (entity: EntityTable, columns: readonly string[], how: How = {}): string => {
  const { values, from } = givenNew(entity, columns);
  return `
with ${claim(how)}changed as (
  insert into ${tableOf(entity)} as t (${[...columns, 'version', 'last_event_id', 'created_event_id', 'created_at', 'updated_at'].join(', ')})
  select ${[...values, '1'].join(', ')}, next_sync_event_id(), :eventId::uuid, :now::timestamptz, :now::timestamptz
  ${from === null ? '' : `from ${from}`} where ${DEMAND_CATALOGUE}${andIsClaimed(how)}${returned(entity)}
), event as (${writeEvent(entity, 'created', { payload: payloadOfNew(entity) })}
)${shown(how, made(entity))}`;
};

// Many new rows, each with its event; `:rows` is an array of { eventId, values }. A row that meets a unique
// rule is left out, and so is one that the table drops: the caller writes it by itself, and gets the reason.
const manyNew = (
  entity: EntityTable,
  columns: readonly string[],
  { item = '', context = ':context::jsonb' }: { item?: string; context?: string } = {},
): string => {
  const { values, from } = givenNew(entity, columns, 'given.by_column');
  return `
with given as (
  select g.at, (g.item ->> 'eventId')::uuid as event_id, g.item -> 'values' as by_column${item}
  from jsonb_array_elements(:rows::jsonb) with ordinality g(item, at)
), changed as (
  insert into ${tableOf(entity)} as t (${[...columns, 'version', 'last_event_id', 'created_event_id', 'created_at', 'updated_at'].join(', ')})
  select ${[...values, '1'].join(', ')}, next_sync_event_id(), given.event_id, :now::timestamptz, :now::timestamptz
  from given${from === null ? '' : ` cross join lateral ${from}`}
  where ${DEMAND_CATALOGUE}
  order by given.at
  on conflict do nothing${returned(entity)}
), event as (${writeEvent(entity, 'created', { eventId: 'c.created_event_id', context, payload: payloadOfNew(entity) })}
)`;
};

export const insertManySql = (entity: EntityTable, columns: readonly string[]): string =>
  `${manyNew(entity, columns)}
select c.id, c.created_event_id from changed c`;

/** How long a row of insertTogetherSql may keep the others waiting, which have nothing to do with it. */
const PATIENCE = '100ms';

// Rows of several requests: each has a context of its own (`:contexts`, by the event id) and an answer. A row
// that has to wait for another transaction ends the statement soon, and each is then written by itself. The limit
// holds for this transaction, which is this statement, and is set before the first row is written.
export const insertTogetherSql = (entity: EntityTable, columns: readonly string[]): string =>
  `${manyNew(entity, columns, {
    item: `, set_config('lock_timeout', '${PATIENCE}', true) as patience`,
    context: `:contexts::jsonb -> c.created_event_id::text`,
  })}
select ${made(entity)} from changed c`;

// The rows before and after the change are each one column, whole: beside them the columns of the table
// would not be told apart from ours, since its owner may have called one of them `before`. For the
// same reason no alias of a row stands alone (`b` may be a column of b).
// `before` is the row as this statement has locked it, with changes that others made meanwhile.
export const updateSql = (entity: EntityTable, columns: readonly string[], how: How = {}): string => `
with ${claim(how)}written as (
  update ${tableOf(entity)} t
  set ${columns.map((column) => `${column} = w.${column}, `).join('')}
      version = t.version + 1, last_event_id = next_sync_event_id(), updated_at = ${moved}
  from (select (b.*)::${tableOf(entity)} as before, b.id as before_id from ${tableOf(entity)} b where b.id = :id${andIsClaimed(how)} for update) locked, ${given(entity)}
  where t.id = :id and locked.before_id = t.id and t.deleted_at is null and t.version = any(coalesce(:ifVersion::bigint[], array[t.version]))
    and ${DEMAND_CATALOGUE} and ${isOther(columns)}
  returning (t.*)::${tableOf(entity)} as after, locked.before
), changed as (
  select (written.after).* from written
), event as (${writeEvent(entity, 'updated', { unless: `:refuseTurnedBack::boolean and ${isTurnedBack(columns)}`, changed: 'changed c cross join written' })}
)${shown(how, written(entity))}`;

// Many rows by their ids, as updateSql changes one; `:rows` is an array of { id, eventId, values }. They are
// locked in the order of their ids, so two such statements never wait for each other in a circle.
export const updateManySql = (entity: EntityTable, columns: readonly string[]): string => `
with given as (
  select (g.item ->> 'id')::bigint as given_id, (g.item ->> 'eventId')::uuid as event_id, g.item -> 'values' as by_column
  from jsonb_array_elements(:rows::jsonb) g(item)
), written as (
  update ${tableOf(entity)} t
  set ${columns.map((column) => `${column} = w.${column}, `).join('')}
      version = t.version + 1, last_event_id = next_sync_event_id(), updated_at = ${moved}
  from (select (b.*)::${tableOf(entity)} as before, b.id as before_id from ${tableOf(entity)} b
        where b.id in (select given.given_id from given) order by b.id for update) locked,
       given cross join lateral jsonb_populate_record(null::${tableOf(entity)}, given.by_column) w
  where t.id = given.given_id and locked.before_id = t.id and t.deleted_at is null
    and ${DEMAND_CATALOGUE} and ${isOther(columns)}
  returning (t.*)::${tableOf(entity)} as after, locked.before, given.event_id
), event as (${writeEvent(entity, 'updated', { unless: isTurnedBack(columns), changed: 'written cross join lateral (select (written.after).*) c', eventId: 'written.event_id' })}
)
select (written.after).id as id from written`;

export const deleteSql = (entity: EntityTable, how: How = {}): string => `
with ${claim(how)}changed as (
  update ${tableOf(entity)} t
  set deleted_at = :now::timestamptz,
      version = t.version + 1, last_event_id = next_sync_event_id(), updated_at = ${moved}
  where t.id = :id and t.deleted_at is null and t.version = any(coalesce(:ifVersion::bigint[], array[t.version]))
    and ${DEMAND_CATALOGUE}${andIsClaimed(how)}
  returning *
), event as (${writeEvent(entity, 'deleted', { unless: 'c.deleted_at is null' })}
)${shown(how, written(entity))}`;

export const readSql = (entity: Pick<EntityTable, 'name'>): string =>
  `select ${read(entity)} from entity_rows() c where c.entity_type = '${entity.name}' and c.id = :id`;

/** From the table itself, since entity_rows() does not have the columns that filters ask for. */
export const listSql = (entity: EntityTable, conditions: readonly string[]): string => `
select ${written(entity)} from ${tableOf(entity)} c
where c.deleted_at is null
  and (:after::bigint is null or c.id > :after::bigint)
  and (:updatedSince::timestamptz is null or c.updated_at >= :updatedSince::timestamptz)${conditions.map((each) => `\n  and ${each}`).join('')}
order by c.id
limit :limit`;

/** By the unique index of the identity. */
export const identityCondition = (field: EntityField): string =>
  `${folded(`c.${columnOf(field)}::text`)} = ${folded(':identity::text')}`;

// A join could read the whole table instead, where its statistics are old; the limit leaves only the index.
/** The living rows with one of these identities; `at` is the place of the identity in the list, from 1. */
export const holdersSql = (entity: EntityTable, field: EntityField): string => `
select w.at, held.id, held.fields
from unnest(:identities::text[]) with ordinality w(identity, at)
cross join lateral (
  select c.id, ${fieldsAsJson(entity.fields, 'c')} as fields from ${tableOf(entity)} c
  where ${folded(`c.${columnOf(field)}::text`)} = ${folded('w.identity')} and c.deleted_at is null limit 1) held`;

export const holderSql = (entity: EntityTable): string =>
  `select c.id from entity_rows() c where c.entity_type = '${entity.name}' and ${folded('c.identity')} = ${folded(':identity::text')} and c.deleted_at is null`;
