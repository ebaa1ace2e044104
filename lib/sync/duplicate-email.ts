// Their record has the email of another of our rows. Before that is called a conflict, the row's own record is read again: it may
// have moved on too, and only its webhook is late. That is asked once; who still has the email then keeps it, unless that one is
// itself waiting for a third: then emails move along a chain, whose end has to be written first. In a circle nobody is first, so
// the waits are counted.
import { findByEmail, type Candidate } from '../../db/mappings/adopt.ts';
import { askForRead } from '../../db/inbound.ts';
import { readMapping, type Mapping } from '../../db/mappings/mappings.ts';
import { ownFailure } from '../integrations/own-failure.ts';
import { postpone } from './failing.ts';
import { foresee } from './rehearsal.ts';
import type { Next } from './next.ts';
import type { Step, SyncDeps } from './step.ts';

const CODE = 'email_moves';
/** Long enough for the other pair's own step. */
const WAIT_MS = 2_000;

/** Chains of so many are followed to their end; the back-off of the last wait is half a minute. */
const MAX_WAITS = 5;

/** Asks whether the row that has the email still has it there; null once that was asked, or where nobody can be asked. */
export async function askHolder(deps: SyncDeps, step: Step, email: string): Promise<Next | null> {
  const { mapping } = step;
  const holder: Candidate | null = await findByEmail(deps.db, mapping, email);
  if (!holder) return 'again'; // it has just let go
  if (holder.externalId === null || holder.mappingId === null) return null;
  foresee(deps, () => ({ would: 'unknown', why: moving.message }));
  const { system, externalType } = mapping;
  const now = deps.clock.now();
  if (!waits(mapping)) {
    await askForRead(deps.db, { system, externalType, externalId: holder.externalId, now });
  } else {
    const other = await readMapping(deps.db, holder.mappingId);
    if (!other || !waits(other) || mapping.attempts >= MAX_WAITS) return null;
  }
  return postpone(deps, step, moving, { notBefore: new Date(now.getTime() + WAIT_MS) });
}

function waits({ lastError }: Mapping): boolean {
  return lastError?.['code'] === CODE;
}

/** Not a failure: a wait that never parks. */
const moving = ownFailure({
  kind: 'throttle',
  code: CODE,
  message: 'another customer has the email; whether it has moved on there is being read',
  field: 'email',
  nothingHappened: true,
});
