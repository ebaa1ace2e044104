// Deliveries as an operator chooses them, with the mapping and the row they are about.
import type { Db } from '../server/connection.ts';
import type { DeliveryStatus } from '../deliveries.ts';
import { readMapping, type Mapping } from './mappings.ts';
import type { LoadedRow } from './load.ts';

export type DeliveryChoice = {
  system: string;
  /** Event ids; with these, every status counts. */
  ids?: string[];
  /** Default `parked`. */
  statuses?: DeliveryStatus[];
  customer?: number;
  /** The code of the last error, such as `email_invalid`. */
  error?: string;
  since?: Date;
  /** Default 1,000. */
  limit?: number;
};

export type FoundDelivery = {
  eventId: string;
  target: string;
  eventType: string;
  version: number | null;
  status: DeliveryStatus;
  attempts: number;
  error: Record<string, unknown> | null;
  createdAt: Date;
  mappingId: number;
  mapping: Mapping;
  row: LoadedRow | null;
};

const chooseSql = `
select d.event_id as "eventId", d.target, d.event_type as "eventType", d.version, d.status, d.attempts, d.last_error as error,
       d.created_at as "createdAt", d.mapping_id as "mappingId",
       (select jsonb_build_object('id', c.id, 'fields', c.fields, 'version', c.version,
                                  'createdEventId', c.created_event_id, 'deletedAt', c.deleted_at)
        from entity_rows() c where c.entity_type = m.entity_type and c.id = m.internal_id) as row
from sync_deliveries d join external_mappings m on m.id = d.mapping_id
where m.system = :system
  and (:ids::uuid[] is null or d.event_id = any(:ids::uuid[]))
  and (:statuses::text[] is null or d.status = any(:statuses::text[]))
  and (:customer::bigint is null or m.internal_id = :customer::bigint)
  and (:error::text is null or d.last_error ->> 'code' = :error::text)
  and (:since::timestamptz is null or d.created_at >= :since::timestamptz)
order by d.sync_event_id, d.target
limit :limit`;

export async function findDeliveries(db: Db, choice: DeliveryChoice): Promise<FoundDelivery[]> {
  const { system, ids, statuses, customer = null, error = null, since = null, limit = 1_000 } = choice;
  const { rows } = await db.raw<{ rows: Omit<FoundDelivery, 'mapping'>[] }>(chooseSql, {
    system,
    ids: ids ?? null,
    statuses: statuses ?? (ids ? null : ['parked']),
    customer,
    error,
    since,
    limit,
  });
  const found: FoundDelivery[] = [];
  for (const row of rows) {
    const mapping = await readMapping(db, row.mappingId);
    if (mapping) found.push({ ...row, mapping });
  }
  return found;
}
