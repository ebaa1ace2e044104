// The system says that the record was deleted: our row goes too, unless a person has to decide.
import type { Action } from '../action.ts';
import { DELETED_THERE } from '../../../db/mappings/consent.ts';
import { readTheirs } from '../comparison.ts';
import { lostOurs, outlivedBy } from '../delete-conflicts.ts';
import { know } from '../facts.ts';
import { wait } from '../failing.ts';
import { isReleased } from '../consent.ts';
import { heldDelete } from '../held-delete.ts';
import { refusedByTable } from '../row-refused.ts';
import { tableRefusal, type Situation } from '../situation.ts';
import { oursOf } from '../values.ts';
import { mergedInto } from '../winner.ts';

export function recordDeleted(s: Situation): Action | null {
  const { mapping, row, progress } = s;
  const answer = readTheirs(s);
  const externalId = mapping.externalId;
  if (!row || externalId === null || answer?.ok !== true) return null;
  // A merge is no deletion; that one is taken for it here, a person has decided.
  const isGone = answer.value.state === 'erased' || mergedInto(s, externalId, answer.value) !== null;
  if (!isGone) return null;
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
  // A person who released the delete has decided for this pair, whatever the setting says.
  if (!isReleased(mapping)) {
    if (s.policy.deletesIn === 'ask')
      return wait({ code: 'ask_delete', detail: { operation: 'delete', direction: 'in' } });
    if (s.policy.deletesIn === 'detach') return detach(s, externalId);
  }
  const refusal = tableRefusal(s);
  if (refusal) return refusedByTable(refusal);
  if (progress.obstacle === 'fuse') return heldDelete('in');
  const conflicts = lostOurs(s.fields, mapping.shadow, oursOf(s.fields, row));
  for (const alias of aliases) conflicts.push(outlivedBy(alias, externalId));
  return { do: 'write_ours', ours: { write: 'delete', conflicts } };
}

/** Only the pair ends: our row lives, as if a person had let the pair go. */
function detach({ mapping, now }: Situation, externalId: string): Action {
  const { id, state: was, internalId: customer } = mapping;
  const by = { by: null, at: now.toISOString(), why: null };
  const ending = { kind: 'let_go', was, because: DELETED_THERE, ...by } as const;
  const fields = { mapping: id, customer, external_id: externalId, why: DELETED_THERE };
  return {
    do: 'settle',
    outcome: { kind: 'ended', state: 'detached', by: 'theirs', intent: null, written: null, ending },
    notes: [{ note: 'log', level: 'warn', event: 'pair.detached', fields }],
  };
}
