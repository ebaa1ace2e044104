import { withTransaction, type Db } from '../../db/server/connection.ts';
import { toMapping } from '../../db/mappings/mappings.ts';
import { shownMapping, type ShownMapping } from '../../db/mappings/shown.ts';

export type DeliveryRow = {
  eventId: string;
  type: string;
  version: number | null;
  status: string;
  supersededBy: string | null;
  intentId: string | null;
  attempts: number;
  error: { code?: string } | null;
};

/** The deliveries of one customer, oldest event first. */
export async function deliveriesOf(db: Db, customerId: number): Promise<DeliveryRow[]> {
  const { rows } = await db.raw<{ rows: DeliveryRow[] }>(
    `select d.event_id as "eventId", d.event_type as type, d.version, d.status, d.superseded_by as "supersededBy",
            d.intent_id as "intentId", d.attempts, d.last_error as error
     from sync_deliveries d join external_mappings m on m.id = d.mapping_id
     where m.internal_id = :customerId order by d.sync_event_id`,
    { customerId },
  );
  return rows;
}

/** The outcomes of a customer's events, oldest first. */
export async function outcomesOf(db: Db, customerId: number): Promise<string[]> {
  return (await deliveriesOf(db, customerId)).map((delivery) => delivery.status);
}

/** The mapping of one customer; there is one, or the test fails here. */
export async function mappingOf(db: Db, customerId: number): Promise<ShownMapping> {
  const { rows } = await db.raw<{ rows: Parameters<typeof toMapping>[0][] }>(
    `select * from external_mappings where internal_id = :customerId`,
    { customerId },
  );
  if (!rows[0] || rows.length > 1) throw new Error(`${rows.length} mappings of customer ${customerId}`);
  return shownMapping(toMapping(rows[0]));
}

export type IntentRow = {
  id: string;
  operation: string;
  key: string;
  version: number;
  result: string;
  firstSentAt: Date;
  lastSentAt: Date;
};

/** Closed intents of all mappings, by mapping and number. */
export async function closedIntents(db: Db): Promise<IntentRow[]> {
  const { rows } = await db.raw<{ rows: IntentRow[] }>(
    `select id, operation, key, version, result, first_sent_at as "firstSentAt", last_sent_at as "lastSentAt"
     from sync_intents order by mapping_id, number`,
  );
  return rows;
}

export type ConflictSeen = {
  kind: string;
  field: string | null;
  base: unknown;
  ours: unknown;
  theirs: unknown;
  winner: string;
  note: string | null;
};

export async function conflictsOf(db: Db, customerId: number): Promise<ConflictSeen[]> {
  const { rows } = await db.raw<{ rows: ConflictSeen[] }>(
    `select kind, field, base, ours, theirs, winner, note from sync_conflicts where internal_id = :customerId order by id`,
    { customerId },
  );
  return rows;
}

/** The reasons of all delivery.parked events, oldest first. */
export async function parkedNotices(db: Db): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { reason: string }[] }>(
    `select payload->'parked'->>'reason' as reason from sync_events where event_type = 'delivery.parked' order by id`,
  );
  return rows.map(({ reason }) => reason);
}

/**
 * Sets the lease time of every mapping to the past. A killed process may have left a statement that
 * PostgreSQL still runs and that holds mappings, so this locks in the order of every other (by id),
 * and runs again if it loses a deadlock all the same.
 */
export async function expireLeases(db: Db): Promise<void> {
  await withTransaction(db, (tx) =>
    tx.raw(
      `with leased as (select id from external_mappings where lease_until is not null order by id for update)
       update external_mappings m set lease_until = clock_timestamp() - interval '1 second' from leased where leased.id = m.id`,
    ),
  );
}
