import type { MappingChanges } from '../../../db/mappings/mappings.ts';

/** Nothing is wrong with the pair any more. */
export const healthy: MappingChanges = {
  reason: null,
  reasonDetail: null,
  attempts: 0,
  firstFailedAt: null,
  lastError: null,
  nextAttemptAt: null,
};
