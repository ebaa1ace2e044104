// Decides about the unmatched records of an account: each becomes a customer, or stays without one.
//
// The decision is kept with the record, whatever the settings say later; workers carry it out by
// the ordinary step (lib/sync/rungs/unmatched-record.ts), after all other work. A crash between two
// pages leaves some records decided, and the same call decides the rest.
import { withTransaction, type Tx } from '../../db/server/connection.ts';
import { decideRecords, listUndecided, type Decision, type RecordPlace } from '../../db/external-records.ts';
import { askForNewRecords, raiseRecords } from '../../db/mappings/first-link.ts';
import { urgencies } from '../../db/urgency.ts';
import type { SyncDeps } from '../sync/step.ts';

const AT_ONCE = 500;

/**
 * Decides about every unmatched record. `actor` is the person who decided. Returns how many
 * records.
 */
export async function decideUnmatched(
  { db, clock }: Pick<SyncDeps, 'db' | 'clock'>,
  place: RecordPlace,
  decision: Decision,
  actor: string,
): Promise<number> {
  let decided = 0;
  for (let after = ''; ;) {
    const externalIds = await listUndecided(db, place, { decision, after, limit: AT_ONCE });
    const asked = { externalIds, decision, actor, now: clock.now() };
    decided += await withTransaction(db, (tx) => decideSome(tx, place, asked));
    const last = externalIds.at(-1);
    if (last === undefined || externalIds.length < AT_ONCE) return decided;
    after = last;
  }
}

/** Decides about some records, and makes workers carry it out. Returns for how many it is new. */
export async function decideSome(
  tx: Tx,
  place: RecordPlace,
  {
    externalIds,
    decision,
    actor,
    now,
  }: { externalIds: string[]; decision: Decision; actor: string; now: Date },
): Promise<number> {
  const decided = await decideRecords(tx, place, { externalIds, decision, actor, now });
  const about = { ...place, externalIds, urgency: urgencies.bulk, now } as const;
  if (decision === 'leave') await raiseRecords(tx, { ...about, reasons: ['lost_row', 'restored'] });
  else {
    await askForNewRecords(tx, about);
    await raiseRecords(tx, { ...about, reasons: ['not_imported', 'left_alone', 'lost_row', 'restored'] });
  }
  return decided;
}
