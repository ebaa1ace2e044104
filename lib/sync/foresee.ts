// What would be done about a pair now, asked of `decide` itself: facts are found out as ever, and
// the first action that would change anything is the answer. So no second logic predicts the first.
//
// Guarantees: nothing is written, here or at the system: only facts are found out, in a transaction
// that may only read.
import { isDeepStrictEqual } from 'node:util';
import type { DeleteDirection } from '../../db/connections.ts';
import { readLastIntent, readLastIntents, type LastIntent } from '../../db/closed-intents.ts';
import { loadStep, loadSteps, type LoadedStep } from '../../db/mappings/load.ts';
import type { Mapping, OpenIntent } from '../../db/mappings/mappings.ts';
import { codeOf as codeOfReason } from '../../db/mappings/reason.ts';
import type { Db } from '../../db/server/connection.ts';
import type { OurWrite, Request } from './action.ts';
import { decide, type Decision, type RungName } from './decide.ts';
import { NOT_KNOWN, ofOutcome, unknown, type Effect } from './effect.ts';
import { withFact } from './facts.ts';
import { wouldDelete } from './fuse.ts';
import { restoredIn } from './groups.ts';
import { findOut } from './perform/find-out.ts';
import { NO_ROOM } from './perform/no-room.ts';
import { bodyOf } from './perform/store-and-send.ts';
import { beginNamed, situationOf, type Step, type SyncDeps } from './step.ts';

export type { Effect } from './effect.ts';

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
      const looking: Looking = {
        ...{ ...deps, db: tx as Db, onlyLooking: true },
        lastIntentOf: (mapping) => readLastIntent(tx as Db, mapping),
      };
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
      const last = await readLastIntents(tx as Db, ids);
      const looking: Looking = {
        ...{ ...deps, db: tx as Db, onlyLooking: true },
        lastIntentOf: (mapping) => Promise.resolve(last.get(mapping) ?? null),
      };
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

/** `lastIntentOf`: the intent of a pair that was closed last. */
type Looking = SyncDeps & { lastIntentOf: (mapping: number) => Promise<LastIntent | null> };

const AT_WORK = 'a worker is at it right now';
const MOVED = 'something has moved meanwhile: ask again';

function askedToRead(loaded: LoadedStep): LoadedStep {
  return { ...loaded, mapping: { ...loaded.mapping, mustRead: true } };
}

async function look(
  deps: Looking,
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

async function effectOf(deps: Looking, step: Step, { action }: Decision): Promise<Effect> {
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

async function ofRequest(deps: Looking, step: Step, request: Request): Promise<Effect> {
  if (request.operation === 'delete') return ofDelete(deps, step, 'out', { would: 'delete' });
  const { operation, ours, beside } = request;
  const last = await deps.lastIntentOf(step.mapping.id);
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

function neededFirst(needs: 'read' | 'look'): Effect {
  const why = needs === 'read' ? 'their record is read first' : 'their records are searched first';
  return { would: 'unknown', why, needs };
}
