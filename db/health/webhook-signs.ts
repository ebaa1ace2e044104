// When a system's webhooks were last accepted, and how many were refused for their signature:
// times, counts and a code, never a body.
import type { Db } from '../server/connection.ts';

export type WebhookSigns = {
  /** Deliveries with a good signature. */
  taken: number;
  takenAt: Date | null;
  /** Deliveries whose signature was refused since `refusedSince`. */
  refused: number;
  refusedSince: Date | null;
  refusedAt: Date | null;
  /** The reason of the last refusal. */
  refusedReason: string | null;
};

const columns = `taken, taken_at as "takenAt", refused, refused_since as "refusedSince", refused_at as "refusedAt", refused_reason as "refusedReason"`;

/** Null until the first delivery. */
export async function readWebhookSigns(db: Db, system: string): Promise<WebhookSigns | null> {
  const { rows } = await db.raw<{ rows: WebhookSigns[] }>(
    `select ${columns} from webhook_signs where system = :system`,
    { system },
  );
  return rows[0] ?? null;
}

// After a day without a refusal the next one begins a new count: it has another cause.
const addSql = `
insert into webhook_signs as s (system, taken, taken_at, refused, refused_since, refused_at, refused_reason)
values (:system, :taken, :takenAt::timestamptz, :refused, :refusedFrom::timestamptz, :refusedAt::timestamptz, :reason)
on conflict (system) do update set
  taken = s.taken + excluded.taken, taken_at = greatest(s.taken_at, excluded.taken_at),
  refused = case when excluded.refused = 0 then s.refused
                 when s.refused_at < excluded.refused_since - interval '1 day' then excluded.refused
                 else s.refused + excluded.refused end,
  refused_since = case when excluded.refused = 0 then s.refused_since
                       when s.refused_at < excluded.refused_since - interval '1 day' then excluded.refused_since
                       else coalesce(s.refused_since, excluded.refused_since) end,
  refused_at = greatest(s.refused_at, excluded.refused_at), refused_reason = coalesce(excluded.refused_reason, s.refused_reason)
returning ${columns}`;

/** What one process has counted since it last stored its counts. */
export type Counted = {
  taken: number;
  takenAt: Date | null;
  refused: number;
  refusedFrom: Date | null;
  refusedAt: Date | null;
  reason: string | null;
};

/** Adds to the counts of all processes, and returns the sums. */
export async function addWebhookSigns(db: Db, system: string, counted: Counted): Promise<WebhookSigns> {
  const { rows } = await db.raw<{ rows: WebhookSigns[] }>(addSql, { system, ...counted });
  if (!rows[0]) throw new Error('addWebhookSigns: PostgreSQL returned no row for an upsert');
  return rows[0];
}
