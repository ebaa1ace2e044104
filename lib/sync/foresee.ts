// What would be done about a pair now, asked of `decide` itself: facts are found out as ever, and
// the first action that would change anything is the answer. So no second logic predicts the first.
//
// Guarantees: nothing is written, here or at the system: only facts are found out, in a transaction
// that may only read.
import { isDeepStrictEqual } from 'node:util';
import type { DeleteDirection } from '../../db/connections.ts';
import { readLastIntent, type IntentResult } from '../../db/closed-intents.ts';
import { loadStep, loadSteps, type LoadedStep } from '../../db/mappings/load.ts';
import type { Mapping, OpenIntent } from '../../db/mappings/mappings.ts';
import { codeOf as codeOfReason } from '../../db/mappings/reason.ts';
import type { Db } from '../../db/server/connection.ts';
import type { Action, OurWrite, Request } from './action.ts';
import { howToFix } from './damage.ts';
import { decide, type Decision, type RungName } from './decide.ts';
import { withFact } from './facts.ts';
import { wouldDelete } from './fuse.ts';
import { restoredIn } from './groups.ts';
import { findOut } from './perform/find-out.ts';
import { NO_ROOM } from './perform/no-room.ts';
import { bodyOf } from './perform/store-and-send.ts';
import type { Outcome } from './settle/outcome.ts';
import { beginNamed, situationOf, type Step, type SyncDeps } from './step.ts';

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

export interface Foreseen {
  /** null where nothing could be decided: the pair is not there any more, or has moved. */
  rung: RungName | null;
  effect: Effect;
  /** What the decision was made from. */
  step: Step | null;
}

export interface Asking {
  /** As a replay has it: their record is read, whatever is known of it. */
  mustRead: boolean;
  /** False: the system is not called. A decision that needs a call ends with the effect `unknown`. */
  mayCall?: boolean;
}

/** Decides about a mapping as it stands. */
export async function foresee(
  deps: SyncDeps,
  { id, fence }: Pick<Mapping, 'id' | 'fence'>,
  { mustRead, mayCall = true }: Asking,
): Promise<Foreseen> {
  return deps.db.transaction(
    async (tx): Promise<Foreseen> => {
      const looking: SyncDeps = { ...deps, db: tx as Db, onlyLooking: true };
      const loaded = await loadStep(looking.db, id, fence);
      if (!loaded) return { rung: null, effect: unknown(AT_WORK), step: null };
      return look(looking, mustRead ? askedToRead(loaded) : loaded, { id, fence }, mayCall);
    },
    { readOnly: true },
  );
}

/**
 * Decides about several mappings as they stand, by what is stored: no system is called. The effects by
 * the ids of the mappings that are there.
 */
export async function foreseeStored(deps: SyncDeps, ids: readonly number[]): Promise<Map<number, Effect>> {
  return deps.db.transaction(
    async (tx) => {
      const looking: SyncDeps = { ...deps, db: tx as Db, onlyLooking: true };
      const effects = new Map<number, Effect>();
      for (const loaded of await loadSteps(looking.db, ids)) {
        const { id, fence } = loaded.mapping;
        effects.set(id, (await look(looking, loaded, { id, fence }, false)).effect);
      }
      return effects;
    },
    { readOnly: true },
  );
}

const AT_WORK = 'a worker is at it right now';
const MOVED = 'something has moved meanwhile: ask again';
const NOT_KNOWN =
  'what its last request did is not known: that is looked for first, and nothing is sent twice';

function askedToRead(loaded: LoadedStep): LoadedStep {
  return { ...loaded, mapping: { ...loaded.mapping, mustRead: true } };
}

