// The record of operations, which people ask for. It is written in the same transaction as the
// operation: both exist, or neither. Each entry has the hash of the one before it (audit.ts reads and
// checks the chain), so a crash before the commit leaves the chain as it was.
import type { Db, Tx } from './server/connection.ts';

export type OperatorAction = {
  id: number;
  /** Such as pause, resume, release_deletes, replay. */
  action: string;
  system: string;
  actor: string;
  reason: string | null;
  detail: Record<string, unknown>;
  at: Date;
};

export type ActionPair = { mappingId: number; eventId: string | null };

/** What an operation changes, as it stood before and as it stands after: plain data, never a value of a customer. */
export type Change = {
  before?: Record<string, unknown> | null;
  after?: Record<string, unknown> | null;
};

// The lock lets one transaction write at a time, so that the order of ids is the order of commits,
// and a reader that goes on after an id misses none. The lock is taken last in every transaction. After a restore the
// sequence may stand below the newest entry.
const insertSql = (pairs: string) => `
with asked as (
  ${pairs}
), summed as (
  select count(*) as pair_count, encode(sha256(convert_to(coalesce(string_agg(
    mapping_id || ' ' || coalesce(event_id::text, '-') || chr(10), '' order by mapping_id, event_id nulls first), ''), 'UTF8')), 'hex') as pairs_hash
  from asked
), entry as materialized (
  select jsonb_populate_record(null::operator_actions, jsonb_build_object(
    'id', greatest(nextval(pg_get_serial_sequence('operator_actions', 'id')), h.id + 1), 'action', :action::text, 'system', :system::text,
    'actor', :actor::text, 'key', :key::text, 'reason', :reason::text, 'detail', :detail::jsonb, 'before', :before::jsonb,
    'after', :after::jsonb, 'at', :at::timestamptz, 'pair_count', s.pair_count, 'pairs_hash', s.pairs_hash, 'previous', h.hash)) as e
  from audit_head h, summed s
), hashed as materialized (
  select e, encode(sha256(convert_to(operator_action_text(e), 'UTF8')), 'hex') as hash from entry
), action as (
  insert into operator_actions (id, action, system, actor, key, reason, detail, before, after, at, pair_count, pairs_hash, previous, hash)
  overriding system value
  select (e).id, (e).action, (e).system, (e).actor, (e).key, (e).reason, (e).detail, (e).before, (e).after, (e).at, (e).pair_count,
         (e).pairs_hash, (e).previous, hash from hashed
  returning id, hash
), pairs as (
  insert into operator_action_pairs (action_id, mapping_id, event_id)
  select a.id, p.mapping_id, p.event_id from action a, asked p
), moved as (
  update audit_head h set id = a.id, hash = a.hash, entries = h.entries + 1 from action a
)
select id from action`;

const namedPairsSql = `
  select distinct p.mapping_id, p.event_id from unnest(:mappingIds::bigint[], :eventIds::uuid[]) p(mapping_id, event_id)`;

// The pairs of a replay may be a hundred thousand: they go from table to table, and not through the process.
const pairsOfJobSql = `
  select distinct i.mapping_id, e.event_id from replay_items i join external_mappings m on m.id = i.mapping_id and m.system = :system
  left join unnest(i.event_ids) e(event_id) on true where i.job_id = :job::bigint`;

/** Returns the id of the record. */
export async function recordAction(
  tx: Tx,
  { pairs = [], job, before = null, after = null, ...action }: Recorded,
): Promise<number> {
  await tx.raw('lock table operator_actions in share row exclusive mode');
  const { rows } = await tx.raw<{ rows: { id: number }[] }>(
    insertSql(job === undefined ? namedPairsSql : pairsOfJobSql),
    {
      ...action,
      job: job ?? null,
      key: keyOfActor(action.actor),
      detail: plainJson(action.detail),
      before: before && plainJson(before),
      after: after && plainJson(after),
      mappingIds: pairs.map(({ mappingId }) => mappingId),
      eventIds: pairs.map(({ eventId }) => eventId),
    },
  );
  if (!rows[0]) throw new Error('recordAction: the row of audit_head is missing, or an insert gave no row');
  return rows[0].id;
}

/** `job`: the pairs are those of this replay at the system, in place of `pairs`. */
export type Recorded = Omit<OperatorAction, 'id'> & Change & { pairs?: readonly ActionPair[]; job?: number };

