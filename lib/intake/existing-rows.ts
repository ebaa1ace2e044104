// The first bind of a system that came to a filled database: every row that was there begins to wait
// for its first link with it, in batches (db/mappings/writes/existing-rows.ts, decision 0065).
//
// A crash between two batches leaves the rest for the next worker that binds; until then an event
// about a row of the rest makes the same mapping. Nothing is claimed before all is done.
import { lockConnection } from '../../db/connections.ts';
import type { Target } from '../../db/deliveries.ts';
import { placeBatch } from '../../db/mappings/writes/existing-rows.ts';
import { withTransaction } from '../../db/server/connection.ts';
import { targetsOf } from '../sync/kinds.ts';
import type { SyncDeps } from '../sync/step.ts';

const BATCH = 2_000;

/** One batch of each kind of rows. `more`: there may be further rows, and the call is to be repeated. */
export async function placeExistingRows(
  deps: Pick<SyncDeps, 'db' | 'integration' | 'kinds' | 'log'>,
  { limit = BATCH }: { limit?: number } = {},
): Promise<{ placed: number; more: boolean }> {
  const all = { placed: 0, more: false };
  for (const target of targetsOf(deps).values()) {
    const { placed, more } = await placeRowsOf(deps, target, limit);
    all.placed += placed;
    all.more ||= more;
  }
  return all;
}

async function placeRowsOf(
  { db, log }: Pick<SyncDeps, 'db' | 'log'>,
  { system, entityType, externalType }: Target,
  limit: number,
): Promise<{ placed: number; more: boolean }> {
  const done = await withTransaction(db, async (tx) => {
    // It keeps out the receipt of an event about one of these rows, which makes mappings too.
    const account = (await lockConnection(tx, system))?.account ?? null;
    return account === null
      ? { placed: 0, more: false }
      : placeBatch(tx, { system, account, entityType, externalType, limit });
  });
  if (done.placed > 0)
    log.info('rows.wait', { system, entity: entityType, rows: done.placed, for: 'their first link' });
  return done;
}
