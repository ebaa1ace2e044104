// The record of operations, which people ask for. It is written in the same transaction as the
// operation: both exist, or neither.
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

// The lock lets one transaction write at a time, so that the order of ids is the order of commits,
// and a reader that goes on after an id misses none. The lock is taken last in every transaction.
const insertSql = `
with action as (
  insert into operator_actions (action, system, actor, reason, detail, at)
  values (:action, :system, :actor, :reason, :detail::jsonb, :at::timestamptz) returning id
), pairs as (
  insert into operator_action_pairs (action_id, mapping_id, event_id)
  select distinct a.id, p.mapping_id, p.event_id
  from action a, unnest(:mappingIds::bigint[], :eventIds::uuid[]) p(mapping_id, event_id)
)
select id from action`;

/** Returns the id of the record. */
export async function recordAction(
  tx: Tx,
  { pairs = [], ...action }: Omit<OperatorAction, 'id'> & { pairs?: readonly ActionPair[] },
): Promise<number> {
  await tx.raw('lock table operator_actions in share row exclusive mode');
  const { rows } = await tx.raw<{ rows: { id: number }[] }>(insertSql, {
    ...action,
    detail: JSON.stringify(action.detail),
    mappingIds: pairs.map(({ mappingId }) => mappingId),
    eventIds: pairs.map(({ eventId }) => eventId),
  });
  if (!rows[0]) throw new Error('recordAction: PostgreSQL returned no row for an insert');
  return rows[0].id;
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
// the end of such a pause.
const coveringSql = `
with delivered as (
  select d.mapping_id, m.system, d.created_at, coalesce(d.settled_at, 'infinity') as until
  from sync_deliveries d join external_mappings m on m.id = d.mapping_id where d.event_id = :eventId
)
select ${columns} from operator_actions a
where exists (select from operator_action_pairs p where p.action_id = a.id and p.event_id = :eventId)
   or exists (
     select from operator_action_pairs p join delivered d on d.mapping_id = p.mapping_id
     where p.action_id = a.id and a.at between d.created_at and d.until)
   or (a.action = 'pause' and exists (
     select from delivered d where d.system = a.system and a.at <= d.until and d.created_at <= coalesce(
       (select min(b.at) from operator_actions b where b.system = a.system and b.action = 'resume' and b.id > a.id), 'infinity')))
   or (a.action = 'resume' and exists (
     select from delivered d where d.system = a.system and a.at between d.created_at and d.until))
order by a.id`;

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
