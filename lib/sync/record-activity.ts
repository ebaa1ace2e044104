// How records that share an identity are used: what lib/sync/choose-record.ts judges by. Only such
// records are read for it, with one GET each.
import { readLastChanges } from '../../db/events/of-records.ts';
import { chooseRecord, type RecordActivity, type RecordChoice } from './choose-record.ts';
import { keyPrefix } from './intent-key.ts';
import type { SyncDeps } from './step.ts';

type Deps = Pick<SyncDeps, 'db' | 'integration' | 'policy'>;

/**
 * Reads each record once; those that are gone by now are left out. Throws what a read of the
 * integration throws.
 */
export async function readActivity(deps: Deps, externalIds: readonly string[]): Promise<RecordActivity[]> {
  const { db, integration } = deps;
  const { system } = integration;
  const about = { system, externalIds: [...externalIds], ownKeys: keyPrefix(deps) };
  const changes = await readLastChanges(db, about);
  const found: RecordActivity[] = [];
  for (const externalId of externalIds) {
    const fetched = await integration.fetch(externalId, { withUse: true });
    if (fetched.state !== 'present') continue;
    const { record, use } = fetched;
    const known = [use?.subscribedAt, changes.get(externalId)].filter((date) => date instanceof Date);
    found.push({
      externalId,
      subscriptions: use?.subscriptions ?? 0,
      activeAt: known.length > 0 ? new Date(Math.max(...known.map((date) => date.getTime()))) : null,
      createdAt: record.createdAt,
    });
  }
  return found;
}

/** The row's record among several, by the rule; null if none of them exists any more. */
export async function chooseAmong(deps: Deps, externalIds: readonly string[]): Promise<RecordChoice | null> {
  return chooseRecord(await readActivity(deps, externalIds));
}
