// The repair behind `twinbox verify --repair`: what a comparison found apart is looked at again by
// the engine itself, one customer at a time and by the same rules as any change. Nothing is decided
// here. Asking twice, or for what has come together by then, is a read and no more. A crash in the
// middle leaves a part asked for; the next comparison finds the rest.
import { withTransaction } from '../../db/server/connection.ts';
import { askForRead } from '../../db/inbound.ts';
import { raiseMappings } from '../../db/mappings/dirty.ts';
import { recordAction } from '../../db/operator-actions.ts';
import { forgetLost } from '../../db/sweep.ts';
import { urgencies } from '../../db/urgency.ts';
import type { Comparison, Finding } from './comparison.ts';
import type { SyncDeps } from '../sync/step.ts';

export interface Asked {
  /** Pairs that drift, or whose record was not found, are looked at again. */
  pairs: Finding[];
  /**
   * Their records that our table did not know: with our owner tag, or made since this database
   * receives events and never reported by one.
   */
  records: string[];
  /** Pairs that have ended, which nothing brings together again. */
  left: Finding[];
}

const AT_ONCE = 500;

/**
 * Asks for everything that a comparison found apart. `comparedSince` is when it began; `actor` is
 * who asks.
 */
export async function repair(
  deps: SyncDeps,
  report: Comparison,
  { comparedSince, actor }: { comparedSince: Date; actor: string },
): Promise<Asked> {
  const { db, clock, integration, log } = deps;
  const { system, document } = integration;
  const drifting = report.findings.filter(({ kind }) => kind === 'drift');
  const left = drifting.filter(({ why }) => why.endsWith('_but_alive_here'));
  // A pair whose record was not found is looked at too: it is parked by its reason then, and a
  // person can decide about it.
  const missing = report.findings.filter(({ kind }) => kind === 'missing');
  const pairs = [...drifting, ...missing].filter(
    (finding) => finding.mapping !== null && !left.includes(finding),
  );
  const lost = drifting.flatMap(({ mapping, externalId }) =>
    mapping === null && externalId ? [externalId] : [],
  );
  const records = [...lost, ...report.notReceived];
  const ids = pairs.flatMap(({ mapping }) => mapping ?? []);
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const page = ids.slice(from, from + AT_ONCE);
    const now = clock.now();
    await withTransaction(db, async (tx) => {
      await raiseMappings(tx, { ids: page, now, mustRead: true, urgency: urgencies.housekeeping });
      await recordAction(tx, {
        ...{ action: 'repair', system, actor, reason: null, at: now },
        detail: { pairs: page.length },
        pairs: page.map((mappingId) => ({ mappingId, eventId: null })),
      });
    });
  }
  for (const externalId of records)
    await askForRead(db, {
      system,
      externalType: document.externalType,
      externalId,
      now: clock.now(),
      urgency: urgencies.housekeeping,
    });
  // What the sweep could never receive has been compared, and asked for.
  await forgetLost(db, system, comparedSince);
  log.info('repair.asked', { system, pairs: ids.length, records: records.length, left: left.length });
  return { pairs, records, left };
}
