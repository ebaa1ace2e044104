// The first contact: every record of the account is read once and its identity is stored, before
// any new record is created at the system.
//
// The records come newest first, in pages; each page is stored together with the position after it,
// so a crash at any point repeats at most one page. Records that are created or changed meanwhile
// are reported by their events, which count from the moment the account was bound; the reading of a
// system whose feed has a cursor begins once there is one (follow.ts). Creates wait
// until the reading is done (lib/sync/rungs/same-identity.ts); edits and deletes of pairs do not.
//
// If the table was empty when the reading began, there is nothing to link and the settings decide:
// unmatched records become customers (STRIPE_IMPORT). If the table was not empty, the records stay
// as they are until a person decides (docs/first-link.md).
import { withTransaction } from '../../db/server/connection.ts';
import { readConnection } from '../../db/connections.ts';
import { beginReading, endReading, readReading, saveReading } from '../../db/account-readings.ts';
import { countUnmatched, keepRecords, type KeptRecord, type RecordPlace } from '../../db/external-records.ts';
import { raiseWaiting } from '../../db/mappings/dirty.ts';
import { isOfOneRow } from '../../db/server/errors.ts';
import { readSweep } from '../../db/sweep.ts';
import { failpoint } from '../failpoint.ts';
import type { ExternalRecord } from '../integrations/integration.ts';
import { createLease } from '../lease.ts';
import { findPause } from '../limits/budgets.ts';
import { paced } from '../limits/paced.ts';
import { findRest } from '../limits/rest.ts';
import { sleep } from '../loop.ts';
import { noteSkipped, workInHalves } from '../skipped.ts';
import { toKept } from '../sync/identity.ts';
import type { SyncDeps } from '../sync/step.ts';
import { decideUnmatched } from './unmatched.ts';

/**
 * The result of one run: after `reading` another run follows, after `done` none in this process.
 */
export type ReadingRun = 'not_yet' | 'reading' | 'done';

const LEASE_MS = 30_000;
/** A create that was loaded before the end may begin to wait after it, until its lease is over. */
const LATE_WAITERS_MS = 120_000;
/** The share of the account's rate that the reading may use, so that edits are still sent. */
const SHARE = 0.5;
const LOGGED_EVERY = 10_000;
const DECIDE = 'npx twinbox link --dry-run shows them; link --all, --import or --leave decides';

/**
 * Goes on where the last run stopped, to the end or until the signal. Throws the errors of the
 * system.
 */
export async function readAccountRecords(deps: SyncDeps, signal: AbortSignal): Promise<ReadingRun> {
  const { db, clock, integration, policy } = deps;
  const { system, document } = integration;
  const connection = await readConnection(db, system);
  if (!connection || connection.account === null || connection.pausedAt !== null) return 'not_yet';
  const place: RecordPlace = { system, account: connection.account, externalType: document.externalType };
  const before = await readReading(db, place);
  if (before?.doneAt) {
    await raiseWaiting(db, system, 'account_unread', clock.now());
    return clock.now().getTime() - before.doneAt.getTime() < LATE_WAITERS_MS ? 'not_yet' : 'done';
  }
  if (!before && !(await hasPosition(deps))) return 'not_yet';
  if ((await findRest(deps, integration)) ?? (await findPause(deps, integration))) return 'not_yet';
  const lease = createLease({ db, name: `reading:${system}:${place.account}`, lengthMs: LEASE_MS });
  if ((await lease.take()) === null) return 'not_yet';
  try {
    await beginReading(db, { ...place, imports: policy.imports && policy.pulls, now: clock.now() });
    return await readOn(deps, place, () => lease.isHeld() && !signal.aborted);
  } finally {
    await lease.release();
  }
}

/**
 * Whether the events of what changes during the reading will be known: a list by time has them since
 * the binding, a feed with a cursor since its first cursor.
 */
async function hasPosition({ db, integration: { system, feed } }: SyncDeps): Promise<boolean> {
  return feed?.by !== 'cursor' || typeof (await readSweep(db, system))?.cursor === 'string';
}

async function readOn(deps: SyncDeps, place: RecordPlace, goesOn: () => boolean): Promise<ReadingRun> {
  const { db, clock, integration, policy, log } = deps;
  const reading = await readReading(db, place);
  if (!reading || reading.doneAt !== null) return 'not_yet';
  const { system } = integration;
  const { account } = place;
  const about = { db, clock, account, rates: policy.rates, log, background: true };
  const list = paced(integration, about);
  const restMs = policy.rates ? 1_000 / (policy.rates.account * SHARE) : 0;
  let { records } = reading;
  for await (const page of list.list(reading.readTo ? { createdTo: reading.readTo } : {})) {
    await keepPage(deps, place, page);
    await failpoint('reading.page');
    if (Math.floor((records + page.length) / LOGGED_EVERY) > Math.floor(records / LOGGED_EVERY))
      log.info('account.reading', { system, records: records + page.length });
    records += page.length;
    if (!goesOn()) return 'reading';
    if (restMs > 0) await sleep(restMs);
  }
  if (reading.imports) await decideUnmatched(deps, place, 'import', 'first contact');
  await failpoint('reading.before-end');
  if (!goesOn()) return 'reading';
  await endReading(db, place, clock.now());
  log.info('account.read', { system, account: place.account, records, imports: reading.imports });
  const { undecided } = await countUnmatched(db, place);
  if (undecided > 0) log.warn('account.unmatched', { system, records: undecided, decide: DECIDE });
  await raiseWaiting(db, system, 'account_unread', clock.now());
  return 'not_yet';
}

async function keepPage(deps: SyncDeps, place: RecordPlace, page: ExternalRecord[]): Promise<void> {
  const { entity } = deps;
  const { fields } = deps.integration.document;
  const kept = page
    .filter(({ ownerTag, foreignTag }) => ownerTag !== null || !foreignTag)
    .map((record) => toKept(entity, fields, record));
  // A customer of a test clock has the time of that clock, so it gives no position in the list.
  const last = page.findLast(({ testClock }) => testClock === null);
  const position = { readTo: last?.createdAt ?? null, more: page.length };
  const keep = (some: KeptRecord[], readsOn: boolean): Promise<void> =>
    withTransaction(deps.db, async (tx) => {
      await keepRecords(tx, place, some);
      if (readsOn) await saveReading(tx, place, position);
    });
  try {
    await keep(kept, true);
  } catch (error) {
    if (!isOfOneRow(error)) throw error;
    // If one record cannot be stored, the others are, and the reading goes on after that record.
    await workInHalves(
      kept,
      (some) => keep(some, false).then(() => some.length),
      ({ externalId: item }, refused) =>
        noteSkipped(deps, { loop: 'reading', item, instead: NOT_KEPT }, refused),
    );
    await keep([], true);
  }
}

const NOT_KEPT = 'no new customer is compared with this record: link it by hand (twinbox link)';
