// Token buckets, shared by every worker on this database. Each statement is a transaction of its
// own and locks buckets in one order, by endpoint; it locks nothing else, and no worker holds such
// a lock during a call.
import type { Db } from '../server/connection.ts';
import { runPrepared } from '../server/prepared.ts';

export type Bucket = { system: string; account: string };

export type Want = {
  /** '' is the account as a whole. */
  endpoint: string;
  /** The full rate, in tokens a second. */
  rate: number;
  /** How many tokens may be saved up. */
  burst: number;
  tokens: number;
};

export type Grant = {
  endpoint: string;
  granted: number;
  /** The time until there is one more token. */
  waitMs: number;
};

/** How long a rate takes to grow from zero to the full rate. */
const REGROW_S = 60;
/** Refusals within this time count once. */
const SLOWED_ONCE_S = 1;
const LEAST_SHARE = 0.05;

const shareSql = `least(1, share + coalesce(extract(epoch from at - slowed_at)::float8 / ${REGROW_S}, 1))`;

// The time is read after the rows are locked: a statement that waited for the lock would otherwise
// count time twice.
const takeSql = `
with locked as (
  select b.*, w.rate, w.burst, w.wanted
  from rate_buckets b
  join jsonb_to_recordset(:wants::jsonb) as w(endpoint text, rate float8, burst float8, wanted float8) using (endpoint)
  where b.system = :system and b.account = :account
  order by b.endpoint for update of b
), timed as (
  select *, clock_timestamp() as at from locked
), paced as (
  select *, rate * ${shareSql} as pace from timed
), filled as (
  select *, least(burst, tokens + pace * greatest(0, extract(epoch from at - filled_at)::float8)) as full_to from paced
), granted as (
  select *, greatest(0, least(wanted, floor(full_to))) as given from filled
)
update rate_buckets b set tokens = g.full_to - g.given, filled_at = greatest(b.filled_at, g.at)
from granted g where b.system = g.system and b.account = g.account and b.endpoint = g.endpoint
returning b.endpoint, g.given::integer as granted,
  greatest(0, ceil((1 - b.tokens) / g.pace * 1000))::integer as "waitMs"`;

/**
 * Takes the tokens that each bucket has, at most the wanted number. A bucket that does not exist
 * yet gives none and is missing from the answer.
 */
export async function takeTokens(db: Db, bucket: Bucket, wants: Want[]): Promise<Grant[]> {
  const { rows } = await runPrepared<{ rows: Grant[] }>(db, takeSql, {
    ...bucket,
    wants: JSON.stringify(wants.map(({ tokens, ...want }) => ({ ...want, wanted: tokens }))),
  });
  return rows;
}

/** Creates missing buckets, empty, so that a restart gives no burst. */
export async function ensureBuckets(db: Db, bucket: Bucket, endpoints: string[]): Promise<void> {
  await db.raw(
    `insert into rate_buckets (system, account, endpoint, tokens, filled_at)
     select :system, :account, endpoint, 0, clock_timestamp() from unnest(:endpoints::text[]) as endpoint order by endpoint
     on conflict do nothing`,
    { ...bucket, endpoints },
  );
}

/**
 * Halves the rate of one bucket and empties it; once for refusals that come together. Returns the
 * share that the bucket has now, or null.
 */
export async function slowBucket(db: Db, bucket: Bucket, endpoint: string): Promise<number | null> {
  const { rows } = await db.raw<{ rows: { share: number }[] }>(
    `update rate_buckets b set share = greatest(${LEAST_SHARE}, ${shareSql} / 2), slowed_at = at, tokens = least(tokens, 0), filled_at = at
     from clock_timestamp() as at
     where system = :system and account = :account and endpoint = :endpoint
       and (slowed_at is null or slowed_at < at - interval '${SLOWED_ONCE_S} second')
     returning share`,
    { ...bucket, endpoint },
  );
  return rows[0]?.share ?? null;
}

/** What is left of the rate of an account now, and the share of it that is used; null before its first call. */
export async function readTokens(
  db: Db,
  { rate, burst, ...bucket }: Bucket & { rate: number; burst: number },
): Promise<{ tokens: number; share: number } | null> {
  const { rows } = await db.raw<{ rows: { tokens: number; share: number }[] }>(
    `select least(:burst::float8, tokens + :rate::float8 * ${shareSql} * greatest(0, extract(epoch from at - filled_at)::float8)) as tokens,
       ${shareSql} as share
     from rate_buckets, clock_timestamp() as at where system = :system and account = :account and endpoint = ''`,
    { ...bucket, rate, burst },
  );
  return rows[0] ?? null;
}

/** The buckets that have less than their full rate now, for people. */
export async function readSlowed(db: Db, bucket: Bucket): Promise<{ endpoint: string; share: number }[]> {
  const { rows } = await db.raw<{ rows: { endpoint: string; share: number }[] }>(
    `select endpoint, ${shareSql} as share from rate_buckets, clock_timestamp() as at
     where system = :system and account = :account and ${shareSql} < 1 order by endpoint`,
    { ...bucket },
  );
  return rows;
}
