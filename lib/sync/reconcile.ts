// Brings one customer and its counterpart into agreement. Read docs/sync.md beside it: load,
// decide, perform, until it is settled.
//
// Guarantees: at most one effect per intent at the other side; no change of either side is lost,
// and none overwritten without a conflict row; a worker that lost its lease writes nothing more.
// Assumes: the mapping was claimed (lease and fence), and no transaction is open while a call is
// out. A crash between any two actions leaves the mapping dirty, so it is claimed again when the
// lease is over; the open intent, if one was stored, is finished first with the same key and body;
// what was pulled is found as the row's new state.
import { backOffMapping } from '../../db/mappings/claims.ts';
import { fullJitter } from '../backoff.ts';
import { TransformFailure } from '../catalogue/transform-failure.ts';
import { failpoint } from '../failpoint.ts';
import { decide } from './decide.ts';
import { perform } from './perform/perform.ts';
import { load, situationOf, type Claim, type Step, type SyncDeps } from './step.ts';
import { traceStep, type Witness } from './traced-step.ts';

/**
 * A step that begins again this often is not converging; it is logged, and rests a while so that it
 * does not starve other mappings.
 */
const MAX_LOADS = 20;

/** Brings one claimed mapping into agreement, or as far as it can be brought now. */
export function reconcile(deps: SyncDeps, claim: Claim): Promise<void> {
  return traceStep(deps, claim, (witness) => takeSteps(deps, claim, witness));
}

async function takeSteps(deps: SyncDeps, claim: Claim, witness: Witness | null): Promise<void> {
  for (let loads = 1; ; loads++) {
    const step = await load(deps, claim);
    await failpoint('reconcile.loaded');
    if (step) witness?.loaded(step);
    if (!step || (await takeStep(deps, step, witness)) === 'over') return;
    // A change that needs several requests goes on at once; unending.ts bounds it.
    if (step.progress.sent?.intent.more) loads = 0;
    if (loads < MAX_LOADS) continue;
    deps.log.warn('reconcile.not_converging', { mapping: claim.id, passes: MAX_LOADS });
    return rest(deps, step);
  }
}

/** Decides and performs until the step is over, or has to be loaded again. */
async function takeStep(deps: SyncDeps, step: Step, witness: Witness | null): Promise<'load' | 'over'> {
  for (;;) {
    const { rung, action } = decide(situationOf(deps, step));
    witness?.decided(rung);
    // What cannot be carried is met again by the decision about what was written until then.
    const performed = await perform(deps, step, action).catch(toBeDecided);
    if (performed !== 'decide') return performed;
  }
}

function toBeDecided(error: unknown): 'load' {
  if (error instanceof TransformFailure) return 'load';
  throw error;
}

/** Gives the mapping back, but it is not claimed again at once. */
async function rest({ db, clock, policy }: SyncDeps, { claim, mapping }: Step): Promise<void> {
  const wait = 1_000 + fullJitter(mapping.attempts + 1, policy.backoff);
  await backOffMapping(db, claim.id, claim.fence, new Date(clock.now().getTime() + wait));
}
