// Facts about a pair that no step is decided from: since when it is in its state, and which worker
// has its lease. And the pairs of a customer.
import type { Db } from '../server/connection.ts';

export type PairStanding = {
  id: number;
  fence: number;
  /** When the pair last changed. */
  since: Date;
  /** The worker that has it in hand; null where none has. */
  leaseOwner: string | null;
  leaseUntil: Date | null;
};

const standingSql = `
select id, fence, updated_at as since,
       case when lease_until > clock_timestamp() then lease_owner end as "leaseOwner",
       case when lease_until > clock_timestamp() then lease_until end as "leaseUntil"
from external_mappings where id = :id`;

export async function readStanding(db: Db, id: number): Promise<PairStanding | null> {
  const { rows } = await db.raw<{ rows: PairStanding[] }>(standingSql, { id });
  return rows[0] ?? null;
}

// A record that waits for consent to be linked with the customer belongs to no row yet, and names
// the row in its reason.
const pairsSql = `
select id from external_mappings
where (:system::text is null or system = :system::text)
  and ((entity_type = :entity and internal_id = :row)
       or (internal_id is null and entity_type = :entity and state = 'waiting' and reason = 'ask_link'
           and reason_detail -> 'customer' = to_jsonb(:row::bigint)))
order by system, state in ('detached', 'tombstoned'), role <> 'primary', internal_id is null, id`;

/** The mappings of a row, the pair that it lives by first; ended ones and second records behind it. */
export async function findPairsOf(
  db: Db,
  about: { entity: string; row: number; system: string | null },
): Promise<number[]> {
  const { rows } = await db.raw<{ rows: { id: number }[] }>(pairsSql, about);
  return rows.map(({ id }) => id);
}

const recordsSql = `
select id from external_mappings
where external_id = :externalId and (:system::text is null or system = :system::text)
order by system, account, id`;

/** The mappings of an external record: one for each account that has known it. */
export async function findPairsOfRecord(
  db: Db,
  { externalId, system }: { externalId: string; system: string | null },
): Promise<number[]> {
  const { rows } = await db.raw<{ rows: { id: number }[] }>(recordsSql, { externalId, system });
  return rows.map(({ id }) => id);
}
