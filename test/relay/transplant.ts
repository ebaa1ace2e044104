import type { Db } from '../../db/server/connection.ts';

/** As if the rows and the cursor had come from another cluster, whose transaction ids were far ahead. */
export async function transplant(db: Db, xidsAhead: number): Promise<void> {
  await db.raw('alter table sync_events disable trigger sync_events_append_only');
  await db.raw('update sync_events set xid = (xid::text::bigint + :xidsAhead)::text::xid8', { xidsAhead });
  await db.raw('alter table sync_events enable trigger sync_events_append_only');
  await db.raw(
    `update relay_cursor set system_identifier = system_identifier + 1,
       seen = (select string_agg(case when part[1] = '' then part[2] else (part[1]::bigint + :xidsAhead)::text || part[2] end, '' order by n)
               from regexp_matches(seen::text, '(\\d*)([:,]|$)', 'g') with ordinality p(part, n))::pg_snapshot`,
    { xidsAhead },
  );
}