/** Of `key:shop/3f9c1a2b7d04` the id; null if no key of the API acted. */
export function keyOfActor(actor: string): string | null {
  return /^key:(?:.*\/)?([^/]+)$/s.exec(actor)?.[1] ?? null;
}

/** Fractions are refused: PostgreSQL and JavaScript write some of them differently, and the hash is of the text. */
function plainJson(value: Record<string, unknown>): string {
  return JSON.stringify(value, (name, member: unknown) => {
    if (typeof member === 'number' && !Number.isSafeInteger(member))
      throw new Error(`recordAction: ${name} is ${member}; a record of operations has whole numbers alone`);
    return member;
  });
}

const columns = `a.id, a.action, a.system, a.actor, a.reason, a.detail, a.at`;

/** The records after an id, oldest first. */
export async function readActionsAfter(db: Db, after: number, limit: number): Promise<OperatorAction[]> {
  const { rows } = await db.raw<{ rows: OperatorAction[] }>(
    `select ${columns} from operator_actions a where a.id > :after order by a.id limit :limit`,
    { after, limit },
  );
  return rows;
}

// An operation concerns an event if it names the event; if it names the event's pair, at a time
// when the event was open at that pair; and if it is a pause during which the event was open, or
// the end of such a pause. The pause of one row names its pairs. Only those that can be one of these
// are looked at, each found by an index: the record is long.
const coveringSql = `
with delivered as materialized (
  select d.mapping_id, m.system, d.created_at, coalesce(d.settled_at, 'infinity') as until
  from sync_deliveries d join external_mappings m on m.id = d.mapping_id where d.event_id = :eventId
), of_pair as materialized (
  select a.id, a.action, a.at, d.mapping_id, d.created_at, d.until
  from delivered d join operator_action_pairs p on p.mapping_id = d.mapping_id join operator_actions a on a.id = p.action_id
), lanes as materialized (
  select b.id, b.action, b.system, b.at from operator_actions b
  where b.action in ('pause', 'pause_outbound', 'pause_inbound', 'resume', 'resume_outbound', 'resume_inbound')
    and b.system in (select system from delivered)
), covering as (
  select p.action_id as id from operator_action_pairs p where p.event_id = :eventId
  union
  select a.id from of_pair a where a.at between a.created_at and a.until
  union
  select a.id from of_pair a
  where a.action = 'pause_row' and a.at <= a.until and a.created_at <= coalesce(
    (select min(b.at) from operator_actions b join operator_action_pairs o on o.action_id = b.id
     where o.mapping_id = a.mapping_id and b.action = 'resume_row' and b.id > a.id), 'infinity')
  union
  select a.id from lanes a join delivered d on d.system = a.system
  where a.at <= d.until and case when starts_with(a.action, 'resume') then a.at >= d.created_at
    else d.created_at <= coalesce((select min(b.at) from lanes b
      where b.system = a.system and b.action = replace(a.action, 'pause', 'resume') and b.id > a.id), 'infinity') end
)
select ${columns} from operator_actions a where a.id = any(array(select id from covering)) order by a.id`;

/** The operations that concern an event. */
export async function readActionsCovering(db: Db, eventId: string): Promise<OperatorAction[]> {
  const { rows } = await db.raw<{ rows: OperatorAction[] }>(coveringSql, { eventId });
  return rows;
}

/** Pairs that wait for one of these reasons, locked, so that the caller can raise them. */
export async function lockWaiting(
  tx: Tx,
  system: string,
  ...reasons: readonly string[]
): Promise<ActionPair[]> {
  const { rows } = await tx.raw<{ rows: { mappingId: number }[] }>(
    `select id as "mappingId" from external_mappings where system = :system and state = 'waiting' and reason = any(:reasons::text[])
     order by id for update`,
    { system, reasons: [...reasons] },
  );
  return rows.map(({ mappingId }) => ({ mappingId, eventId: null }));
}

/** The last time that an operator asked for an action at a system; null if that never happened. */
export async function readLastAction(
  db: Db,
  { system, action }: Pick<OperatorAction, 'system' | 'action'>,
): Promise<OperatorAction | null> {
  const { rows } = await db.raw<{ rows: OperatorAction[] }>(
    `select ${columns} from operator_actions a
     where a.system = :system and a.action = :action order by a.id desc limit 1`,
    { system, action },
  );
  return rows[0] ?? null;
}
