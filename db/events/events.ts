// Events that are not a change of a customer's row.
import type { Tx } from '../server/connection.ts';

/**
 * Notifies the consumers of other teams which record a customer has now; the row itself does not
 * change. `context` says who decided.
 */
export async function insertLinkedEvent(
  tx: Tx,
  linked: {
    eventId: string;
    entityType: string;
    customerId: number;
    system: string;
    context?: Record<string, unknown>;
    now: Date;
  },
): Promise<void> {
  await tx.raw(
    `insert into sync_events (event_id, event_type, entity_type, entity_id, entity_key, version, source, payload, context, created_at)
     select :eventId, c.entity_type || '.linked', c.entity_type, c.id, c.entity_type || ':' || c.id, c.version, :system,
            entity_payload(c.entity_type, c.id, c.fields), :context::jsonb, :now::timestamptz
     from entity_rows() c where c.entity_type = :entityType and c.id = :customerId`,
    { ...linked, context: JSON.stringify(linked.context ?? {}) },
  );
}

/**
 * A notice that a delivery is parked; the relay publishes it to the dlq topic like any other event.
 */
export async function insertParkedEvent(
  tx: Tx,
  parked: {
    eventId: string;
    entityType: string;
    entityKey: string;
    entityId: number | null;
    system: string;
    parkedEventId: string;
    reason: string;
    detail: Record<string, unknown>;
    now: Date;
  },
): Promise<void> {
  const { parkedEventId, reason, detail, system } = parked;
  await tx.raw(
    `insert into sync_events (event_id, event_type, entity_type, entity_id, entity_key, source, payload, created_at)
     values (:eventId, 'delivery.parked', :entityType, :entityId, :entityKey, :system, :payload::jsonb, :now::timestamptz)`,
    {
      ...parked,
      payload: JSON.stringify({ parked: { event_id: parkedEventId, target: system, reason, detail } }),
    },
  );
}
