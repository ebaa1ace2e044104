// Leases: one holder at a time, by the database's clock. The fence rises with every change of the
// holder and never falls.
import type { Db } from './server/connection.ts';

// The select looks first, without a lock, so that many waiting processes do not write to the row of
// a holder that is alive.
const takeSql = `
insert into leases as l (name, owner, until, fence)
select :name, :owner, clock_timestamp() + :lengthMs * interval '1 millisecond', 1
where not exists (select from leases where name = :name and until > clock_timestamp())
on conflict (name) do update set owner = excluded.owner, until = excluded.until, fence = l.fence + 1
where l.until <= clock_timestamp()
returning fence`;

const renewSql = `
update leases set until = clock_timestamp() + :lengthMs * interval '1 millisecond'
where name = :name and owner = :owner and fence = :fence`;

const releaseSql = `
update leases set until = clock_timestamp() where name = :name and owner = :owner and fence = :fence`;

/** The new fence number, or null while another process holds the lease. */
export async function takeLease(
  db: Db,
  lease: { name: string; owner: string; lengthMs: number },
): Promise<number | null> {
  const { rows } = await db.raw<{ rows: { fence: number }[] }>(takeSql, lease);
  return rows[0]?.fence ?? null;
}

/**
 * False if another process has taken the lease. A lease that expired and was not taken is renewed
 * as if it had not expired.
 */
export async function renewLease(
  db: Db,
  lease: { name: string; owner: string; fence: number; lengthMs: number },
): Promise<boolean> {
  const { rowCount } = await db.raw<{ rowCount: number }>(renewSql, lease);
  return rowCount === 1;
}

/** Lets the next process take the lease at once. */
export async function releaseLease(
  db: Db,
  lease: { name: string; owner: string; fence: number },
): Promise<void> {
  await db.raw(releaseSql, lease);
}
