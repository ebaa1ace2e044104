// Inbound events: stored once, refused with a reason, and received at the mapping that they are
// about.
import type { Target } from './deliveries.ts';
import { isRecordChangeSql } from './events/kinds.ts';
import { hasEndedSql } from './mappings/state.ts';
import type { Db, Tx } from './server/connection.ts';
import { writeNumbered } from './sequences/taken-numbers.ts';
import { raisedUrgency, urgencies, type Urgency } from './urgency.ts';

/** Stores an id and a reason, never a body. */
export async function insertRefusal(
  db: Db | Tx,
  refusal: {
    system: string;
    externalEventId: string | null;
    reason: string;
    detail: string | null;
    now: Date;
  },
): Promise<void> {
  await writeNumbered(db, (at) =>
    at.raw(
      `insert into inbound_refusals (system, external_event_id, reason, detail, created_at)
       values (:system, :externalEventId, :reason, :detail, :now::timestamptz)`,
      refusal,
    ),
  );
}

/**
 * An event that is too old to store still raises its pair: a mapping is found or made, and has to
 * read.
 */
export async function askForRead(
  db: Db,
  about: Target & { externalId: string; now: Date; urgency?: Urgency },
): Promise<void> {
  await writeNumbered(db, (at) =>
    at.raw(
      `insert into external_mappings as m (system, account, entity_type, external_type, external_id, dirty, must_read, urgency, next_attempt_at)
       select :system, c.account, :entityType, :externalType, :externalId, 1, true, :urgency, :now::timestamptz
       from connections c where c.system = :system and c.account is not null
       on conflict (system, account, external_type, external_id) where external_id is not null
       do update set dirty = m.dirty + 1, must_read = true, urgency = ${raisedUrgency('excluded.urgency')}, updated_at = now()`,
      { ...about, urgency: about.urgency ?? urgencies.edit },
    ),
  );
}

/**
 * The part of an inbound event that a decision uses; it is stored with the delivery. The fields
 * have the system's names.
 */
export type ReceivedEvent = {
  externalId: string;
  kind: 'created' | 'updated' | 'deleted' | 'merged';
  /** Of `merged`: the record that it is a part of now, as far as the event says. */
  into?: string;
  /** By the system's clock, ISO 8601. */
  created: string | null;
  requestId: string | null;
  key: string | null;
  /** null if the event has no values (a thin event), or if they cannot be read. */
  after: Record<string, string | null> | null;
  previous: Record<string, string | null> | null;
  unreadable: string[];
};

/** An inbound event, ready to be received. */
export type ExternalEvent = {
  eventId: string;
  syncEventId: number | null;
  eventType: string;
  entityType: string;
  account: string;
  externalId: string;
  /**
   * The idempotency key of the request that caused it, and our intent's id if the request was ours.
   */
  key: string | null;
  intentId: string | null;
  /** The event id in our owner tag on the record: the creation of a row. */
  ownerTag: string | null;
  inbound: ReceivedEvent;
};

// By external id, else by our idempotency key, else by our owner tag. Key and owner tag only lead
// to a mapping that has no other record and has not ended: a person can copy an owner tag.
const resolveSql = `
select e.event_id, coalesce(
  (select m.id from external_mappings m
   where m.system = :system and m.account = e.account and m.external_type = :externalType and m.external_id = e.external_id),
  (select m.id from external_mappings m
   where m.intent ->> 'key' = e.key and m.intent is not null and m.system = :system and m.account = e.account
     and m.external_type = :externalType and m.external_id is null),
  (select m.id from sync_intents i join external_mappings m on m.id = i.mapping_id
   where i.id = e.intent_id and m.system = :system and m.account = e.account and m.external_id is null and m.state <> 'tombstoned'),
  (select m.id from entity_rows() c join external_mappings m on m.entity_type = c.entity_type and m.internal_id = c.id
   where c.created_event_id = e.owner_tag and m.system = :system and m.account = e.account and m.external_type = :externalType
     and m.role = 'primary' and m.external_id is null and not ${hasEndedSql('m')})
) as mapping_id
from jsonb_to_recordset(:events::jsonb) as e(event_id uuid, account text, external_id text, key text, intent_id uuid, owner_tag uuid)`;

// The conflict target is named: an id that is taken, because the sequence was set back, must not be
// mistaken for a record that is known.
const makeSql = `
insert into external_mappings (system, account, entity_type, external_type, external_id)
select distinct :system, e.account, :entityType, :externalType, e.external_id
from jsonb_to_recordset(:events::jsonb) as e(account text, external_id text)
order by 5
on conflict (system, account, external_type, external_id) where external_id is not null do nothing`;

