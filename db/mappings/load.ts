// What one reconcile step starts from, read in one statement so that row, mapping and deliveries
// are of one moment.
import type { RowFields } from '../entities/rows.ts';
import type { ReceivedEvent } from '../inbound.ts';
import type { Db } from '../server/connection.ts';
import { runPrepared } from '../server/prepared.ts';
import { toMapping, type Mapping } from './mappings.ts';

export type LoadedRow = {
  id: number;
  fields: RowFields;
  version: number;
  createdEventId: string;
  deletedAt: string | null;
};

export type OpenDelivery = {
  eventId: string;
  target: string;
  eventType: string;
  version: number | null;
  inbound: ReceivedEvent | null;
  status: 'queued' | 'waiting' | 'parked';
  attempts: number;
  hop: number;
};

/** The intent that last took effect at the system. */
export type LastIntent = { id: string; version: number };

export type LoadedStep = {
  mapping: Mapping;
  row: LoadedRow | null;
  deliveries: OpenDelivery[];
  lastIntent: LastIntent | null;
};

const stepSql = `
select m.*,
  (select jsonb_build_object('id', c.id, 'fields', c.fields, 'version', c.version,
                             'createdEventId', c.created_event_id, 'deletedAt', c.deleted_at)
   from entity_rows() c where c.entity_type = m.entity_type and c.id = m.internal_id) as loaded_row,
  (select coalesce(jsonb_agg(jsonb_build_object('eventId', d.event_id, 'target', d.target, 'eventType', d.event_type,
                             'version', d.version, 'inbound', d.inbound, 'status', d.status, 'attempts', d.attempts, 'hop', d.hop) order by d.sync_event_id), '[]')
   from sync_deliveries d where d.mapping_id = m.id and d.status in ('queued', 'waiting', 'parked')) as loaded_deliveries,
  (select jsonb_build_object('id', i.id, 'version', i.version) from sync_intents i
   where i.mapping_id = m.id and i.result = 'done' order by i.number desc limit 1) as last_intent
from external_mappings m`;

const loadSql = `${stepSql} where m.id = :id and m.fence = :fence`;

/** Null if the lease with this fence is gone. */
export async function loadStep(db: Db, id: number, fence: number): Promise<LoadedStep | null> {
  const { rows } = await runPrepared<{ rows: Row[] }>(db, loadSql, { id, fence });
  return rows[0] ? toStep(rows[0]) : null;
}

/** Several of them, as they are now. */
export async function loadSteps(db: Db, ids: readonly number[]): Promise<LoadedStep[]> {
  const { rows } = await db.raw<{ rows: Row[] }>(`${stepSql} where m.id = any(:ids::bigint[])`, {
    ids: [...ids],
  });
  return rows.map(toStep);
}

type Row = Parameters<typeof toMapping>[0] & {
  loaded_row: LoadedRow | null;
  loaded_deliveries: OpenDelivery[];
  last_intent: LastIntent | null;
};

function toStep(row: Row): LoadedStep {
  return {
    mapping: toMapping(row),
    row: row.loaded_row,
    deliveries: row.loaded_deliveries,
    lastIntent: row.last_intent,
  };
}
