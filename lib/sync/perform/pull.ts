// Writes what the merge took from their side into our row.
//
// One transaction of its own, because a crash after it must find everything it decided: row,
// version, event, the delivery which says that the system is not notified of its own change
// (`origin`), the shadow of the pulled fields, the conflicts. It writes only if the fence still
// holds and the row still has the version that was loaded; else nothing, and the step begins again.
import { insertConflicts } from '../../../db/conflicts.ts';
import { asMerged, namedHere, type MissingReference } from '../references.ts';
import { isIdentityTaken, updateRow } from '../../../db/entities/rows.ts';
import { insertOriginDelivery } from '../../../db/deliveries.ts';
import { raiseAwaiting } from '../../../db/external-records.ts';
import { markEchoesChecked } from '../../../db/closed-intents.ts';
import { lockMapping } from '../../../db/mappings/mappings.ts';
import { updateMapping } from '../../../db/mappings/writes/update.ts';
import { withTransaction, type Tx } from '../../../db/server/connection.ts';
import { failpoint } from '../../failpoint.ts';
import { newEventId } from '../../uuid.ts';
import type { Comparison } from '../merged.ts';
import { conflictRows } from '../conflicts.ts';
import { checkedBy } from '../covered.ts';
import { merge, type Plan } from '../merge.ts';
import { takeForms, type Reformed } from '../table-forms.ts';
import type { Step, SyncDeps } from '../step.ts';
import { oursOf } from '../values.ts';
import { causedBy, missed, refusedBy } from './our-row.ts';
import type { Performed } from './performed.ts';

type Row = NonNullable<Step['row']>;
type Pulled = { row: Row; reformed: Reformed };

/** Pulls the plan's fields; then the step's row, shadow and version are the new ones. */
export async function pull(deps: SyncDeps, step: Step, compared: Comparison): Promise<Performed> {
  const { row } = step;
  if (!row) return 'over';
  try {
    const result = await withTransaction(deps.db, (tx) => writeRow(deps, step, tx, row, compared));
    if (result === 'lost') return 'over';
    if (result === 'moved') return 'load';
    if ('missing' in result) {
      step.progress = { ...step.progress, obstacle: result };
      return 'decide';
    }
    keep(deps, step, compared, result);
  } catch (error) {
    if (!isIdentityTaken(deps.entity, error)) return refusedBy(deps, step, error);
    const taken = compared.plan.pull[deps.entity.identity ?? ''];
    step.progress = { ...step.progress, obstacle: { taken: taken ?? '' } };
    return 'decide';
  }
  deps.nudge();
  await failpoint('write-ours.after');
  return 'decide';
}

async function writeRow(
  deps: SyncDeps,
  step: Step,
  tx: Tx,
  row: Row,
  { plan, theirs, hop }: Comparison,
): Promise<'lost' | 'moved' | { missing: MissingReference } | Pulled> {
  const { mapping } = step;
  const { entity } = deps;
  const now = deps.clock.now();
  const stamp = { eventId: newEventId(now), source: mapping.system, context: causedBy(deps, step, hop), now };
  if (!(await lockMapping(tx, step.claim.id, step.claim.fence))) return 'lost';
  const named = await namedHere(tx, entity, mapping, plan.pull);
  if ('missing' in named) return named;
  const changed = await updateRow(tx, entity, row.id, named.values, { ifVersion: row.version }, stamp);
  if (!changed) return missed(tx, deps, row);
  // A carried edit is an ordinary change: the system is notified of it, and its shadow waits for
  // that push.
  const pulled = Object.keys(plan.pull).filter((field) => !(field in plan.push));
  const became = asMerged(entity, changed.fields, { ...row.fields, ...plan.pull });
  const reformed = await takeForms(deps, step, { pulled, plan, theirs, row: { fields: became } });
  await updateMapping(tx, mapping.id, {
    shadow: reformed.shadow,
    wantedVersion: Math.max(mapping.wantedVersion, changed.version),
  });
  if (plan.carried.length === 0) {
    await insertOriginDelivery(tx, {
      eventId: stamp.eventId,
      syncEventId: changed.lastEventId,
      eventType: `${entity.name}.updated`,
      version: changed.version,
      system: mapping.system,
      mappingId: mapping.id,
      now,
    });
  }
  const { system, account, externalId } = mapping;
  // Their record has another identity than before: a row that waited because of it looks again.
  if ((entity.identity ?? '') in plan.pull && externalId !== null)
    await raiseAwaiting(tx, { system, account, externalId, now });
  const conflicts = conflictsOfPull(plan);
  await insertConflicts(tx, conflictRows(step, [...conflicts, ...reformed.conflicts], now));
  await markEchoesChecked(tx, checkedBy(conflicts));
  await failpoint('write-ours.before-commit');
  return { row: { ...row, fields: became, version: changed.version }, reformed };
}

/**
 * One echo shows all its fields, and is marked as checked in this transaction: so what it showed of
 * the other fields is kept in it too.
 */
function conflictsOfPull(plan: Plan): Plan['conflicts'] {
  return plan.conflicts.filter(
    (c) => (c.field !== null && c.field in plan.pull) || c.kind === 'overwritten_unseen',
  );
}

function keep(deps: SyncDeps, step: Step, compared: Comparison, { row, reformed }: Pulled): void {
  const { plan, theirs, merged } = compared;
  step.row = row;
  step.mapping = { ...step.mapping, shadow: reformed.shadow };
  const rules = deps.integration.document.fields;
  const { system } = step.mapping;
  const originOf = (field: string): string | null => compared.origins[field] ?? null;
  // What the table's own triggers have made of it goes out at once; a worker that dies before that
  // leaves it to the next merge.
  const push = reformed.goesOut
    ? merge({ rules, shadow: reformed.shadow, ours: oursOf(rules, row), theirs, system, originOf }).push
    : plan.push;
  const done = { ...plan, push };
  step.progress = {
    ...step.progress,
    pulled: { ...compared, plan: done, merged: { ...merged, plan: done } },
    obstacle: null,
  };
}
