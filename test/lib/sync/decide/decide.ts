// Asks `decide` until it answers with an action that is no question, and which other rungs would have answered too.
import { isDeepStrictEqual } from 'node:util';
import type { Action } from '../../../../lib/sync/action.ts';
import { decide, ladder, type Decision, type Rung, type RungName } from '../../../../lib/sync/decide.ts';
import { NotKnown, withFact } from '../../../../lib/sync/facts.ts';
import type { Situation } from '../../../../lib/sync/situation.ts';
import { answerOf, type World } from './worlds.ts';

/** More questions than this about one pair would be a decision that does not end. */
const MOST_QUESTIONS = 30;

export interface Decided extends Decision {
  /** With all that was found out. */
  situation: Situation;
}

export function decideIn(world: World, situation: Situation): Decided {
  let asked = situation;
  for (let questions = 0; questions <= MOST_QUESTIONS; questions++) {
    const decided = decide(asked);
    const { action } = decided;
    if (action.do !== 'ask' && action.do !== 'read' && action.do !== 'look')
      return { ...decided, situation: asked };
    asked = { ...asked, known: withFact(asked.known, action.fact, answerOf(world, action.fact)) };
  }
  throw new Error(`no answer after ${MOST_QUESTIONS} questions`);
}

/** What each rung answers by itself, with the whole world known to it. */
export function answersOf(world: World, situation: Situation): Map<RungName, Action> {
  const answers = new Map<RungName, Action>();
  for (const [rung, ask] of Object.entries(ladder) as [RungName, Rung][]) {
    const action = answerBy(ask, world, situation);
    if (action) answers.set(rung, action);
  }
  return answers;
}

function answerBy(rung: Rung, world: World, situation: Situation): Action | null {
  let asked = situation;
  for (let questions = 0; questions <= MOST_QUESTIONS; questions++) {
    try {
      return rung(asked);
    } catch (error) {
      if (!(error instanceof NotKnown)) throw error;
      asked = { ...asked, known: withFact(asked.known, error.fact, answerOf(world, error.fact)) };
    }
  }
  throw new Error('no answer');
}

export function isSame(one: Action, other: Action): boolean {
  return isDeepStrictEqual(one, other);
}
