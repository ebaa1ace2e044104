// What an outcome that would be settled does, in the terms of a plan.
import type { DeleteDirection } from '../../db/connections.ts';
import type { Mapping } from '../../db/mappings/mappings.ts';
import { codeOf as codeOfReason } from '../../db/mappings/reason.ts';
import type { Action } from './action.ts';
import { howToFix } from './damage.ts';
import type { Outcome } from './settle/outcome.ts';
import type { Step } from './step.ts';

/** What would be done. `fields` are ours by name; values are left out on purpose. */
export type Effect =
  /** `waits`: the reason with which the pair would wait. */
  | { would: 'nothing'; why: string; waits?: string }
  /** `again`: the request that is open is sent once more, as it was. */
  | { would: 'create'; again?: true }
  | { would: 'delete'; again?: true }
  | { would: 'update'; there: string[]; here: string[]; again?: true }
  /** Their deletion is taken over: our row is deleted. */
  | { would: 'delete_here' }
  /** The fuse holds the delete. */
  | { would: 'held'; direction: DeleteDirection }
  /** The same request again that was refused before: nothing has changed since. */
  | { would: 'refused'; operation: 'create' | 'update'; code: string }
  /** Two that were apart become a pair. */
  | { would: 'link'; customer: number | null }
  /** Their record becomes a new row of ours. */
  | { would: 'import' }
  /** What a person has decided is carried out. */
  | { would: 'resolve'; decision: string }
  /** `needs`: what of the system has to be known first, where it was not to be called. */
  | { would: 'unknown'; why: string; needs?: 'read' | 'look' };

export const NOT_KNOWN =
  'what its last request did is not known: that is looked for first, and nothing is sent twice';

/** The effect of an outcome that would be settled. */
export function ofOutcome({ mapping }: Step, { outcome }: Extract<Action, { do: 'settle' }>): Effect {
  switch (outcome.kind) {
    case 'agreed':
      return nothing('both sides agree');
    case 'waiting': {
      const { reason } = outcome;
      if (reason.code === 'fuse') return { would: 'held', direction: reason.detail.direction };
      return { ...nothing(`it waits: ${reason.code}`), waits: reason.code };
    }
    case 'parked': {
      const { reason } = outcome;
      if (reason.code === 'damaged') return unknown(howToFix(reason.detail));
      const code = codeOfReason(reason);
      return nothing(WHY_PARKED[code] ?? `it stays parked: ${code}`);
    }
    case 'not_wanted':
      return { ...nothing(notWanted(mapping, outcome.field)), waits: 'not_wanted' };
    case 'ended':
      if (outcome.succeeded) return nothing('its record is gone there: the customer gets a new pair');
      return nothing(
        mapping.externalId === null ? 'it never got there' : 'the record is gone there: its pair ends',
      );
    case 'stale':
      return nothing(`the pair is ${mapping.state}`);
    case 'found':
      return { would: 'link', customer: mapping.internalId };
    case 'alias':
      return nothing(`it is a second record of customer ${outcome.customerId}`);
    case 'restored':
      return nothing(
        outcome.to === 'alone' ? 'it waits: restored' : 'its record lives again: both sides are read again',
      );
    case 'moved':
      return { would: 'link', customer: mapping.internalId };
    case 'merged_waits':
      return { ...nothing(`it waits: ${outcome.reason.code}`), waits: outcome.reason.code };
    case 'merged_away':
      return nothing('its record is a part of another record there now');
    case 'alias_stays':
    case 'alias_left':
      return nothing('it is looked at as a second record of its customer');
    case 'postponed':
      return unknown(whyPostponed(outcome));
    case 'begun_anew':
      return { would: 'create' };
    case 'still_there':
    case 'set_aside':
    case 'refused':
      return { would: 'resolve', decision: mapping.decision?.kind ?? 'none' };
    case 'abandoned':
      return unknown('its last request has come to nothing: both sides are read again');
    case 'answered':
      return unknown('its last request has been answered: both sides are read again');
    case 'covered':
      return unknown('an edit of theirs that our write covered is kept as a conflict first');
    case 'passed_on':
      return unknown('something came in about another record: that is looked at first');
  }
}

function notWanted({ externalId }: Mapping, field: string): string {
  const what = externalId === null ? 'no record is made' : 'the record stays as it is';
  return `the condition of the mapping leaves the customer out by its ${field}: ${what}`;
}

function whyPostponed({ failure }: Extract<Outcome, { kind: 'postponed' }>): string {
  const isOurWait = failure.kind === 'throttle' || failure.kind === 'quota' || failure.kind === 'conflict';
  if (isOurWait && failure.status === null) return failure.message;
  return failure.kind === 'indeterminate' ? NOT_KNOWN : `the system could not be read: ${failure.code}`;
}

const WHY_PARKED: Record<string, string> = {
  missing: 'the system does not know its counterpart; it stays parked until npx twinbox resolve decides',
  unsendable: 'its external id can stand in no request; it stays parked until npx twinbox resolve decides',
  delete_blocked: 'a subscription blocks its delete there; it stays parked',
};

export function nothing(why: string): Extract<Effect, { would: 'nothing' }> {
  return { would: 'nothing', why };
}

export function unknown(why: string): Effect {
  return { would: 'unknown', why };
}
