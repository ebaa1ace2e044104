import type { MappingChanges } from '../../../db/mappings/writes/update.ts';

/** Nothing of the pair fails any more. */
export const healthy = {
  attempts: 0,
  firstFailedAt: null,
  lastError: null,
  nextAttemptAt: null,
} satisfies MappingChanges;
