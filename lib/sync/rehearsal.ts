// What a step would do, asked of the step itself: it runs as ever, reads the other side, and at the place where it would write anything
// it says what, and ends. So there is no second logic that predicts the first.
//
// Guarantees: nothing is written, here or there. Each place says what it would do before it does it; a place that forgot to is refused
// by the database, because a rehearsal runs in a transaction that may only read.
import type { Db } from '../../db/server/connection.ts';
import type { IntentResult } from '../../db/intents.ts';
import { readLastIntent } from '../../db/intents.ts';
import { isDeepStrictEqual } from 'node:util';
import { loadStep } from '../../db/mappings/load.ts';
import type { Mapping } from '../../db/mappings/mappings.ts';
import type { DeleteDirection } from '../../db/connections.ts';
import { toBeMended, type Damage } from './damage.ts';
import type { Next } from './next.ts';
import type { Outcome } from './outcome.ts';
import type { Step, SyncDeps } from './step.ts';

/** What a step would do. `fields` are ours by name; values are left out on purpose. */
export type Effect =
  | { would: 'nothing'; why: string }
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
  /** Their record becomes a new row here. */
  | { would: 'import' }
  /** What a person has decided is carried out. */
  | { would: 'resolve'; decision: string }
  | { would: 'unknown'; why: string };

/** Ends a step that is only rehearsed. Not an error: nothing failed. */
class Rehearsed extends Error {
  readonly effect: Effect;

  constructor(effect: Effect) {
    super('rehearsed');
    this.effect = effect;
  }
}

/** Said by every place of a step before it writes; only in a rehearsal does it do anything, and then the step ends here. */
export function foresee(deps: Pick<SyncDeps, 'rehearsing'>, effect: () => Effect): void {
  if (deps.rehearsing) throw new Rehearsed(effect());
}

/** The same for a write that the other side may have refused already, in these very terms. */
export async function foreseeWrite(
  deps: SyncDeps,
  step: Step,
  { operation, body, fields }: { operation: 'create' | 'update'; body: object; fields: string[] },
): Promise<void> {
  if (!deps.rehearsing) return;
  const last = await readLastIntent(deps.db, step.mapping.id);
  if (isSame(last, operation, body))
    foresee(deps, () => ({ would: 'refused', operation, code: codeOf(step.mapping) }));
  foresee(deps, () =>
    operation === 'create' ? { would: 'create' } : { would: 'update', there: fields, here: [] },
  );
}

type LastIntent = { operation: string; body: object; result: IntentResult };

function isSame(last: LastIntent | null, operation: string, body: object): boolean {
  // Stored and read back, a body has no members that are undefined.
  const plain: unknown = JSON.parse(JSON.stringify(body));
  return last?.result === 'refused' && last.operation === operation && isDeepStrictEqual(last.body, plain);
}

function codeOf({ reason, lastError }: Mapping): string {
  const code = lastError?.['code'];
  return reason ?? (typeof code === 'string' ? code : 'refused');
}

/** What an outcome that would be settled means for whoever asks. */
export function effectOf({ mapping }: Step, outcome: Outcome): Effect {
  switch (outcome.kind) {
    case 'agreed':
      return { would: 'nothing', why: 'both sides agree' };
    case 'waiting': {
      const { reason, detail } = outcome;
      if (reason === 'fuse') return { would: 'held', direction: detail['direction'] === 'in' ? 'in' : 'out' };
      return { would: 'nothing', why: `it waits: ${reason}` };
    }
    case 'parked': {
      const { reason, detail } = outcome;
      if (reason === 'damaged') return { would: 'unknown', why: toBeMended(detail as unknown as Damage) };
      return { would: 'nothing', why: WHY_PARKED[reason] ?? `it stays parked: ${reason}` };
    }
    case 'ended':
      return {
        would: 'nothing',
        why: mapping.externalId === null ? 'it never got there' : 'the record is gone there: its pair ends',
      };
    case 'stale':
      return { would: 'nothing', why: `the pair is ${mapping.state}` };
    case 'found':
      return { would: 'link', customer: mapping.internalId };
    case 'alias':
      return { would: 'nothing', why: `it is a second record of customer ${outcome.customerId}` };
    case 'alias_stays':
    case 'alias_left':
      return { would: 'nothing', why: 'it is looked at as a second record of its customer' };
    case 'postponed':
      return { would: 'unknown', why: `the system could not be read: ${outcome.failure.code}` };
    case 'abandoned':
      return { would: 'unknown', why: 'its last request has come to nothing: both sides are read again' };
    case 'passed_on':
      return { would: 'unknown', why: 'something came in about another record: that is looked at first' };
    case 'begun_anew':
      return { would: 'create' };
    case 'still_there':
    case 'set_aside':
    case 'refused':
      return { would: 'resolve', decision: mapping.decision?.kind ?? 'none' };
    case 'answered':
      return { would: 'unknown', why: 'its last request has been answered: both sides are read again' };
  }
}

const WHY_PARKED: Record<string, string> = {
  missing: 'the system does not know its counterpart; it stays parked until npx twinbox resolve decides',
  unsendable: 'its external id can stand in no request; it stays parked until npx twinbox resolve decides',
  delete_blocked: 'a subscription blocks its delete there; it stays parked',
};

/** Runs a step of a mapping, as a replay would have it taken, up to where it would write. */
export async function rehearse(
  deps: SyncDeps,
  mapping: Pick<Mapping, 'id' | 'fence'>,
  take: (deps: SyncDeps, step: Step) => Promise<Next>,
): Promise<Effect> {
  try {
    return await deps.db.transaction(
      async (tx): Promise<Effect> => {
        const loaded = await loadStep(tx, mapping.id, mapping.fence);
        if (!loaded) return { would: 'unknown', why: 'a worker is at it right now' };
        const claim = { ...mapping, deadline: Infinity };
        const asked = { ...loaded.mapping, mustRead: true };
        const step: Step = { ...loaded, mapping: asked, claim, attempts: [], startedAt: performance.now() };
        await take({ ...deps, db: tx as Db, rehearsing: true }, step);
        return { would: 'nothing', why: 'there is nothing to be done' };
      },
      { readOnly: true },
    );
  } catch (error) {
    if (error instanceof Rehearsed) return error.effect;
    throw error;
  }
}
