import { createHash } from 'node:crypto';
import type { ConflictRow } from '../../db/conflicts.ts';
import { newEventId } from '../uuid.ts';
import type { Conflict } from './merge.ts';
import type { Step } from './step.ts';

/**
 * The same values met again before the pair was settled are the same conflict, whatever else
 * changed in the row; after that they are a new one. A hash, because values may be longer than an
 * index takes.
 */
function metAs({ kind, field, base, ours, theirs }: Conflict, pushedVersion: number): string {
  const text = JSON.stringify([kind, field, base, ours, theirs, pushedVersion]);
  return createHash('sha256').update(text).digest('hex');
}

/**
 * A conflict as a row. Its dedupe key makes one row of one conflict, however often a crash makes us
 * meet it again.
 */
export function conflictRows(
  step: Step,
  conflicts: Conflict[],
  now: Date,
  internalId: number | null = step.mapping.internalId,
): ConflictRow[] {
  const { mapping } = step;
  return conflicts.map((conflict) => ({
    id: newEventId(now),
    mappingId: mapping.id,
    entityType: mapping.entityType,
    internalId,
    kind: conflict.kind,
    field: conflict.field,
    base: conflict.base,
    ours: conflict.ours,
    theirs: conflict.theirs,
    oursAt: hasMaker(conflict) ? (step.row?.version ?? null) : null,
    theirsFrom: conflict.field === null ? null : mapping.system,
    rule: conflict.rule,
    winner: conflict.winner,
    note: conflict.note ?? null,
    intentId: conflict.intentId ?? null,
    eventId: conflict.eventId ?? null,
    dedupeKey:
      conflict.intentId !== undefined
        ? `intent:${conflict.intentId}:${conflict.field}`
        : `met:${mapping.id}:${metAs(conflict, mapping.pushedVersion)}`,
    createdAt: now,
  }));
}

/**
 * Whether our value was made by a change of the row: not one that a trigger of the table has just
 * made of theirs, nor what is left of a deleted row.
 */
function hasMaker({ kind, field }: Conflict): boolean {
  return field !== null && kind !== 'reform_refused' && kind !== 'deleted_here';
}

/**
 * A second record for a row, or a second row for a record: nothing is made or deleted anywhere
 * because of it.
 */
export function duplicate(ours: string | null, theirs: string | null): Conflict {
  return {
    kind: 'external_duplicate',
    field: null,
    base: null,
    ours,
    theirs,
    rule: 'first_linked_stays',
    winner: 'neither',
  };
}
