import type { Db, Tx } from '../../db/server/connection.ts';

/**
 * How many rows a piece of work reads, by table: those of a scan of a whole table, and those
 * fetched by an index. It runs in one transaction, which is rolled back.
 */
export async function rowsRead(
  db: Db,
  work: (tx: Tx) => Promise<unknown>,
): Promise<{ scanned: Record<string, number>; fetched: Record<string, number> }> {
  const tx = await db.transaction();
  try {
    // The connection's counters may still hold earlier counts.
    const before = await counters(tx);
    await work(tx);
    const after = await counters(tx);
    const since = (column: 'scanned' | 'fetched'): Record<string, number> => {
      const counts = after.map((row): [string, number] => {
        const old = before.find(({ name }) => name === row.name);
        return [row.name, row[column] - (old?.[column] ?? 0)];
      });
      return Object.fromEntries(counts.filter(([, count]) => count > 0));
    };
    return { scanned: since('scanned'), fetched: since('fetched') };
  } finally {
    await tx.rollback();
  }
}

async function counters(tx: Tx): Promise<{ name: string; scanned: number; fetched: number }[]> {
  const { rows } = await tx.raw<{ rows: { name: string; scanned: number; fetched: number }[] }>(
    `select regexp_replace(relname, '_(default|p?[0-9].*)$', '') as name, sum(seq_tup_read)::bigint as scanned,
            sum(coalesce(idx_tup_fetch, 0))::bigint as fetched
     from pg_stat_xact_user_tables group by 1 order by 1`,
  );
  return rows;
}
