// The first bind of a system that came to a filled database: every row that was there begins to wait
// for its first link with it, in batches (db/mappings/writes/existing-rows.ts, decision 0065).
//
// A crash between two batches leaves the rest for the next worker that binds; until then an event
// about a row of the rest makes the same mapping. Nothing is claimed before all is done.
import { lockConnection } from '../../db/connections.ts';
import { placeBatch } from '../../db/mappings/writes/existing-rows.ts';
import { withTransaction } from '../../db/server/connection.ts';
import type { SyncDeps } from '../sync/step.ts';

const BATCH = 2_000;

/** One batch. `more`: there may be further rows, and the call is to be repeated. */
export async function placeExistingRows(
  { db, integration, log }: Pick<SyncDeps, 'db' | 'integration' | 'log'>,
  { limit = BATCH }: { limit?: number } = {},
): Promise<{ placed: number; more: boolean }> {
  const { system, document } = integration;
  const { externalType } = document;
  const done = await withTransaction(db, async (tx) => {
    // It keeps out the receipt of an event about one of these rows, which makes mappings too.
    const account = (await lockConnection(tx, system))?.account ?? null;
    return account === null
      ? { placed: 0, more: false }
      : placeBatch(tx, { system, account, externalType, limit });
  });
  if (done.placed > 0) log.info('rows.wait', { system, rows: done.placed, for: 'their first link' });
  return done;
}