const insertSql = `
insert into sync_deliveries (event_id, target, sync_event_id, mapping_id, event_type, inbound, created_at)
select e.event_id, 'internal', coalesce(e.sync_event_id, (select s.id from sync_events s where s.event_id = e.event_id limit 1), 0),
       e.mapping_id, e.event_type, e.inbound, :now::timestamptz
from jsonb_to_recordset(:events::jsonb) as e(event_id uuid, sync_event_id bigint, mapping_id bigint, event_type text, inbound jsonb)
on conflict (event_id, target) do nothing
returning event_id, mapping_id`;

const notReceivedSql = `
select e.id as "syncEventId", e.event_id, e.event_type, e.entity_type as "entityType", e.payload -> 'external' as external
from sync_events e
where e.id > :after and e.id <= :upTo and e.source = :system
  and ${isRecordChangeSql('e', ':system')} and (:entityTypes::text[] is null or e.entity_type = any(:entityTypes::text[]))
  and not exists (select from sync_deliveries d where d.event_id = e.event_id and d.target = 'internal')
order by e.id limit :limit`;

export type NotReceivedEvent = {
  syncEventId: number;
  event_id: string;
  event_type: string;
  entityType: string;
  /** As it was stored; the caller checks it. */
  external: unknown;
};

/** Inbound events of a range of ids that have no delivery: events that the bus lost. */
export async function findNotReceived(
  db: Db,
  range: { system: string; entityTypes?: string[]; after: number; upTo: number; limit: number },
): Promise<NotReceivedEvent[]> {
  const { rows } = await db.raw<{ rows: NotReceivedEvent[] }>(notReceivedSql, {
    entityTypes: null,
    ...range,
  });
  return rows;
}

const raiseSql = `
update external_mappings m
set dirty = dirty + r.more,
    next_attempt_at = case when m.dirty = m.clean then least(greatest(m.next_attempt_at, :now::timestamptz), :now::timestamptz)
                           else m.next_attempt_at end,
    urgency = ${raisedUrgency(
      `case when ${hasEndedSql('m')} then ${urgencies.echo}::smallint else r.urgency end`,
    )},
    updated_at = now()
from (select mapping_id, count(*) as more, min(urgency) as urgency
      from jsonb_to_recordset(:made::jsonb) as x(mapping_id bigint, urgency smallint) group by mapping_id) r
where m.id = r.mapping_id`;

/**
 * An event with an idempotency key of ours is an echo; a record that is new is as urgent as a new
 * row.
 */
function urgencyOf({ intentId, inbound }: ExternalEvent): Urgency {
  if (intentId !== null) return urgencies.echo;
  return inbound.kind === 'created' ? urgencies.row : urgencies.edit;
}

/**
 * Stores inbound events as deliveries of the mappings that they are about, and raises those; an
 * unmatched record gets a mapping without a customer. A known event changes nothing. Returns how
 * many were new; null if a mapping was absorbed meanwhile, because its record belonged to another
 * mapping: the caller then repeats the call.
 */
export async function receiveExternalEvents(
  tx: Tx,
  events: ExternalEvent[],
  target: Target & { now: Date },
): Promise<number | null> {
  const rows = events.map((e) => ({
    event_id: e.eventId,
    sync_event_id: e.syncEventId,
    event_type: e.eventType,
    account: e.account,
    external_id: e.externalId,
    key: e.key,
    intent_id: e.intentId,
    owner_tag: e.ownerTag,
    inbound: e.inbound,
  }));
  const { system, entityType, externalType, now } = target;
  const resolve = async (): Promise<Map<string, number | null>> => {
    const { rows: found } = await tx.raw<{ rows: { event_id: string; mapping_id: number | null }[] }>(
      resolveSql,
      {
        events: JSON.stringify(rows),
        system,
        externalType,
      },
    );
    return new Map(found.map((row) => [row.event_id, row.mapping_id]));
  };
  let known = await resolve();
  const unmatched = rows.filter((row) => (known.get(row.event_id) ?? null) === null);
  if (unmatched.length > 0) {
    await tx.raw(makeSql, { events: JSON.stringify(unmatched), system, entityType, externalType });
    known = await resolve();
  }
  const ids = [...new Set(known.values())];
  if (ids.includes(null)) return null;
  const { rows: locked } = await tx.raw<{ rows: { id: number }[] }>(
    `select id from external_mappings where id = any(:ids) order by id for update`,
    { ids },
  );
  if (locked.length < ids.length) return null;
  const placed = rows.map((row) => ({ ...row, mapping_id: known.get(row.event_id) }));
  const { rows: made } = await tx.raw<{ rows: { event_id: string; mapping_id: number }[] }>(insertSql, {
    events: JSON.stringify(placed),
    now,
  });
  const urgencyById = new Map(events.map((event) => [event.eventId, urgencyOf(event)]));
  const raised = made.map((row) => ({ ...row, urgency: urgencyById.get(row.event_id) }));
  if (made.length > 0) await tx.raw(raiseSql, { made: JSON.stringify(raised), now });
  return made.length;
}
