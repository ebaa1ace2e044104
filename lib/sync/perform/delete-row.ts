// Their confirmed deletion: our row becomes a tombstone, and the other systems are notified.
// One transaction: a crash before its commit leaves the row, and the record is read again; after it
// the pair has ended, and the next step records inbound events as stale.
import { insertConflicts } from '../../../db/conflicts.ts';
import { deleteRow as deleteEntityRow } from '../../../db/entities/rows.ts';
import { insertOriginDelivery } from '../../../db/deliveries.ts';
import { lockMapping } from '../../../db/mappings/mappings.ts';
import { ended } from '../../../db/mappings/writes/state-change.ts';
import { updateMapping } from '../../../db/mappings/writes/update.ts';
import { withTransaction } from '../../../db/server/connection.ts';
import { failpoint } from '../../failpoint.ts';
import { newEventId } from '../../uuid.ts';
import { conflictRows } from '../conflicts.ts';
import { isReleased } from '../consent.ts';
import { mayDelete } from '../fuse.ts';
import type { Conflict } from '../merge.ts';
import type { Step, SyncDeps } from '../step.ts';
import { causedBy, missed, refusedBy } from './our-row.ts';
import type { Performed } from './performed.ts';

export async function deleteRow(deps: SyncDeps, step: Step, conflicts: Conflict[]): Promise<Performed> {
  let result: Awaited<ReturnType<typeof writeTombstone>>;
  try {
    result = await writeTombstone(deps, step, conflicts);
  } catch (error) {
    return refusedBy(deps, step, error);
  }
  if (result === 'written') deps.nudge();
  await failpoint('delete-ours.after');
  if (result === 'lost') return 'over';
  if (result === 'moved') return 'load';
  step.progress =
    result === 'held'
      ? { ...step.progress, obstacle: 'fuse' }
      : { ...step.progress, deleted: true, obstacle: null };
  return 'decide';
}

function writeTombstone(
  deps: SyncDeps,
  step: Step,
  conflicts: Conflict[],
): Promise<'written' | 'lost' | 'moved' | 'held'> {
  const { row, mapping } = step;
  const { system } = mapping;
  const now = deps.clock.now();
  const stamp = { eventId: newEventId(now), source: system, context: causedBy(deps, step, 0), now };
  return withTransaction(deps.db, async (tx) => {
    if (!row) return 'lost';
    // The connection's lock comes before the mapping's, as in receive.
    const allowed =
      isReleased(mapping) || (await mayDelete(tx, { system, direction: 'in', now, log: deps.log }));
    if (!(await lockMapping(tx, step.claim.id, step.claim.fence))) return 'lost';
    if (!allowed) return 'held';
    const deleted = await deleteEntityRow(tx, deps.entity, row.id, { ifVersion: row.version }, stamp);
    if (!deleted) return missed(tx, deps, row);
    await insertOriginDelivery(tx, {
      eventId: stamp.eventId,
      syncEventId: deleted.lastEventId,
      eventType: `${deps.entity.name}.deleted`,
      version: deleted.version,
      system,
      mappingId: mapping.id,
      now,
    });
    await updateMapping(tx, mapping.id, {
      ...ended('tombstoned'),
      mustRead: false,
    });
    await insertConflicts(tx, conflictRows(step, conflicts, now));
    await failpoint('delete-ours.before-commit');
    return 'written';
  });
}
