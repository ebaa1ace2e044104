// What the invariants look at: everything that the database has, at one moment.
import type { Db, Tx } from '../../db/server/connection.ts';
import { toMapping, type Mapping } from '../../db/mappings/mappings.ts';
import type { Fields } from '../../lib/catalogue/document.ts';

export type CustomerState = {
  id: number;
  fields: Fields;
  version: number;
  created_event_id: string;
  deleted_at: Date | null;
};
export type EventState = {
  event_id: string;
  event_type: string;
  entity_id: number | null;
  version: number | null;
};
export type DeliveryState = {
  event_id: string;
  mapping_id: number;
  status: string;
  version: number | null;
  inbound: unknown;
  superseded_by: string | null;
  intent_id: string | null;
  settled_at: Date | null;
};
export type IntentState = { id: string; key: string; result: string; mapping_id: number; number: number };

export type Snapshot = {
  customers: CustomerState[];
  mappings: (Mapping & { leased: boolean })[];
  events: EventState[];
  deliveries: DeliveryState[];
  intents: IntentState[];
  /** The number from which versions continue after a restore. */
  restores: { versions_from: number }[];
};

/** All of one moment: a worker that a test left running may still store what it received. */
export async function snapshot(db: Db): Promise<Snapshot> {
  return await db.transaction((tx) => readAll(tx), { isolationLevel: 'repeatable read', readOnly: true });
}

async function readAll(db: Tx): Promise<Snapshot> {
  const read = async <T>(sql: string): Promise<T[]> => (await db.raw<{ rows: T[] }>(sql)).rows;
  type MappingRow = Parameters<typeof toMapping>[0] & { leased: boolean };
  return {
    customers: await read(
      `select id, fields, version, created_event_id, deleted_at from entity_rows() where entity_type = 'customer' order by id`,
    ),
    mappings: (
      await read<MappingRow>('select *, lease_until is not null as leased from external_mappings order by id')
    ).map((row) => ({ ...toMapping(row), leased: row.leased })),
    events: await read(
      `select event_id, event_type, entity_id, version from sync_events
       where event_type in ('customer.created', 'customer.updated', 'customer.deleted') order by id`,
    ),
    deliveries: await read('select * from sync_deliveries order by sync_event_id'),
    intents: await read('select id, key, result, mapping_id, number from sync_intents order by id'),
    restores: await read('select versions_from from restores'),
  };
}
