// What a loss calls for: events that a feed with a cursor will never give (lib/intake/follow.ts) are
// found by their effects. Every pair is compared with what the system answers now, as `twinbox verify
// --repair` does, and what differs is raised; the engine then reads it and decides as always. So a
// record that the list does not show is read by its id first, and never counts as deleted because it is
// absent.
//
// A list has no window of the time of edits, so the whole account is compared, whatever the window of
// the loss. It begins once the feed has a cursor again: what changes after that is reported. Status,
// /ready and doctor show the loss until the end of the comparison.
//
// What a crash leaves behind: before the end nothing but raised pairs, for which the engine does no
// more than a read; the loss stands, and the comparison begins again. A loss that comes while the
// comparison runs is counted (`losses`), so the end of this one does not end that one.
import { endLoss } from '../../db/feed-cursors.ts';
import { readSweep, type Sweep } from '../../db/sweep.ts';
import { AppError } from '../errors.ts';
import { failpoint } from '../failpoint.ts';
import type { ExternalRecord, Integration } from '../integrations/integration.ts';
import { createLease } from '../lease.ts';
import { paced } from '../limits/paced.ts';
import { findRest } from '../limits/rest.ts';
import { sleep } from '../loop.ts';
import type { SyncDeps } from '../sync/step.ts';
import { compareAll } from './comparison.ts';
import { storeReceipt } from './receipts.ts';
import { raiseFound } from './repair.ts';

const LEASE_MS = 30_000;
/** The share of the account's rate that the comparison may use, so that edits are still sent. */
const SHARE = 0.5;
const ACTOR = 'twinbox';

/** Whether the loss was ended; `none` if there is none, or if it cannot be compared now. */
export type LossRun = 'none' | 'compared' | 'lost_again';

/** Compares every pair if events are lost. Throws the errors of the system; the loss then stands. */
export async function compareLost(deps: SyncDeps, signal: AbortSignal): Promise<LossRun> {
  const { db, integration } = deps;
  const { system, feed } = integration;
  if (feed?.by !== 'cursor') return 'none';
  const known = await readSweep(db, system);
  if (!known || !isToCompare(known) || (await findRest(deps, integration))) return 'none';
  const lease = createLease({ db, name: `comparison:${system}:${known.account}`, lengthMs: LEASE_MS });
  if ((await lease.take()) === null) return 'none';
  try {
    // Another worker may have compared before this one got the lease.
    const loss = await readSweep(db, system);
    if (!loss || !isToCompare(loss)) return 'none';
    return await compareAndEnd(deps, loss, () => lease.isHeld() && !signal.aborted);
  } finally {
    await lease.release();
  }
}

function isToCompare({ paused, lostFrom, lostWhy, cursor }: Sweep): boolean {
  return !paused && lostFrom !== null && lostWhy !== null && cursor !== null;
}

async function compareAndEnd(deps: SyncDeps, loss: Sweep, goesOn: () => boolean): Promise<LossRun> {
  const { db, clock, integration, policy, log } = deps;
  const { system } = integration;
  const { account, losses, lostFrom: from, lostTo: to, lostWhy: why } = loss;
  log.info('feed.comparing', { system, from, to, why });
  const limited = paced(integration, { db, clock, account, rates: policy.rates, log });
  const restMs = policy.rates ? 1_000 / (policy.rates.account * SHARE) : 0;
  const beganAt = clock.now();
  const report = await compareAll({ ...deps, integration: unhurried(limited, { restMs, goesOn }) });
  await storeReceipt(deps, report, { beganAt, actor: ACTOR });
  const asked = await raiseFound(deps, report, { actor: ACTOR, unsureToo: true });
  await failpoint('compare-lost.before-end');
  const ended = goesOn() && (await endLoss(db, { system, account, losses }));
  const { pairs, records, left } = asked;
  const counts = { agree: report.agree, pairs: pairs.length, records: records.length, left: left.length };
  log.info('feed.compared', { system, ended, ...counts });
  return ended ? 'compared' : 'lost_again';
}

/** With a rest after each page. Breaks off by an error: half a list must not look like a whole one. */
function unhurried(
  integration: Integration,
  { restMs, goesOn }: { restMs: number; goesOn: () => boolean },
): Integration {
  return {
    ...integration,
    async *list(window): AsyncGenerator<ExternalRecord[]> {
      for await (const page of integration.list(window)) {
        if (!goesOn()) throw new AppError('aborted', { detail: 'the comparison was broken off' });
        yield page;
        if (restMs > 0) await sleep(restMs);
      }
    },
  };
}
