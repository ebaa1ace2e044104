// Imports that were sent with a key: how far each came, and which request works on it now.
//
// Guarantees: what is stored of an import is stored by the transaction of a batch (saveRun), and only by the
// request that has the lease: a request that lost it finds another fence and stores nothing, so its batch is
// taken back. The lease runs by the database's clock.
// A crash leaves the run at its last batch, and the lease to run out.
import type { Db, Tx } from './server/connection.ts';

export type StoredRun = {
  fence: number;
  /** In hexadecimal digits. */
  request: string;
  rowsDone: number;
  /** In hexadecimal digits; null before the first batch. */
  digest: string | null;
  counts: Record<string, number>;
  ended: boolean;
};

export type RunClaim = {
  scope: Buffer;
  request: Buffer;
  leaseMs: number;
  now: Date;
  /** Runs that began before it are forgotten. */
  since: Date;
};

const claimSql = `
insert into import_runs as r (scope, request, until, created_at)
values (:scope::bytea, :request::bytea, clock_timestamp() + :leaseMs * interval '1 millisecond', :now::timestamptz)
on conflict (scope) do update set fence = r.fence + 1, until = excluded.until
where r.until <= clock_timestamp()
returning fence, encode(request, 'hex') as request, rows_done, encode(digest, 'hex') as digest, counts, ended`;

/** Null while another request works on this import. */
export async function claimRun(
  db: Db,
  { scope, request, leaseMs, now, since }: RunClaim,
): Promise<StoredRun | null> {
  await db.raw(
    `delete from import_runs where created_at < :since::timestamptz and until < clock_timestamp()`,
    {
      since,
    },
  );
  const { rows } = await db.raw<{ rows: RunRow[] }>(claimSql, { scope, request, leaseMs, now });
  const [row] = rows;
  if (!row) return null;
  const { rows_done, ...rest } = row;
  return { ...rest, rowsDone: rows_done };
}

type RunRow = Omit<StoredRun, 'rowsDone'> & { rows_done: number };

/** False if another request has the run now. */
export async function renewRun(
  db: Db,
  { scope, fence, leaseMs }: { scope: Buffer; fence: number; leaseMs: number },
): Promise<boolean> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `update import_runs set until = clock_timestamp() + :leaseMs * interval '1 millisecond'
     where scope = :scope::bytea and fence = :fence::bigint`,
    { scope, fence, leaseMs },
  );
  return rowCount === 1;
}

/** Stores how far the import came. False if another request has the run now: take the batch back. */
export async function saveRun(
  at: Db | Tx,
  {
    scope,
    fence,
    ...to
  }: { scope: Buffer; fence: number; rowsDone: number; digest: Buffer; counts: object; ended: boolean },
): Promise<boolean> {
  const { rowCount } = await at.raw<{ rowCount: number }>(
    `update import_runs set rows_done = :rowsDone::bigint, digest = :digest::bytea, counts = :counts::jsonb, ended = :ended::boolean
     where scope = :scope::bytea and fence = :fence::bigint`,
    { scope, fence, ...to, counts: JSON.stringify(to.counts) },
  );
  return rowCount === 1;
}

/** The next request need not wait. A run without any row is forgotten: nothing is kept of it. */
export async function releaseRun(db: Db, { scope, fence }: { scope: Buffer; fence: number }): Promise<void> {
  await db.raw(
    `with gone as (
       delete from import_runs where scope = :scope::bytea and fence = :fence::bigint and rows_done = 0 and not ended
     )
     update import_runs set until = clock_timestamp()
     where scope = :scope::bytea and fence = :fence::bigint and (rows_done > 0 or ended)`,
    { scope, fence },
  );
}
