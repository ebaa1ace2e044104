// Writes what the merge took from their side into our row.
//
// One transaction of its own, because a crash after it must find everything it decided: row, version, event, the delivery
// that says the system does not hear its own change (`origin`), the shadow of the pulled fields, the conflicts. It writes only
// if the fence still holds and the row still has the version that was loaded; else nothing, and the step begins again.
import { withTransaction, type Tx } from '../../db/server/connection.ts';
import { insertConflicts } from '../../db/conflicts.ts';
import { deleteCustomer, isEmailTaken, readCustomer, updateCustomer } from '../../db/customers.ts';
import { raiseAwaiting } from '../../db/external-records.ts';
import { describeRefusal, RowSwallowed, type TableRefusal } from '../../db/row-rules.ts';
import { insertOriginDelivery } from '../../db/deliveries.ts';
import { markEchoesChecked } from '../../db/intents.ts';
import { lockMapping, updateMapping } from '../../db/mappings/mappings.ts';

import { failpoint } from '../failpoint.ts';
import type { Fields } from '../integrations/integration.ts';
import { newEventId } from '../uuid.ts';
import { conflictRows } from './conflicts.ts';
import { foreseeDelete, isReleased, mayDelete } from './fuse.ts';
import type { Conflict, Plan } from './merge.ts';
import { takeForms, type Reformed } from './table-forms.ts';
import type { Step, SyncDeps } from './step.ts';

/**
 * `reformed`: written, and the table's own triggers made other values of it, which have to go out. `refused`: the table does not take
 * the row, so nothing was written.
 */
export type WroteOurs = 'written' | 'reformed' | 'lost' | 'moved' | 'email_taken' | { refused: TableRefusal };

/** Pulls the plan's fields. On `written` the step's row, shadow and version are the new ones. */
export async function writeOurs(
  deps: SyncDeps,
  step: Step,
  plan: Plan,
  theirs: Fields,
  hop: number,
): Promise<WroteOurs> {
  const { row, mapping } = step;
  if (!row) return 'lost';
  const now = deps.clock.now();
  const stamp = { eventId: newEventId(now), source: mapping.system, context: causedBy(step, hop), now };
  // A carried edit is an ordinary change: the system has to hear of it, and its shadow waits for that push.
  const pulled = Object.keys(plan.pull).filter((field) => !(field in plan.push));
  // One echo tells of all its fields, and is marked as checked here: what it told of the others is kept here too.
  const conflicts = plan.conflicts.filter(
    (c) => (c.field !== null && c.field in plan.pull) || c.kind === 'overwritten_unseen',
  );
  try {
    const result = await withTransaction(
      deps.db,
      async (tx): Promise<'lost' | 'moved' | { row: NonNullable<Step['row']>; reformed: Reformed }> => {
        if (!(await lockMapping(tx, step.claim.id, step.claim.fence))) return 'lost';
        const changed = await updateCustomer(
          tx,
          row.id,
          rowChanges(plan.pull),
          { ifVersion: row.version },
          stamp,
        );
        if (!changed) return missed(tx, row);
        const reformed = await takeForms(deps, step, { pulled, plan, theirs, row: changed });
        const { shadow } = reformed;
        await updateMapping(tx, mapping.id, {
          shadow,
          wantedVersion: Math.max(mapping.wantedVersion, changed.version),
        });
        if (plan.carried.length === 0) {
          await insertOriginDelivery(tx, {
            eventId: stamp.eventId,
            syncEventId: changed.lastEventId,
            eventType: 'customer.updated',
            version: changed.version,
            system: mapping.system,
            mappingId: mapping.id,
            now,
          });
        }
        const { system, account, externalId } = mapping;
        // Their record has another email than before: a row that waited because of it looks again.
        if ('email' in plan.pull && externalId !== null)
          await raiseAwaiting(tx, { system, account, externalId, now });
        await insertConflicts(tx, conflictRows(step, [...conflicts, ...reformed.conflicts], now));
        await markEchoesChecked(
          tx,
          conflicts.flatMap((c) =>
            c.intentId && c.eventId ? [{ intentId: c.intentId, eventId: c.eventId }] : [],
          ),
        );
        await failpoint('write-ours.before-commit');
        const { name, email, version } = changed;
        return { row: { ...row, name, email, version }, reformed };
      },
    );
    if (typeof result === 'string') return result;
    step.row = result.row;
    step.mapping.shadow = result.reformed.shadow;
    deps.nudge();
    await failpoint('write-ours.after');
    return result.reformed.goesOut ? 'reformed' : 'written';
  } catch (error) {
    if (isEmailTaken(error)) return 'email_taken';
    const refused = await describeRefusal(deps.db, error);
    if (refused === null) throw error;
    return { refused };
  }
}

/** Why a change hit no row: somebody has changed or deleted it, or it stands as it was loaded, and the table swallowed the change. */
async function missed(tx: Tx, row: { id: number; version: number }): Promise<'moved'> {
  const present = await readCustomer(tx, row.id);
  if (present?.deletedAt === null && present.version === row.version) throw new RowSwallowed('update');
  return 'moved';
}

/** `refused`: the fuse holds it. */
type Deleted = 'written' | 'lost' | 'moved' | 'refused' | { refused: TableRefusal };

/** Their confirmed deletion: our row becomes a tombstone, and other systems hear of it. */
export async function deleteOurs(deps: SyncDeps, step: Step, conflicts: Conflict[]): Promise<Deleted> {
  try {
    return await deleteRow(deps, step, conflicts);
  } catch (error) {
    const refused = await describeRefusal(deps.db, error);
    if (refused === null) throw error;
    return { refused };
  }
}

async function deleteRow(deps: SyncDeps, step: Step, conflicts: Conflict[]): Promise<Deleted> {
  const { row, mapping } = step;
  if (!row) return 'lost';
  const { system } = mapping;
  const now = deps.clock.now();
  const stamp = { eventId: newEventId(now), source: system, context: causedBy(step, 0), now };
  await foreseeDelete(deps, mapping, 'in');
  const result = await withTransaction(deps.db, async (tx): Promise<Deleted> => {
    // The connection's lock comes before the mapping's, as in receive.
    const allowed =
      isReleased(mapping) || (await mayDelete(tx, { system, direction: 'in', now, log: deps.log }));
    if (!(await lockMapping(tx, step.claim.id, step.claim.fence))) return 'lost';
    if (!allowed) return 'refused';
    const deleted = await deleteCustomer(tx, row.id, { ifVersion: row.version }, stamp);
    if (!deleted) return missed(tx, row);
    await insertOriginDelivery(tx, {
      eventId: stamp.eventId,
      syncEventId: deleted.lastEventId,
      eventType: 'customer.deleted',
      version: deleted.version,
      system,
      mappingId: mapping.id,
      now,
    });
    await updateMapping(tx, mapping.id, {
      state: 'tombstoned',
      reason: null,
      reasonDetail: null,
      decision: null,
      mustRead: false,
    });
    await insertConflicts(tx, conflictRows(step, conflicts, now));
    await failpoint('delete-ours.before-commit');
    return 'written';
  });
  if (result === 'written') deps.nudge();
  await failpoint('delete-ours.after');
  return result;
}

function rowChanges(pull: Fields): { name?: string; email?: string } {
  const { name, email } = pull;
  return { ...(typeof name === 'string' ? { name } : {}), ...(typeof email === 'string' ? { email } : {}) };
}

function causedBy(step: Step, hop: number): Record<string, unknown> {
  const cause = step.deliveries.find((d) => d.inbound !== null);
  return { hop: hop + 1, ...(cause ? { caused_by: cause.eventId } : {}) };
}
