// A row was made for their record: our owner tag goes into the record, so that the pair can be
// found again, and with it what the table's own triggers have made of the values.
import type { Action } from '../action.ts';
import type { ExternalRecord } from '../../integrations/integration.ts';
import { know } from '../facts.ts';
import { besideOf, isGrouped } from '../groups.ts';
import { nothingMerged } from '../merged.ts';
import { shadowTheirs } from '../shadow.ts';
import { sendOrWait } from '../sending.ts';
import type { Situation } from '../situation.ts';

export function imported(s: Situation): Action | null {
  const { row, mapping, policy, progress } = s;
  if (!progress.imported || !row) return null;
  const { values } = progress.imported;
  const isReformed = Object.keys(progress.imported.forms).length > 0;
  // Where the integration says which request is next, the owner tag goes alone, and the step goes on.
  const [forms, more] = s.next ? [{}, isReformed] : [progress.imported.forms, false];
  const merged = { ...nothingMerged, plan: { ...nothingMerged.plan, pull: values } };
  if (!policy.writes && !isReformed) return { do: 'settle', outcome: { kind: 'agreed', merged } };
  const isRead =
    s.capabilities.updates === 'version' || Object.keys(forms).some((field) => isGrouped(s, field));
  const record = isRead ? readAsImported(s) : null;
  return sendOrWait(s, {
    operation: 'update',
    ours: forms,
    seen: shadowTheirs(mapping.shadow),
    ownerTag: row.createdEventId,
    conflicts: [],
    merged,
    version: s.capabilities.updates === 'version' ? record?.version : undefined,
    beside: besideOf(s, { pushed: forms, held: record?.fields ?? null }),
    more,
  });
}

/** The record as it was read for the import: this claim has not written to it since. */
function readAsImported(s: Situation): ExternalRecord | null {
  const { externalId } = s.mapping;
  if (externalId === null) return null;
  const answer = know(s, 'record', { externalId, for: 'match' });
  return answer.ok && answer.value.state === 'present' ? answer.value.record : null;
}
