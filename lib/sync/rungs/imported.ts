// A row was made for their record: our owner tag goes into the record, so that the pair can be
// found again, and with it what the table's own triggers have made of the values.
import type { Action } from '../action.ts';
import { know } from '../facts.ts';
import { nothingMerged } from '../merged.ts';
import { shadowTheirs } from '../shadow.ts';
import { sendOrWait } from '../sending.ts';
import type { Situation } from '../situation.ts';

export function imported(s: Situation): Action | null {
  const { row, mapping, policy, progress } = s;
  if (!progress.imported || !row) return null;
  const { values, forms } = progress.imported;
  const merged = { ...nothingMerged, plan: { ...nothingMerged.plan, pull: values } };
  const isReformed = Object.keys(forms).length > 0;
  if (!policy.writes && !isReformed) return { do: 'settle', outcome: { kind: 'agreed', merged } };
  return sendOrWait(s, {
    operation: 'update',
    ours: forms,
    seen: shadowTheirs(mapping.shadow),
    ownerTag: row.createdEventId,
    conflicts: [],
    merged,
    version: readVersion(s),
  });
}

/** Of the record as it was read for the import: this claim has not written to it since. */
function readVersion(s: Situation): string | undefined {
  const { externalId } = s.mapping;
  if (s.capabilities.updates !== 'version' || externalId === null) return undefined;
  const answer = know(s, 'record', { externalId, for: 'match' });
  return answer.ok && answer.value.state === 'present' ? answer.value.record.version : undefined;
}
