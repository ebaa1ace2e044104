// Verified inbound events as they come in, by webhooks and by the sweep: each is stored once, or refused.
import type { Db } from './server/connection.ts';
import { runPrepared } from './server/prepared.ts';
import { writeNumbered } from './sequences/taken-numbers.ts';

export type IncomingEvent = {
  /** Derived from the system's own id, so the same event always has the same id. */
  eventId: string;
  eventType: string;
  entityType: string;
  externalType: string;
  externalId: string | null;
  /** null if the event names no account: it belongs to the account of the endpoint. */
  account: string | null;
  livemode: boolean | null;
  /** The record has an owner tag of another installation, and none of ours. */
  foreignTag: boolean;
  /** The partition for the event is dropped, or will be soon. */
  tooOld: boolean;
  payload: Record<string, unknown>;
  context: Record<string, unknown>;
};

export type StoreVerdict =
  | 'stored'
  | 'known'
  /** No account is bound yet: the account that this event belongs to cannot be checked. */
  | 'unbound'
  | 'other_account'
  | 'other_livemode'
  | 'other_environment'
  | 'too_old';

// One statement, so one round trip: a refused event draws no id. An event of another environment is
// about a record that has the owner tag of that environment and no mapping of ours. The ids of the events are
// taken in their order, so that two statements with the same events wait for each other and never both ways.
const storeSql = `
with bound as (
  select account, livemode from connections where system = :system and account is not null
), incoming as materialized (
  select e.*, case
    when not exists (select from bound) then 'unbound'
    when e.account is not null and e.account <> (select account from bound) then 'other_account'
    when e.livemode is distinct from (select livemode from bound) then 'other_livemode'
    when e."foreignTag" and not exists (
      select from external_mappings m where m.system = :system and m.account = (select account from bound)
        and m.external_type = e."externalType" and m.external_id = e."externalId") then 'other_environment'
    when e."tooOld" then 'too_old'
  end as refusal
  from jsonb_to_recordset(:events::jsonb) as e(n integer, "eventId" uuid, "eventType" text, "entityType" text, "externalType" text,
    "externalId" text, account text, livemode boolean, "foreignTag" boolean, "tooOld" boolean, payload jsonb, context jsonb)
), once as materialized (
  select distinct on ("eventId") * from incoming where refusal is null order by "eventId", n
), first as (
  insert into inbound_event_ids (event_id, sync_event_id)
  select "eventId", next_sync_event_id() from (select "eventId" from once order by "eventId") sorted
  on conflict do nothing
  returning event_id, sync_event_id
), stored as (
  insert into sync_events (id, event_id, event_type, entity_type, entity_key, source, payload, context, created_at)
  select f.sync_event_id, f.event_id, e."eventType", e."entityType",
         :system || ':' || (select account from bound) || ':' || coalesce(e."externalId", ''), :system,
         jsonb_set(e.payload, '{external,account}', to_jsonb((select account from bound))), e.context, :now::timestamptz
  from first f join once e on e."eventId" = f.event_id
  returning event_id
)
select coalesce(i.refusal, case when o.n is not null and s.event_id is not null then 'stored' else 'known' end) as verdict
from incoming i left join once o using (n) left join stored s on s.event_id = i."eventId"
order by i.n`;

/** Stores verified events of one system, each once. When this resolves, all of them are durable. */
export async function storeInboundEvents(
  db: Db,
  { system, now }: { system: string; now: Date },
  events: readonly IncomingEvent[],
): Promise<StoreVerdict[]> {
  const numbered = JSON.stringify(events.map((event, n) => ({ n, ...event })));
  const { rows } = await writeNumbered(db, (at) =>
    runPrepared<{ rows: { verdict: StoreVerdict }[] }>(at, storeSql, { system, now, events: numbered }),
  );
  return rows.map(({ verdict }) => verdict);
}
