// What people ask about the whole installation: which relay publishes, how many pairs wait for
// which reason, how long an answer took.
import { isClosedSql } from '../mappings/closed-pairs.ts';
import { isOfInterestSql } from '../mappings/left-out.ts';
import type { Db } from '../server/connection.ts';

export type Holder = { name: string; owner: string; until: Date };

/**
 * Which processes hold a lease now: a relay that is alive, wherever it runs. A lease that lasts for ever is held by
 * none (db/relay/shards.ts).
 */
export async function readHolders(db: Db): Promise<Holder[]> {
  const { rows } = await db.raw<{ rows: Holder[] }>(
    `select name, owner, until from leases where until > clock_timestamp() and until < 'infinity' order by name`,
  );
  return rows;
}

export type ReasonCount = {
  system: string;
  state: 'parked' | 'waiting';
  reason: string;
  /** The rule of the table customers that refuses the row, if that is the reason. */
  rule: string | null;
  count: number;
  /** The first failure of these pairs; of one without a failure, when it got into its state. */
  since: Date;
};

/** The reason, with the rule of the table if there is one. */
export function sayReason({ reason, rule }: ReasonCount): string {
  return rule === null ? reason : `${reason}: ${rule}`;
}

/**
 * Parked and waiting mappings by their reason, most first; without those that rest by a condition, and those that
 * a person has closed.
 */
export async function countReasons(db: Db): Promise<ReasonCount[]> {
  const { rows } = await db.raw<{ rows: ReasonCount[] }>(
    `select system, state, coalesce(reason, 'unknown') as reason,
            case when reason in ('row_refused', 'row_swallowed') then reason_detail ->> 'rule' end as rule, count(*) as count,
            min(coalesce(first_failed_at, updated_at)) as since
     from external_mappings m where state in ('parked', 'waiting') and ${isOfInterestSql('m')} and not ${isClosedSql('m')}
     group by 1, 2, 3, 4 order by count desc, 1, 2, 3, 4`,
  );
  return rows;
}

export type SystemCounts = {
  system: string;
  linked: number;
  /** Pairs that are not ended (detached, replaced, or deleted on both sides), and that a system is to have. */
  mappings: number;
  ended: number;
  /** Second records of customers, which are not pairs of their own. */
  aliases: number;
  dirty: number;
};

export async function countMappings(db: Db): Promise<SystemCounts[]> {
  const { rows } = await db.raw<{ rows: SystemCounts[] }>(
    `select system, count(*) filter (where state = 'linked') as linked,
            count(*) filter (where state not in ('detached', 'tombstoned', 'alias') and ${isOfInterestSql('external_mappings')}) as mappings,
            count(*) filter (where state in ('detached', 'tombstoned')) as ended, count(*) filter (where state = 'alias') as aliases,
            count(*) filter (where dirty <> clean) as dirty
     from external_mappings group by 1 order by 1`,
  );
  return rows;
}

export type ConflictCounts = { lastDay: number; all: number; reversed: number };

/** Conflicts. `sinceId` is the least id of a day ago: ids of conflicts begin with their time. */
export async function countConflicts(db: Db, sinceId: string): Promise<ConflictCounts> {
  const { rows } = await db.raw<{ rows: ConflictCounts[] }>(
    `select count(*) as all, count(*) filter (where reversed_at is not null) as reversed, count(*) filter (where id >= :sinceId::uuid) as "lastDay"
     from sync_conflicts`,
    { sinceId },
  );
  return rows[0] ?? { lastDay: 0, all: 0, reversed: 0 };
}

export async function countLivingCustomers(db: Db): Promise<number> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `select count(*) from entity_rows() where deleted_at is null`,
  );
  return rows[0]?.count ?? 0;
}

/** `callMs` is the time of the call itself, which is part of `ms`. */
export type AnswerTime = { eventId: string; eventType: string; ms: number; callMs: number };

/**
 * For each event of our own that a write carried to a system: the time from its writing, which is a
 * little before its commit, until the system's answer to the call that succeeded. Events after
 * `after`, in the order of writing.
 */
export async function readAnswerTimes(
  db: Db,
  { system, after = 0 }: { system: string; after?: number },
): Promise<AnswerTime[]> {
  const { rows } = await db.raw<{ rows: AnswerTime[] }>(
    `select e.event_id as "eventId", e.event_type as "eventType",
            (extract(epoch from answered.created_at - e.created_at) * 1000)::float8 as ms, answered.latency_ms as "callMs"
     from sync_events e
     join sync_deliveries d on d.event_id = e.event_id and d.target = :system and d.status = 'applied'
     join lateral (
       select a.created_at, a.latency_ms from sync_attempts a
       where a.intent_id = d.intent_id and a.status between 200 and 299 order by a.id desc limit 1) answered on true
     where e.id > :after
     order by e.id`,
    { system, after },
  );
  return rows;
}

export async function readLastEventId(db: Db): Promise<number> {
  const { rows } = await db.raw<{ rows: { id: number | null }[] }>(`select max(id) as id from sync_events`);
  return rows[0]?.id ?? 0;
}
