import type { MappingChanges } from '../../../db/mappings/writes/update.ts';

/** Nothing of the pair fails any more, and no change is sent in part. */
export const healthy = {
  parts: 0,
  attempts: 0,
  firstFailedAt: null,
  lastError: null,
  nextAttemptAt: null,
} satisfies MappingChanges;
