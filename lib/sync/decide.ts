// What happens to a pair: this is the only place where it is decided, and it is pure. The first
// rung of the ladder that answers wins; docs/sync.md has a table of the same rungs in the same
// order (test/lib/sync/decide/decide.test.ts compares the two).
import { TransformFailure } from '../catalogue/transform-failure.ts';
import type { Action } from './action.ts';
import { NotKnown, sources } from './facts.ts';
import { uncarried } from './failing.ts';
import { agreement } from './rungs/agreement.ts';
import { alias } from './rungs/alias.ts';
import { anotherRecord } from './rungs/another-record.ts';
import { answered } from './rungs/answered.ts';
import { consentAwaited } from './rungs/consent-awaited.ts';
import { covered } from './rungs/covered.ts';
import { create } from './rungs/create.ts';
import { damaged } from './rungs/damaged.ts';
import { decision } from './rungs/decision.ts';
import { rowDeleted } from './rungs/row-deleted.ts';
import { ended } from './rungs/ended.ts';
import { imported } from './rungs/imported.ts';
import { goneMeanwhile } from './rungs/gone-meanwhile.ts';
import { loop } from './rungs/loop.ts';
import { namedRecord } from './rungs/named-record.ts';
import { notWanted } from './rungs/not-wanted.ts';
import { openIntent } from './rungs/open-intent.ts';
import { emailTaken, pull, pullsOff, tableRefuses } from './rungs/pull.ts';
import { push } from './rungs/push.ts';
import { recordMerged } from './rungs/record-merged.ts';
import { recordTaken } from './rungs/record-taken.ts';
import { reportedRecord } from './rungs/reported-record.ts';
import { reference } from './rungs/reference.ts';
import { restored } from './rungs/restored.ts';
import { rowLost } from './rungs/row-lost.ts';
import { sameIdentity } from './rungs/same-identity.ts';
import { missing } from './rungs/missing.ts';
import { recordDeleted } from './rungs/record-deleted.ts';
import { unreadable } from './rungs/unreadable.ts';
import { unmatchedRecord } from './rungs/unmatched-record.ts';
import type { Situation } from './situation.ts';

/** Answers with what is to be done, or null where it says nothing about this situation. */
export type Rung = (s: Situation) => Action | null;

export const ladder = {
  answered,
  imported,
  damaged,
  openIntent,
  anotherRecord,
  covered,
  alias,
  restored,
  ended,
  consentAwaited,
  unmatchedRecord,
  rowLost,
  rowDeleted,
  decision,
  loop,
  reference,
  recordTaken,
  namedRecord,
  reportedRecord,
  notWanted,
  sameIdentity,
  create,
  recordMerged,
  unreadable,
  missing,
  goneMeanwhile,
  recordDeleted,
  tableRefuses,
  pullsOff,
  emailTaken,
  pull,
  push,
  agreement,
} satisfies Record<string, Rung>;

export type RungName = keyof typeof ladder;

export interface Decision {
  /** The rung that answered. */
  rung: RungName;
  action: Action;
}

/**
 * What is to be done about the pair now, and the rung that says so. Throws where no rung answers:
 * the last one always does.
 */
export function decide(situation: Situation): Decision {
  for (const [rung, answers] of Object.entries(ladder) as [RungName, Rung][]) {
    const action = answer(answers, situation);
    if (action) return { rung, action };
  }
  throw new Error('no rung of the ladder answers');
}

/**
 * A rung that lacks a fact answers with the action that finds it out; one that needs a value which a
 * transform of the user's own cannot carry parks the pair.
 */
function answer(rung: Rung, situation: Situation): Action | null {
  try {
    return rung(situation);
  } catch (error) {
    if (error instanceof NotKnown) return { do: sources[error.fact.about], fact: error.fact };
    if (error instanceof TransformFailure) return uncarried(error);
    throw error;
  }
}
