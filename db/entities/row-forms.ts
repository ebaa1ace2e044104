// The forms of a row: as a statement returns it, as the program has it, as a kept answer has it.
import type { Earlier } from '../idempotent-writes.ts';
import { readTime } from '../server/times.ts';
import type { RowFields } from './row-values.ts';

export type EntityRow = {
  id: number;
  fields: RowFields;
  version: number;
  /** sync_events.id of the event of this version. */
  lastEventId: number;
  /** The event id of the row's creation: the owner tag in the records of external systems. */
  createdEventId: string;
  createdAt: Date;
  updatedAt: Date;
  /** Set on a tombstone, which stays until every system has the deletion. */
  deletedAt: Date | null;
};

/** The pair of a row in one system, if there is one yet; detached pairs too. */
export type RowMapping = {
  system: string;
  externalId: string | null;
  state: string;
  reason: string | null;
  /** The newest version that the system has; 0 for none. */
  pushedVersion: number;
  /** When the first change was made that the system does not have; meaningless if it has all. */
  behindSince: Date;
  /** When the pair last changed. */
  updatedAt: Date;
};

export type MappedRow = EntityRow & { mappings: RowMapping[] };

// pg returns bigint as text by default; Number() accepts both.
export type SqlRow = {
  id: string | number;
  fields: RowFields;
  version: string | number;
  last_event_id: string | number;
  created_event_id: string;
  created_at: Date;
  updated_at: Date;
  deleted_at: Date | null;
  mappings: SqlMapping[];
  earlier?: Earlier;
};
/** A write with a key that changed no row. */
export type Missing = { id: null; earlier: Earlier };

// In the form of JSON.
type SqlMapping = Omit<RowMapping, 'behindSince' | 'updatedAt'> & {
  behindSince: string;
  updatedAt: string;
};

/** The row of a kept answer, which a statement of row-statements.ts has kept, or asKept. */
export function rowOfKept(written: unknown): MappedRow {
  const row = written as Omit<SqlRow, Times> & Record<Times, string> & { deleted_at: string | null };
  const [created_at, updated_at] = [readTime(row.created_at), readTime(row.updated_at)];
  return toRow({
    ...row,
    ...{ created_at, updated_at },
    deleted_at: row.deleted_at === null ? null : readTime(row.deleted_at),
  });
}
type Times = 'created_at' | 'updated_at';

/** A row in the form in which a statement keeps it. */
export function asKept({ mappings, ...row }: MappedRow): unknown {
  return {
    ...{ id: row.id, fields: row.fields, version: row.version, last_event_id: row.lastEventId },
    ...{ created_event_id: row.createdEventId, created_at: row.createdAt, updated_at: row.updatedAt },
    ...{ deleted_at: row.deletedAt, mappings },
  };
}

export function toRow(row: SqlRow): MappedRow {
  return {
    id: Number(row.id),
    fields: row.fields,
    version: Number(row.version),
    lastEventId: Number(row.last_event_id),
    createdEventId: row.created_event_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    deletedAt: row.deleted_at,
    mappings: row.mappings.map(({ behindSince, updatedAt, ...mapping }) => ({
      ...mapping,
      behindSince: readTime(behindSince),
      updatedAt: readTime(updatedAt),
    })),
  };
}
