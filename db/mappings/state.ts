// What the state of a mapping means: each question once, for TypeScript and, as a fragment, for SQL.
import type { Mapping } from './mappings.ts';

/** The pair is over: later events about its record are recorded, and change nothing. */
export function hasEnded({ state }: { state?: string | undefined }): boolean {
  return state === 'tombstoned' || state === 'detached';
}

export const hasEndedSql = (mapping: string): string => `${mapping}.state in ('tombstoned', 'detached')`;

/** An ended pair, or a second record of a row: nothing is brought into agreement by this mapping. */
export function isInactive({ state }: { state?: string | undefined }): boolean {
  return hasEnded({ state }) || state === 'alias';
}

export const isInactiveSql = (mapping: string): string =>
  `${mapping}.state in ('tombstoned', 'detached', 'alias')`;

/**
 * The entity that events about the pair are keyed by: our row, or a record that no row
 * stands for.
 */
export function entityKey({ entityType, internalId, system, account, externalId }: Mapping): string {
  return internalId === null ? `${system}:${account}:${externalId ?? ''}` : `${entityType}:${internalId}`;
}

export const entityKeySql = (mapping: string): string =>
  `case when ${mapping}.internal_id is not null then ${mapping}.entity_type || ':' || ${mapping}.internal_id
        else ${mapping}.system || ':' || ${mapping}.account || ':' || coalesce(${mapping}.external_id, '') end`;
