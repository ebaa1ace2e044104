// Carries out one action of a decision. Each edge between two actions is a place where a worker may
// die: what it leaves stands in the header of the action's own file.
import { releaseMapping } from '../../../db/mappings/claims.ts';
import { failpoint } from '../../failpoint.ts';
import type { Action, OurWrite } from '../action.ts';
import { withFact } from '../facts.ts';
import { settle } from '../settle/settle.ts';
import { linkedWith, type Step, type SyncDeps } from '../step.ts';
import { deleteRow } from './delete-row.ts';
import { takeOver } from './exchange.ts';
import { findOut } from './find-out.ts';
import { importRow } from './import-row.ts';
import { matchRow } from './match-row.ts';
import { NO_ROOM } from './no-room.ts';
import { leaveNotes } from './notes.ts';
import type { Performed } from './performed.ts';
import { pull } from './pull.ts';
import { replace } from './replace.ts';
import { bodyOf, resend, send } from './store-and-send.ts';

/** Carries the action out; what it taught is in the step then. */
export async function perform(
  deps: SyncDeps,
  step: Step,
  action: Action,
): Promise<'decide' | 'load' | 'over'> {
  const performed = await carryOut(deps, step, action);
  await failpoint('action.performed');
  if (performed !== 'no_room') return performed;
  // The lease is too short for another call: the mapping is released unchanged, for the next claim.
  await releaseMapping(deps.db, step.claim.id, step.claim.fence);
  return 'over';
}

async function carryOut(deps: SyncDeps, step: Step, action: Action): Promise<Performed> {
  switch (action.do) {
    case 'ask':
    case 'read':
    case 'look': {
      const answer = await findOut(deps, step, action.fact);
      if (answer === NO_ROOM) return 'no_room';
      step.known = withFact(step.known, action.fact, answer);
      return 'decide';
    }
    case 'write_ours':
      return writeOurs(deps, step, action.ours);
    case 'send':
      return send(deps, step, action.request);
    case 'resend':
      return resend(deps, step, action.intent);
    case 'settle':
      return settleAs(deps, step, action);
    case 'give_back':
      return 'no_room';
    case 'load_again':
      return 'load';
  }
}

function writeOurs(deps: SyncDeps, step: Step, ours: OurWrite): Promise<Performed> {
  switch (ours.write) {
    case 'pull':
      return pull(deps, step, ours.compared);
    case 'delete':
      return deleteRow(deps, step, ours.conflicts);
    case 'import':
      return importRow(deps, step, ours);
    case 'match':
      return matchRow(deps, step, ours);
    case 'exchange':
      return takeOver(deps, step, ours.customerId);
    case 'replace':
      return replace(deps, step, ours);
  }
}

async function settleAs(
  deps: SyncDeps,
  step: Step,
  action: Extract<Action, { do: 'settle' }>,
): Promise<Performed> {
  const { notes = [], unsent, linked } = action;
  await leaveNotes(deps, step, notes);
  let { outcome } = action;
  if (unsent && outcome.kind === 'waiting' && outcome.reason.code === 'writes_off') {
    const { reason } = outcome;
    const detail = { ...reason.detail, body: bodyOf(deps, unsent) };
    outcome = { ...outcome, reason: { ...reason, detail } };
  }
  if ((await settle(deps, step, outcome)) === 'over') return 'over';
  // A row that names itself names this record from now on.
  if (!linked || outcome.kind !== 'found' || step.namesItself) return 'load';
  Object.assign(step, linkedWith(step, outcome.externalId, linked));
  return 'decide';
}
