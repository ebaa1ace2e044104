// A database with much in it, for bench/lists.ts: made by SQL, as the engine would have left it.
import type { Db } from '../db/server/connection.ts';

export type Size = { events: number; customers: number; now: Date; days: number };

const rowsSql = `
insert into customers (id, name, email, version, created_event_id, last_event_id, created_at, updated_at) overriding system value
select i, 'Customer ' || i, 'c' || i || '@example.com', 1, new_event_id(now()), i, :now::timestamptz - interval '60 days', :now::timestamptz
from generate_series(1, :customers::integer) i`;

// One pair of twenty is parked, for one of three reasons; one of a hundred waits.
const pairsSql = `
insert into external_mappings (id, internal_id, system, account, external_id, state, reason, reason_detail, dirty, clean, updated_at) overriding system value
select i, i, 'stripe', 'acct_1', 'cus_' || i, case when i % 20 = 0 then 'parked' when i % 100 = 1 then 'waiting' else 'linked' end,
  case when i % 20 = 0 then case i % 3 when 0 then 'email_invalid' when 1 then 'parameter_invalid' else 'loop' end when i % 100 = 1 then 'not_linked' end,
  case when i % 20 = 0 then '{"kind": "permanent", "request_id": "req_1"}'::jsonb end, 1, 1, :now::timestamptz - i * interval '1 second'
from generate_series(1, :customers::integer) i`;

// Of ten events six are changes of ours and four are events of the system; one of 200 deliveries is parked. Of the
// events of ours, 2,000 are of customer 1.
const eventsSql = `
insert into sync_events (id, event_id, event_type, entity_type, entity_id, entity_key, version, source, payload, created_at)
select i, new_event_id(at), case when own then case when i % 5000 = 1 then 'customer.deleted' else 'customer.updated' end else 'stripe.customer.updated' end,
  'customer', case when own then c end, case when own then 'customer:' || c else 'stripe:acct_1:cus_' || c end, case when own then i end,
  case when own then 'internal' else 'stripe' end, '{"name": "Ada"}', at
from (select i, i % 10 < 6 as own, case when i % (:events::integer / 2000) = 0 then 1 else 1 + i * 7 % :customers::integer end as c,
        :now::timestamptz - (:events::integer - i) * (:days::integer * interval '1 day' / :events::integer) as at
      from generate_series(1, :events::integer) i) x`;

const deliveriesSql = `
insert into sync_deliveries (event_id, target, sync_event_id, mapping_id, event_type, version, status, intent_id, last_error, attempts, created_at, settled_at)
select event_id, case source when 'internal' then 'stripe' else 'internal' end, id, split_part(replace(entity_key, 'stripe:acct_1:cus_', 'customer:'), ':', 2)::bigint,
  event_type, version, case when id % 200 = 1 then 'parked' when source <> 'internal' then 'echo' when id % 7 = 0 then 'superseded' else 'applied' end,
  case when source = 'internal' then new_event_id(created_at) end,
  case when id % 200 = 1 then jsonb_build_object('code', case id % 3 when 0 then 'email_invalid' when 1 then 'parameter_invalid' else 'loop' end) end,
  1, created_at, created_at + interval '1 second'
from sync_events`;

const intentsSql = `
insert into sync_intents (id, mapping_id, number, operation, key, body, fields, version, first_sent_at, last_sent_at, closed_at, result, external_id, request_id)
select intent_id, mapping_id, sync_event_id, 'update', 'tb1:x:' || sync_event_id, '{}', '{}', version, created_at, created_at, settled_at, 'done',
  'cus_' || mapping_id, 'req_' || sync_event_id
from sync_deliveries where intent_id is not null`;

const attemptsSql = `
insert into sync_attempts (id, mapping_id, intent_id, operation, key, request_id, status, latency_ms, created_at)
select new_event_id(settled_at), mapping_id, intent_id, 'update', 'tb1:x:' || sync_event_id, 'req_' || sync_event_id, 200, 100, settled_at
from sync_deliveries where intent_id is not null`;

const batchesSql = `
insert into relay_batches (topic, partition, first_offset, first_id, last_id, count, ids, fence, saved_at)
select 'customer.events', b % 6, b * 100, b * 100 + 1, b * 100 + 100, 100, (select array_agg(i) from generate_series(b * 100 + 1, b * 100 + 100) i), 1, :now::timestamptz
from generate_series(0, :events::integer / 100 - 1) b`;

// 100,000 entries, nearly all of one kind, with the pairs that they were about; the rare ones are the oldest.
const auditSql = `
insert into operator_actions (id, action, system, actor, reason, at, pair_count, pairs_hash, previous, hash) overriding system value
select i, case when i < 20 then 'revoke_key' else 'replay' end, case when i < 20 then 'other' else 'stripe' end,
  case when i < 20 then 'cli:ada on host' else 'key:back office/0123456789ab' end, 'a reason',
  :now::timestamptz - (100000 - i) * (:days::integer * interval '1 day' / 100000), 5, repeat('0', 64), repeat('0', 64), repeat('0', 64)
from generate_series(1, 100000) i;`;

const auditPairsSql = `
insert into operator_action_pairs (action_id, mapping_id)
select i, 1 + (i * 5 + n) * 13 % :customers::integer from generate_series(1, 100000) i, generate_series(1, 5) n`;

const refusalsSql = `
insert into inbound_refusals (system, external_event_id, reason, created_at)
select 'stripe', 'evt_' || i, case when i < 20 then 'account_mismatch' else 'invalid_signature' end,
  :now::timestamptz - (300000 - i) * (:days::integer * interval '1 day' / 300000)
from generate_series(1, 300000) i`;

const TABLES =
  'customers, external_mappings, sync_events, sync_deliveries, sync_intents, sync_attempts, relay_batches, operator_actions, operator_action_pairs, inbound_refusals';

export async function fillLists(db: Db, { events, customers, now, days }: Size): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.raw('set local session_replication_role = replica');
    for (const sql of [
      ...[rowsSql, pairsSql, eventsSql, deliveriesSql, intentsSql, attemptsSql, batchesSql],
      ...[auditSql, auditPairsSql, refusalsSql],
    ])
      await tx.raw(sql, { events, customers, now, days });
  });
  await db.raw(
    `insert into walk_positions (name, position) values ('receive-gap:stripe', :events), ('receive-gap:stripe:internal', :events)`,
    { events },
  );
  await db.raw(
    `insert into relay_cursor (seen, win, last_id, floor, system_identifier, timeline, address_hash, generation, xid)
     select pg_current_snapshot(), pg_current_snapshot(), :events, :events, 1, 1, '', relay_cursor_generation(), pg_current_xact_id()`,
    { events },
  );
  // As autovacuum leaves a database that has been in use for a while.
  await db.raw(`vacuum analyze ${TABLES}`);
}

/** As if the relay, and with it the workers, had stopped before the last events. */
export async function relayBehind(
  db: Db,
  { events, behind }: { events: number; behind: number },
): Promise<void> {
  const at = events - behind;
  await db.raw(`delete from sync_deliveries where sync_event_id > :at`, { at });
  await db.raw(`update walk_positions set position = :at where name like 'receive-gap:%'`, { at });
  await db.raw(`update relay_cursor set seen = '1:1:'::pg_snapshot, win = null, last_id = 0, floor = :at`, {
    at,
  });
  await db.raw('vacuum analyze sync_deliveries');
}
