// Blocks of ids: when each came into use, and the step into the next one after a week.
//
// At low traffic a block would last for years, and its first events would be kept as long. So once
// a block has been in use for a week the sequence goes on at the start of the next. The only danger
// is to set the sequence back below an id that another session has drawn meanwhile. That cannot
// happen: ALTER SEQUENCE takes a lock that keeps out nextval, and waits for every transaction that
// has called it; only then the sequence is read, and it is only set forward. The relay's floors
// need nothing but rising ids.
import type { Db } from '../server/connection.ts';
import { BLOCK, eventsTable, WEEK_MS } from './plan.ts';
import { currentBlock, type PartitionState } from './state.ts';
import { runStep, type Pass, type StepOutcome } from './step.ts';

export type BlockStep = { kind: 'note'; from: number; to: number } | { kind: 'leave'; block: number };

/**
 * The step that is due for the block in use, or null. A block from which no id was drawn counts as
 * new.
 */
export function nextBlockStep(state: PartitionState): BlockStep | null {
  const block = currentBlock(state);
  const newest = state.blocks[0];
  if (newest === undefined) return { kind: 'note', from: block, to: block };
  if (newest.firstId < block) return { kind: 'note', from: newest.firstId + BLOCK, to: block };
  const weekOld = newest.openedAt.getTime() <= state.now.getTime() - WEEK_MS;
  const nextIsMade = (state.partitions.get(eventsTable.name) ?? []).some(
    ({ from, to }) => from <= block + BLOCK && block + BLOCK < to,
  );
  return weekOld && state.blockUsed && nextIsMade ? { kind: 'leave', block } : null;
}

// Blocks that were crossed between two checks came into use at some earlier time: for retention a
// time that is too late is safe.
const noteSql = `
insert into event_blocks (first_id, opened_at)
select first_id, :now::timestamptz from generate_series(:from::bigint, :to::bigint, ${BLOCK}) first_id
on conflict do nothing`;

// Changes nothing: a sequence cannot be locked by LOCK TABLE.
const lockSequenceSql = `alter sequence sync_event_ids owned by none`;

const readSequenceSql = `select last_value + case when is_called then 1 else 0 end as "nextId" from sync_event_ids`;

const setSequenceSql = `select setval('sync_event_ids', :lastId::bigint, true)`;

export async function takeBlockStep(
  db: Db,
  step: BlockStep,
  { now, pass }: { now: Date; pass: Pass },
): Promise<StepOutcome<BlockStep>> {
  return await runStep(db, async (tx) => {
    if (step.kind === 'note') {
      await tx.raw(noteSql, { ...step, now });
      return step;
    }
    const next = step.block + BLOCK;
    await tx.raw(lockSequenceSql);
    await pass('sequence-locked');
    const { rows } = await tx.raw<{ rows: { nextId: number }[] }>(readSequenceSql);
    if (rows[0] === undefined || rows[0].nextId >= next) return 'busy';
    // Takes effect at once, even if this transaction is rolled back; the next round writes a lost
    // note.
    await tx.raw(setSequenceSql, { lastId: next - 1 });
    await pass('sequence-set');
    await tx.raw(noteSql, { from: next, to: next, now });
    return step;
  });
}
