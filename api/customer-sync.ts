// The state of a customer in each external system, as the API shows it. A pair that is linked and
// has not received the newest version is pending: a client that has just changed a customer sees
// whether the change has arrived, which version the system has, and since when.
import type { MappedRow, RowMapping } from '../db/entities/rows.ts';

export type SyncState = { state: string; reason: string | null; version: number | null; since: string };

/**
 * The states by the name of the system; `inStep`: the systems that are kept in step. A customer
 * that no worker has received yet has no mapping with such a system, and is pending as well.
 */
export function syncOf(customer: MappedRow, inStep: readonly string[]): Record<string, SyncState> {
  const systems = new Set<string>([...inStep, ...customer.mappings.map(({ system }) => system)]);
  return Object.fromEntries(
    [...systems].map((system) => [
      system,
      stateOf(
        customer,
        customer.mappings.filter((m) => m.system === system),
      ),
    ]),
  );
}

/**
 * The ids of the records. A record that was deleted at its system is left out, also while a person
 * still has to decide about the deletion.
 */
export function externalIdsOf({ mappings }: MappedRow): Record<string, string> {
  return Object.fromEntries(
    mappings.flatMap(({ system, externalId, state, reason }) =>
      externalId === null || state === 'detached' || reason === 'alias_lives' ? [] : [[system, externalId]],
    ),
  );
}

function stateOf({ version, createdAt }: MappedRow, mappings: RowMapping[]): SyncState {
  const pair = mappings.find(({ state }) => state !== 'detached') ?? mappings.at(-1);
  if (!pair) return { state: 'pending', reason: null, version: null, since: createdAt.toISOString() };
  const { state, reason, pushedVersion, behindSince, updatedAt } = pair;
  const reached = { reason, version: pushedVersion > 0 ? pushedVersion : null };
  const isBehind = pushedVersion < version && (state === 'linked' || state === 'pending');
  return isBehind
    ? { state: 'pending', ...reached, since: behindSince.toISOString() }
    : { state, ...reached, since: updatedAt.toISOString() };
}