async function look(
  deps: SyncDeps,
  loaded: LoadedStep,
  claim: Pick<Mapping, 'id' | 'fence'>,
  mayCall: boolean,
): Promise<Foreseen> {
  const step = await beginNamed(deps, loaded, { ...claim, deadline: Infinity });
  for (;;) {
    const { rung, action } = decide(situationOf(deps, step));
    const isToFindOut = action.do === 'ask' || action.do === 'read' || action.do === 'look';
    if (!isToFindOut || action.fact.about === 'createdRecord')
      return { rung, step, effect: await effectOf(deps, step, { rung, action }) };
    if (!mayCall && action.do !== 'ask') return { rung, step, effect: neededFirst(action.do) };
    const answer = await findOut(deps, step, action.fact);
    if (answer === NO_ROOM) return { rung, step, effect: unknown(MOVED) };
    step.known = withFact(step.known, action.fact, answer);
  }
}

async function effectOf(deps: SyncDeps, step: Step, { action }: Decision): Promise<Effect> {
  switch (action.do) {
    case 'ask':
    case 'read':
    case 'look':
      return unknown(NOT_KNOWN);
    case 'write_ours':
      return ofOurWrite(deps, step, action.ours);
    case 'send':
      return ofRequest(deps, step, action.request);
    case 'resend':
      return ofResend(action.intent);
    case 'settle':
      return ofOutcome(step, action);
    case 'give_back':
      return unknown('the system cannot be asked right now');
    case 'load_again':
      return unknown(MOVED);
  }
}

async function ofOurWrite(deps: SyncDeps, step: Step, ours: OurWrite): Promise<Effect> {
  switch (ours.write) {
    case 'pull':
      return {
        would: 'update',
        there: Object.keys(ours.compared.plan.push),
        here: Object.keys(ours.compared.plan.pull),
      };
    case 'delete':
      return ofDelete(deps, step, 'in', { would: 'delete_here' });
    case 'import':
      return { would: 'import' };
    case 'match':
      return { would: 'link', customer: ours.row.customerId };
    case 'exchange':
      return { would: 'link', customer: ours.customerId };
    case 'replace':
      return { would: 'resolve', decision: step.mapping.decision?.kind ?? 'none' };
  }
}

async function ofRequest(deps: SyncDeps, step: Step, request: Request): Promise<Effect> {
  if (request.operation === 'delete') return ofDelete(deps, step, 'out', { would: 'delete' });
  const { operation, ours, beside } = request;
  const last = await readLastIntent(deps.db, step.mapping.id);
  if (isSame(last, operation, bodyOf(deps, request)))
    return { would: 'refused', operation, code: codeOf(step.mapping) };
  return operation === 'create'
    ? { would: 'create' }
    : { would: 'update', there: Object.keys({ ...ours, ...restoredIn(beside) }), here: [] };
}

async function ofDelete(
  deps: SyncDeps,
  { mapping }: Step,
  direction: DeleteDirection,
  goes: Effect,
): Promise<Effect> {
  return (await wouldDelete(deps, mapping, direction)) ? goes : { would: 'held', direction };
}

function ofResend({ operation, fields, beside }: OpenIntent): Effect {
  return operation === 'update'
    ? { would: 'update', there: Object.keys({ ...fields, ...restoredIn(beside) }), here: [], again: true }
    : { would: operation, again: true };
}

type LastIntent = { operation: string; body: object; result: IntentResult };

function isSame(last: LastIntent | null, operation: string, body: object): boolean {
  // Stored and read back, a body has no members that are undefined.
  const plain: unknown = JSON.parse(JSON.stringify(body));
  return last?.result === 'refused' && last.operation === operation && isDeepStrictEqual(last.body, plain);
}

function codeOf({ reason, lastError }: Mapping): string {
  if (reason) return codeOfReason(reason);
  const code = lastError?.['code'];
  return typeof code === 'string' ? code : 'refused';
}

/** The effect of an outcome that would be settled. */
function ofOutcome({ mapping }: Step, { outcome }: Extract<Action, { do: 'settle' }>): Effect {
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

function nothing(why: string): Extract<Effect, { would: 'nothing' }> {
  return { would: 'nothing', why };
}

function unknown(why: string): Effect {
  return { would: 'unknown', why };
}

function neededFirst(needs: 'read' | 'look'): Effect {
  const why = needs === 'read' ? 'their record is read first' : 'their records are searched first';
  return { would: 'unknown', why, needs };
}
