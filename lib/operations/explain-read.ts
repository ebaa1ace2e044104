// The one read of a record that `explain --read` makes, and the decision that uses it.
import type { LoadedStep } from '../../db/mappings/load.ts';
import type { Fetched, Integration } from '../integrations/integration.ts';
import type { SyncDeps } from '../sync/step.ts';

/** The result of the one read of the record. */
export type ReadResult =
  | { state: 'present' | 'erased' | 'missing' }
  | { state: 'merged'; into: string }
  | { state: 'no_record' }
  | { state: 'unreadable'; code: string; message: string };

export type Theirs = { answer: Fetched | null } | { error: unknown; code: string; message: string };

/**
 * The one read of the record; it also finds what forbids a delete, if a delete is to be decided.
 */
export async function readTheirs({ integration }: SyncDeps, { mapping, row }: LoadedStep): Promise<Theirs> {
  const { externalId, intent } = mapping;
  if (externalId === null || externalId.trim() === '') return { answer: null };
  const forDelete = (row !== null && row.deletedAt !== null) || intent?.operation === 'delete';
  try {
    return { answer: await integration.fetch(externalId, { forDelete }) };
  } catch (error) {
    const { code, message } = integration.classify(error);
    return { error, code, message };
  }
}

export function withRead(deps: SyncDeps, theirs: Theirs, externalId: string | null): SyncDeps {
  return { ...deps, integration: answeringWith(deps.integration, theirs, externalId) };
}

/** The decision uses the record that was read, so that the record is not read a second time. */
function answeringWith(integration: Integration, theirs: Theirs, read: string | null): Integration {
  return {
    ...integration,
    async fetch(externalId, options) {
      if (externalId !== read) return integration.fetch(externalId, options);
      if ('error' in theirs) throw theirs.error;
      return theirs.answer ?? integration.fetch(externalId, options);
    },
  };
}

export function readResult(theirs: Theirs): ReadResult {
  if ('error' in theirs) return { state: 'unreadable', code: theirs.code, message: theirs.message };
  const { answer } = theirs;
  if (answer?.state === 'merged') return { state: 'merged', into: answer.into };
  return { state: answer?.state ?? 'no_record' };
}
