// The row does not fulfil the condition of the mapping: the system is not to have it. Without a
// record, none is made. A record that is there stays as it is, with nothing sent to it and nothing
// taken from it; under `onLeave: 'delete'` it is deleted, but only if a create of ours made it.
//
// A crash before the settle finds the pair as it was, and the row is looked at again. Once the row
// fulfils the condition, this rung says nothing: a record that stayed is read and merged from the
// shadow that the pair had, and a row without a record gets one as any new row.
import type { Action } from '../action.ts';
import { received } from '../received.ts';
import { removal } from '../removal.ts';
import type { Situation } from '../situation.ts';
import { leavesBy } from '../wanted.ts';

export function notWanted(s: Situation): Action | null {
  const field = leavesBy(s);
  if (field === null) return null;
  if (isToBeDeleted(s)) return removal(s);
  const { pulled } = s.progress;
  const { echoes } = pulled ? pulled.merged : received(s);
  return { do: 'settle', outcome: { kind: 'not_wanted', field, echoes, merged: pulled?.merged ?? null } };
}

/** Not where the settings or the system leave the records of deleted rows. */
function isToBeDeleted({ condition, mapping, policy, capabilities }: Situation): boolean {
  if (condition?.onLeave !== 'delete' || mapping.externalId === null || !mapping.madeRecord) return false;
  return policy.deletes === 'delete' && capabilities.deletes !== 'none';
}
