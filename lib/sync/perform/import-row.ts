// Their record becomes a new row of ours, with its event, and the delivery which says that the
// system is not notified of its own change. One transaction: a crash before its commit leaves nothing; after
// it the pair is linked and has to read, so the next step reads the record and writes the owner tag.
import { insertConflicts } from '../../../db/conflicts.ts';
import { asMerged, namedHere, raiseReferring } from '../references.ts';
import { insertRow, isIdentityTaken } from '../../../db/entities/rows.ts';
import { insertOriginDelivery } from '../../../db/deliveries.ts';
import { insertLinkedEvent } from '../../../db/events/events.ts';
import { markEchoesChecked } from '../../../db/closed-intents.ts';
import { lockMapping } from '../../../db/mappings/mappings.ts';
import { imported } from '../../../db/mappings/writes/state-change.ts';
import { updateMapping } from '../../../db/mappings/writes/update.ts';
import { withTransaction } from '../../../db/server/connection.ts';
import { failpoint } from '../../failpoint.ts';
import { newEventId } from '../../uuid.ts';
import type { OurWrite } from '../action.ts';
import { conflictRows } from '../conflicts.ts';
import { checkedBy } from '../covered.ts';
import type { Step, SyncDeps } from '../step.ts';
import { notTaken } from '../row-for.ts';
import { formsOfRow } from '../table-forms.ts';
import { causedBy, refusedBy } from './our-row.ts';
import type { Performed } from './performed.ts';

type Import = Extract<OurWrite, { write: 'import' }>;

export async function importRow(deps: SyncDeps, step: Step, asked: Import): Promise<Performed> {
  try {
    const made = await makeRow(deps, step, asked);
    await failpoint('adopt.imported');
    if (!made) return 'over';
    if ('missing' in made) {
      step.progress = { ...step.progress, obstacle: made };
      return 'decide';
    }
    deps.nudge();
    const { row, forms, changes, itself } = made;
    // The next step reads the record again, finds the row that it names, and writes the owner tag.
    if (itself.length > 0) return 'load';
    step.row = { ...row, deletedAt: null };
    step.mapping = { ...step.mapping, ...changes };
    step.progress = { ...step.progress, imported: { values: asked.values, forms } };
    return 'decide';
  } catch (error) {
    // Another row took the identity between our look and our insert: look again.
    return isIdentityTaken(deps.entity, error) ? 'load' : refusedBy(deps, step, error);
  }
}

async function makeRow(deps: SyncDeps, step: Step, { values, shadow, covered }: Import) {
  const { id, system } = step.mapping;
  const now = deps.clock.now();
  const stamp = { eventId: newEventId(now), source: system, context: causedBy(deps, step, 0), now };
  return withTransaction(deps.db, async (tx) => {
    if (!(await lockMapping(tx, step.claim.id, step.claim.fence))) return null;
    const named = await namedHere(tx, deps.entity, step.mapping, values);
    if ('missing' in named) return named;
    const written = await insertRow(tx, deps.entity, named.values, stamp);
    const row = { ...written, fields: asMerged(deps.entity, written.fields, values) };
    const { itself } = named;
    const known = Object.entries(shadow).filter(([field]) => !itself.includes(field));
    const { forms, pairs } = formsOfRow(deps.integration.document.fields, Object.fromEntries(known), row);
    await insertOriginDelivery(tx, {
      eventId: stamp.eventId,
      syncEventId: row.lastEventId,
      eventType: `${deps.entity.name}.created`,
      version: row.version,
      system,
      mappingId: id,
      now,
    });
    const changes = {
      internalId: row.id,
      ...imported(),
      shadow: pairs,
      mustRead: true,
      pushedVersion: row.version,
    } as const;
    await updateMapping(tx, id, { ...changes, wantedVersion: row.version });
    const eventId = newEventId(now);
    await insertLinkedEvent(tx, { eventId, entityType: deps.entity.name, customerId: row.id, system, now });
    const { externalId } = step.mapping;
    if (externalId !== null) await raiseReferring(tx, deps, step.mapping, { id: row.id, externalId, now });
    await insertConflicts(tx, conflictRows(step, [...covered, ...notTaken(shadow)], now, row.id));
    await markEchoesChecked(tx, checkedBy(covered));
    await failpoint('adopt.before-commit');
    return { row, forms, changes, itself };
  });
}
