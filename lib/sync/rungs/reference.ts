// A row names another one that has no record at the system yet, or a record names one that has no row
// here: the pair waits, and goes on once the other pair stands (db/mappings/references.ts). A row that
// the system is not to have needs no record of another one.
import type { Action } from '../action.ts';
import { wait } from '../failing.ts';
import { missingReference, type Situation } from '../situation.ts';
import { leavesBy } from '../wanted.ts';

export function reference(s: Situation): Action | null {
  const missing = missingReference(s);
  if (missing === null || leavesBy(s) !== null) return null;
  const { field, entity } = missing;
  const notes =
    'external_id' in missing
      ? [{ note: 'read_record_of' as const, entity, externalId: missing.external_id }]
      : [];
  const detail = { ...missing, field, entity };
  return wait({ code: 'reference', detail }, notes);
}
