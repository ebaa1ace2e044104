// The system says that the record was deleted: our row goes too, unless a person has to decide.
import type { Action } from '../action.ts';
import { readTheirs } from '../comparison.ts';
import { lostOurs, outlivedBy } from '../delete-conflicts.ts';
import { know } from '../facts.ts';
import { wait } from '../failing.ts';
import { isReleased } from '../consent.ts';
import { heldDelete } from '../held-delete.ts';
import { refusedByTable } from '../row-refused.ts';
import { tableRefusal, type Situation } from '../situation.ts';
import { oursOf } from '../values.ts';

export function recordDeleted(s: Situation): Action | null {
  const { mapping, row, progress } = s;
  const answer = readTheirs(s);
  const externalId = mapping.externalId;
  if (!row || externalId === null || answer?.ok !== true || answer.value.state !== 'erased') return null;
  if (progress.deleted)
    return {
      do: 'settle',
      outcome: { kind: 'ended', state: 'tombstoned', by: 'theirs', intent: null, written: null },
    };
  if (!s.policy.pulls) return wait({ code: 'pulls_off', detail: { operation: 'delete' } });
  const aliases = know(s, 'aliases', { customerId: row.id });
  // The person may live on in another record: one of two was deleted. Whether the row goes too, an
  // operator decides.
  if (aliases.length > 0 && !isReleased(mapping))
    return wait({ code: 'alias_lives', detail: { external_id: externalId, aliases } });
  const refusal = tableRefusal(s);
  if (refusal) return refusedByTable(refusal);
  if (progress.obstacle === 'fuse') return heldDelete('in');
  const conflicts = lostOurs(s.fields, mapping.shadow, oursOf(s.fields, row));
  for (const alias of aliases) conflicts.push(outlivedBy(alias, externalId));
  return { do: 'write_ours', ours: { write: 'delete', conflicts } };
}
