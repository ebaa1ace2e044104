// Conflicts: values that were not kept, with the value that was, and the rule that decided.
import type { JsonValue } from './entities/rows.ts';
import { originSql } from './events/origins.ts';
import type { Db, Tx } from './server/connection.ts';

export type ConflictRow = {
  id: string;
  mappingId: number;
  entityType: string;
  internalId: number | null;
  kind: string;
  field: string | null;
  base: unknown;
  ours: unknown;
  theirs: unknown;
  rule: string;
  winner: 'ours' | 'theirs' | 'neither';
  note: string | null;
  intentId: string | null;
  eventId: string | null;
  /** The version of our row up to which our value was made; null where that is not to be found out. */
  oursAt?: number | null;
  /** The system that their value is from. */
  theirsFrom?: string | null;
  /** A conflict has one row, however often it is found. */
  dedupeKey: string;
  createdAt: Date;
};

/**
 * A conflict as it is read: with the pair in which it arose, if the pair still exists (an absorbed
 * mapping does not).
 */
export type StoredConflict = Omit<ConflictRow, 'dedupeKey' | 'base' | 'ours' | 'theirs' | 'oursAt'> & {
  base: JsonValue;
  ours: JsonValue;
  theirs: JsonValue;
  /** `internal`, `sql`, or the system whose change brought our value; null if it is not known. */
  oursFrom: string | null;
  theirsFrom: string | null;
  reversedAt: Date | null;
  system: string | null;
  externalId: string | null;
};

export type ConflictFilter = {
  limit: number;
  /** Only conflicts that follow this id in the list, so older ones. */
  after?: string;
  customer?: number;
  kind?: string;
  field?: string;
  reversed?: boolean;
};

const columns = `
  c.id, c.mapping_id as "mappingId", c.entity_type as "entityType", c.internal_id as "internalId", c.kind, c.field, c.base, c.ours, c.theirs,
  c.ours_from as "oursFrom", c.theirs_from as "theirsFrom", c.rule, c.winner, c.note, c.intent_id as "intentId", c.event_id as "eventId", c.reversed_at as "reversedAt", c.created_at as "createdAt",
  m.system, m.external_id as "externalId"
  from sync_conflicts c left join external_mappings m on m.id = c.mapping_id`;

const listSql = `
select ${columns}
where (:after::uuid is null or c.id < :after::uuid)
  and (:customer::bigint is null or (c.entity_type = 'customer' and c.internal_id = :customer::bigint))
  and (:kind::text is null or c.kind = :kind::text)
  and (:field::text is null or c.field = :field::text)
  and (:reversed::boolean is null or (c.reversed_at is not null) = :reversed::boolean)
order by c.id desc
limit :limit`;

const insertSql = `
insert into sync_conflicts (id, mapping_id, entity_type, internal_id, kind, field, base, ours, theirs, ours_from, theirs_from,
                            rule, winner, note, intent_id, event_id, dedupe_key, created_at)
select :id::uuid, :mappingId, :entityType, :internalId, :kind, :field, :base::jsonb, :ours::jsonb, :theirs::jsonb,
       case when :oursAt::bigint is not null then ${originSql({
         key: `:entityType::text || ':' || :internalId::bigint`,
         data: `:entityType::text || '_data'`,
         field: ':field::text',
         version: ':oursAt::bigint',
       })} end,
       :theirsFrom, :rule, :winner, :note, :intentId::uuid, :eventId::uuid, :dedupeKey, :createdAt::timestamptz
on conflict (dedupe_key) do nothing`;

export async function insertConflicts(tx: Tx, conflicts: ConflictRow[]): Promise<void> {
  for (const conflict of conflicts) {
    await tx.raw(insertSql, {
      ...conflict,
      oursAt: conflict.oursAt ?? null,
      theirsFrom: conflict.theirsFrom ?? null,
      base: JSON.stringify(conflict.base ?? null),
      ours: JSON.stringify(conflict.ours ?? null),
      theirs: JSON.stringify(conflict.theirs ?? null),
    });
  }
}

/** A page of conflicts, newest first. */
export async function listConflicts(db: Db, filter: ConflictFilter): Promise<StoredConflict[]> {
  const { limit, after = null, customer = null, kind = null, field = null, reversed = null } = filter;
  const { rows } = await db.raw<{ rows: StoredConflict[] }>(listSql, {
    limit,
    after,
    customer,
    kind,
    field,
    reversed,
  });
  return rows;
}

export async function readConflict(db: Db | Tx, id: string): Promise<StoredConflict | null> {
  const { rows } = await db.raw<{ rows: StoredConflict[] }>(`select ${columns} where c.id = :id`, { id });
  return rows[0] ?? null;
}

/**
 * The conflict, locked against another call that would reverse it too; its mapping must be locked
 * before.
 */
export async function lockConflict(tx: Tx, id: string): Promise<StoredConflict | null> {
  const { rows } = await tx.raw<{ rows: StoredConflict[] }>(
    `select ${columns} where c.id = :id for update of c`,
    {
      id,
    },
  );
  return rows[0] ?? null;
}

/** Stores the result of an operator's request to reverse a conflict. */
export async function noteConflict(
  tx: Tx,
  noted: { id: string; note: 'reversed' | 'overtaken'; reversedAt: Date | null },
): Promise<void> {
  await tx.raw(
    `update sync_conflicts set note = :note, reversed_at = :reversedAt::timestamptz where id = :id`,
    noted,
  );
}

/** Conflicts of a customer that are not reversed. */
export async function countUnreversed(db: Db, customer: number): Promise<number> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `select count(*) from sync_conflicts
     where entity_type = 'customer' and internal_id = :customer and reversed_at is null`,
    { customer },
  );
  return rows[0]?.count ?? 0;
}
