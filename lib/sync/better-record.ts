// Several records without a customer have one email: the best of them by the rule of choose-record.ts becomes the customer, whichever
// a worker takes first, and the others its aliases.
//
// A crash before the better one is taken leaves both as they were; the question is asked again.
import { findByIdentity } from '../../db/external-records.ts';
import { askForRead } from '../../db/inbound.ts';
import type { ExternalRecord } from '../integrations/integration.ts';
import { ownFailure } from '../integrations/own-failure.ts';
import { postpone } from './failing.ts';
import { identityOfRecord } from './identity.ts';
import type { Next } from './next.ts';
import { chooseAmong } from './record-activity.ts';
import { foresee } from './rehearsal.ts';
import type { Step, SyncDeps } from './step.ts';

/** The better one may not be for import at all; after so many tries this one is taken. */
const MOST_WAITS = 4;

/** Null: it is the best of its identity, or the only one. Else the better one is looked at first, and this one later. */
export async function letBetterGoFirst(
  deps: SyncDeps,
  step: Step,
  record: ExternalRecord,
): Promise<Next | null> {
  const { mapping } = step;
  const identity = identityOfRecord(deps.integration.document.fields, record);
  if (identity === null || mapping.attempts >= MOST_WAITS) return null;
  const { externalIds } = await findByIdentity(deps.db, mapping, identity);
  const others = externalIds.filter((id) => id !== record.externalId);
  if (others.length === 0) return null;
  let best: string | undefined;
  try {
    best = (await chooseAmong(deps, [record.externalId, ...others]))?.externalId;
  } catch (error) {
    return postpone(deps, step, deps.integration.classify(error));
  }
  if (best === undefined || best === record.externalId) return null;
  foresee(deps, () => ({
    would: 'nothing',
    why: 'another record with its email becomes the customer first',
  }));
  const { system, externalType } = mapping;
  await askForRead(deps.db, { system, externalType, externalId: best, now: deps.clock.now() });
  return postpone(deps, step, betterFirst);
}

/** Not a failure: a wait that never parks. */
const betterFirst = ownFailure({
  kind: 'throttle',
  code: 'better_record_first',
  message: 'another record with its email is taken first, by the rule of choice',
  field: 'email',
  nothingHappened: true,
});
