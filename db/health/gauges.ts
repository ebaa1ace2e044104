// Figures for metrics that no other report has: each reads little, for it is asked every few seconds.
import type { Db } from '../server/connection.ts';
import { groupPairsSql } from '../mappings/error-groups.ts';
import { isOfInterestSql } from '../mappings/left-out.ts';

export type SystemGauges = {
  system: string;
  parked: number;
  waiting: number;
  errorGroups: number;
  /** Null until a worker has taken a token. */
  tokens: number | null;
  share: number | null;
  circuit: 'closed' | 'half_open' | 'open';
  /** When the system's list of events was last read, if that went well; null if it never was. */
  sweptAt: Date | null;
  /** A stretch of events is lost, and its pairs are not compared yet. */
  isLost: boolean;
  found: number;
};

const systemsSql = `
select c.system, coalesce(m.parked, 0) as parked, coalesce(m.waiting, 0) as waiting, coalesce(g.groups, 0) as "errorGroups",
  b.tokens, case when b.slowed_at is null then b.share
    else least(1, b.share + extract(epoch from clock_timestamp() - b.slowed_at) / 60)::float8 end as share,
  case when k.system is null then 'closed' when k.opened_at is null then 'half_open' else 'open' end as circuit,
  case when s.problem is null then s.tried_at else s.swept_to end as "sweptAt", s.lost_to is not null as "isLost",
  coalesce(s.found_events, 0) as found
from connections c
left join (
  select system, count(*) filter (where state = 'parked')::integer as parked, count(*) filter (where state = 'waiting')::integer as waiting
  from external_mappings where state in ('parked', 'waiting') and ${isOfInterestSql('external_mappings')} group by system) m using (system)
left join (
  select p.system, count(distinct (p.class, p.code, p.field))::integer as groups
  from (${groupPairsSql('null', false)}) p group by p.system) g using (system)
left join rate_buckets b on b.system = c.system and b.account = c.account and b.endpoint = ''
left join breakers k on k.system = c.system and k.account = c.account
left join sweeps s on s.system = c.system and s.account = c.account
where c.system = any(:systems::text[])`;

export async function readSystemGauges(db: Db, systems: readonly string[]): Promise<SystemGauges[]> {
  const { rows } = await db.raw<{ rows: SystemGauges[] }>(systemsSql, { systems: [...systems] });
  return rows;
}

export type WholeGauges = {
  now: Date;
  /** Seconds. Without pg_read_all_stats the transactions of other roles are not seen. */
  oldestTransactionS: number;
  replays: { active: number; done: number; failed: number; skipped: number };
  /** Null if none has an end. */
  keyEnds: Date | null;
  credentialEnds: Date | null;
};

const wholeSql = `
select clock_timestamp() as now,
  (select coalesce(max(extract(epoch from clock_timestamp() - xact_start)), 0)::float8 from pg_stat_activity
   where datname = current_database() and pid <> pg_backend_pid() and (backend_xid is not null or backend_xmin is not null)) as "oldestTransactionS",
  (select jsonb_build_object('active', count(*) filter (where state in ('running', 'paused')),
     'done', coalesce(sum(done), 0), 'failed', coalesce(sum(failed), 0), 'skipped', coalesce(sum(skipped), 0)) from replay_jobs) as replays,
  (select min(expires_at) from api_keys where revoked_at is null and replaced_by is null and expires_at > clock_timestamp()) as "keyEnds",
  (select min(reconnect_by) from system_credentials where system = any(:systems::text[])) as "credentialEnds"`;

export async function readWholeGauges(db: Db, systems: readonly string[]): Promise<WholeGauges> {
  const { rows } = await db.raw<{ rows: WholeGauges[] }>(wholeSql, { systems: [...systems] });
  if (!rows[0]) throw new Error('readWholeGauges: PostgreSQL returned no row');
  return rows[0];
}
