// The record belongs to a row: the row's mapping takes over the record and its inbound events, and
// this mapping ends. One transaction: a crash before its commit leaves both mappings as they were,
// and the record is read again; after it the row's mapping is dirty, and its next step reads.
import { absorbInto } from '../../../db/mappings/adopt.ts';
import { raiseReferring } from '../references.ts';
import { insertLinkedEvent } from '../../../db/events/events.ts';
import { raiseAwaiting } from '../../../db/external-records.ts';
import { withTransaction } from '../../../db/server/connection.ts';
import { failpoint } from '../../failpoint.ts';
import { newEventId } from '../../uuid.ts';
import type { OurWrite } from '../action.ts';
import type { Step, SyncDeps } from '../step.ts';
import type { Performed } from './performed.ts';

export async function matchRow(
  deps: SyncDeps,
  step: Step,
  { row, mappingId }: Extract<OurWrite, { write: 'match' }>,
): Promise<Performed> {
  const now = deps.clock.now();
  const { system, account, externalId } = step.mapping;
  const result = await withTransaction(deps.db, async (tx) => {
    const absorbed = await absorbInto(tx, { id: step.claim.id, fence: step.claim.fence }, mappingId, now);
    if (absorbed !== 'absorbed') return absorbed;
    const eventId = newEventId(now);
    await insertLinkedEvent(tx, {
      eventId,
      entityType: deps.entity.name,
      customerId: row.customerId,
      system,
      now,
    });
    if (externalId !== null)
      await raiseReferring(tx, deps, step.mapping, { id: row.customerId, externalId, now });
    if (externalId !== null) await raiseAwaiting(tx, { system, account, externalId, now });
    await failpoint('adopt.before-commit');
    return absorbed;
  });
  await failpoint('adopt.absorbed');
  switch (result) {
    case 'absorbed':
      deps.log.info('mapping.absorbed', { mapping: step.claim.id, into: mappingId });
      deps.nudge();
      return 'over';
    case 'lost':
      return 'over';
    case 'taken':
      return 'load';
    case 'busy':
      step.progress = { ...step.progress, obstacle: 'busy' };
      return 'decide';
  }
}
