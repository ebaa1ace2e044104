// The repair behind `twinbox verify --repair`: each pair that a comparison found to differ is
// raised, and the engine looks at it by the same rules as at any change, one customer at a time.
// The repair itself decides nothing. For a pair that was raised twice, or that agrees by then, the
// engine does no more than a read. A crash in the middle leaves some pairs raised; the next
// comparison finds the rest.
import { withTransaction } from '../../db/server/connection.ts';
import { targetOf } from '../sync/kinds.ts';
import { askForRead } from '../../db/inbound.ts';
import { raiseMappings } from '../../db/mappings/dirty.ts';
import { recordAction } from '../../db/operator-actions.ts';
import { forgetLost } from '../../db/sweep.ts';
import { urgencies } from '../../db/urgency.ts';
import type { Comparison, Finding } from './comparison.ts';
import type { SyncDeps } from '../sync/step.ts';

export interface Asked {
  /** Pairs that differ, or whose record was not found; they are raised. */
  pairs: Finding[];
  /**
   * Records that our table did not know, which are raised: records with our owner tag, and records
   * that were created since this database receives events and that no event reported.
   */
  records: string[];
  /** Pairs that have ended; nothing brings their two sides together again. */
  left: Finding[];
}

const AT_ONCE = 500;

/**
 * Raises everything that a comparison found to differ. `comparedSince` is when the comparison
 * began; `actor` asks for the repair.
 */
export async function repair(
  deps: SyncDeps,
  report: Comparison,
  { comparedSince, actor }: { comparedSince: Date; actor: string },
): Promise<Asked> {
  const asked = await raiseFound(deps, report, { actor });
  // Events that the sweep could not receive any more are covered: all records were compared.
  await forgetLost(deps.db, deps.integration.system, comparedSince);
  logAsked(deps, asked);
  return asked;
}

/** Pairs with other work that might end without a read. */
const UNSURE: readonly Finding['kind'][] = ['pending', 'parked', 'waiting', 'alias', 'held'];

/**
 * Raises what a comparison found to differ. `unsureToo`: also the pairs that it could not judge, as an
 * event about each of their records would have done.
 */
export async function raiseFound(
  deps: SyncDeps,
  report: Comparison,
  { actor, unsureToo = false }: { actor: string; unsureToo?: boolean },
): Promise<Asked> {
  const { db, clock, integration } = deps;
  const { system, document } = integration;
  const drifting = report.findings.filter(({ kind }) => kind === 'drift');
  const left = drifting.filter(({ why }) => why.endsWith('_but_alive_here'));
  // A pair whose record was not found is raised too: a step parks it with its reason, and a person
  // can decide about it.
  const missing = report.findings.filter(({ kind }) => kind === 'missing');
  const unsure = report.findings.filter(({ kind }) => unsureToo && UNSURE.includes(kind));
  const pairs = [...drifting, ...missing, ...unsure].filter(
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
  if (records.length > 0)
    await withTransaction(db, async (tx) => {
      const by = { action: 'repair', system, actor, reason: null, at: clock.now() };
      await recordAction(tx, { ...by, detail: { records: records.length } });
    });
  for (const externalId of records)
    await askForRead(db, {
      ...targetOf({ system, document }),
      externalId,
      now: clock.now(),
      urgency: urgencies.housekeeping,
    });
  return { pairs, records, left };
}

function logAsked({ integration: { system }, log }: SyncDeps, { pairs, records, left }: Asked): void {
  log.info('repair.asked', { system, pairs: pairs.length, records: records.length, left: left.length });
}
