// Foresees the next steps of a pair if every fact that they need is known already: `decide` answers
// the action, and the result of the action is put into the situation as a worker's step does it.
// Nothing is written, no statement runs and no system is called, so this works for thousands of
// pairs.
import type { LoadedStep } from '../../db/mappings/load.ts';
import type { Action } from './action.ts';
import { decide } from './decide.ts';
import { withFact, type Fact, type FactName, type Facts } from './facts.ts';
import { effectsOf } from './settle/writes.ts';
import { beginStep, linkedWith, situationOf, type Step, type SyncDeps } from './step.ts';
import type { Situation } from './situation.ts';

export interface Ahead {
  /** The first action that ends the look: it writes, sends or settles, or finds out what is not known. */
  action: Action;
  /** What it was decided from. */
  situation: Situation;
}

/** Answers a fact; undefined where it is not known. */
export type KnownFacts = (fact: Fact) => Facts[FactName]['answer'] | undefined;

/** Nothing of it is asked: no lease is taken and no call made. */
const NO_CLAIM = { id: 0, fence: 0, deadline: Infinity };

/** A pair that is put off is looked at again this often; one that waits for a moment is done by then. */
const MOST_STEPS = 8;

export function lookAhead(deps: SyncDeps, loaded: LoadedStep, answerOf: KnownFacts): Ahead {
  let step = beginStep(loaded, NO_CLAIM);
  for (let steps = 1; ;) {
    const situation = situationOf(deps, step);
    const { action } = decide(situation);
    const found = answered(action, answerOf);
    if (found) {
      step.known = withFact(step.known, found.fact, found.answer);
      continue;
    }
    if (action.do !== 'settle') return { action, situation };
    const { outcome, linked } = action;
    if (outcome.kind === 'found' && linked) {
      Object.assign(step, linkedWith(step, outcome.externalId, linked));
      continue;
    }
    if (outcome.kind !== 'postponed' || steps >= MOST_STEPS) return { action, situation };
    steps += 1;
    step = beginStep(putOff(deps, step, outcome), NO_CLAIM);
  }
}

function answered(
  action: Action,
  answerOf: KnownFacts,
): { fact: Fact; answer: Facts[FactName]['answer'] } | null {
  if (action.do !== 'ask' && action.do !== 'read' && action.do !== 'look') return null;
  const answer = answerOf(action.fact);
  return answer === undefined ? null : { fact: action.fact, answer };
}

/** The pair as the step after it loads it. */
function putOff(
  { entity, integration, policy, clock }: SyncDeps,
  { mapping, row, deliveries, lastIntent }: Step,
  outcome: Parameters<typeof effectsOf>[3],
): LoadedStep {
  const loaded = { mapping, row, deliveries, lastIntent };
  const effects = effectsOf(
    { rules: integration.document.fields, entity },
    policy,
    loaded,
    outcome,
    clock.now(),
  );
  return { ...loaded, mapping: { ...mapping, ...effects.mapping } };
}
