// What did not survive, with both values and the rule that decided.
import type { Tx } from './connection.ts';

export type ConflictRow = {
  id: string;
  mappingId: number;
  entityType: string;
  internalId: number | null;
  kind: string;
  field: string | null;
  base: unknown;
  ours: unknown;
  theirs: unknown;
  rule: string;
  winner: 'ours' | 'theirs' | 'neither';
  note: string | null;
  intentId: string | null;
  eventId: string | null;
  /** One conflict, one row, however often it is met. */
  dedupeKey: string;
  createdAt: Date;
};

export async function insertConflicts(tx: Tx, conflicts: ConflictRow[]): Promise<void> {
  for (const conflict of conflicts) {
    await tx.raw(
      `insert into sync_conflicts (id, mapping_id, entity_type, internal_id, kind, field, base, ours, theirs, rule, winner, note, intent_id, event_id, dedupe_key, created_at)
       values (:id, :mappingId, :entityType, :internalId, :kind, :field, :base::jsonb, :ours::jsonb, :theirs::jsonb, :rule, :winner, :note,
               :intentId, :eventId, :dedupeKey, :createdAt::timestamptz)
       on conflict (dedupe_key) do nothing`,
      {
        ...conflict,
        base: JSON.stringify(conflict.base ?? null),
        ours: JSON.stringify(conflict.ours ?? null),
        theirs: JSON.stringify(conflict.theirs ?? null),
      },
    );
  }
}
