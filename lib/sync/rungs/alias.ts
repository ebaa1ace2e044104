// A second record of a row: nothing is pulled from it and nothing is sent to it, but it has ends of
// its own. Deleted at the system, it is gone. With an email of its own at the system, it is a
// person of its own: unmatched again, and matched by the usual policy. A 404 ends nothing.
//
// An event about it costs one read. A crash before the settle finds the alias as it was, and reads
// again.
import type { Value } from '../../catalogue/document.ts';
import type { ExternalRecord } from '../../integrations/integration.ts';
import { NO_TOKEN } from '../../limits/guarded.ts';
import type { Action } from '../action.ts';
import { same } from '../canonical.ts';
import { know } from '../facts.ts';
import { received } from '../received.ts';
import { identityOfRow, writtenIdentity } from '../identity.ts';
import type { Situation } from '../situation.ts';
import { mergedInto } from '../winner.ts';

export function alias(s: Situation): Action | null {
  const { mapping } = s;
  if (mapping.state !== 'alias') return null;
  const { externalId, knownEmail, mergedInto: mergedAlready } = mapping;
  const { mustRead, echoes, deletedOver: conflicts } = received(s);
  const stays = (identity: string | null): Action => ({
    do: 'settle',
    outcome: { kind: 'alias_stays', identity, echoes, conflicts },
  });
  // One that was merged into another record does not come back.
  if (!mustRead || externalId === null || mergedAlready !== null) return stays(knownEmail);
  const answer = know(s, 'record', { externalId, for: 'alias' });
  if (!answer.ok) {
    const { failure } = answer;
    if (failure.code === NO_TOKEN) return { do: 'give_back' };
    if (failure.kind === 'permanent') return stays(knownEmail);
    // It is never parked: nothing of a customer waits for it.
    return { do: 'settle', outcome: { kind: 'postponed', failure, notBefore: null, spent: false } };
  }
  const { value } = answer;
  const into = mergedInto(s, externalId, value);
  if (into !== null)
    return {
      do: 'settle',
      outcome: { kind: 'merged_away', into, customerId: mapping.internalId, echoes, covered: conflicts },
      notes: [{ note: 'read_records', externalIds: [into] }],
    };
  if (value.state === 'missing') return stays(knownEmail);
  if (value.state !== 'present') return { do: 'settle', outcome: { kind: 'alias_left', to: 'gone' } };
  const identity = writtenIdentity(s.entity, s.fields, value.record);
  if (isSecond(s, value.record, identity)) return stays(identity);
  const ownerTag = s.row?.createdEventId ?? null;
  const fields = { mapping: mapping.id, external_id: externalId };
  return {
    do: 'settle',
    outcome: { kind: 'alias_left', to: 'unmatched', ownerTag },
    notes: [{ note: 'log', level: 'info', event: 'alias.unmatched', fields }],
  };
}

/**
 * Whether the record still stands for its row: by its owner tag, as far as that counts, or by its
 * email, which is the row's or what it was. If only the row has got another email, the record
 * itself is unchanged.
 */
function isSecond(
  { mapping, row, fields, entity }: Situation,
  { ownerTag }: ExternalRecord,
  identity: Value,
): boolean {
  if (identity === null) return true;
  if (row && ownerTag === row.createdEventId && ownerTag !== mapping.voidTag) return true;
  const rule = fields.find(({ internal }) => internal === entity.identity);
  const equals = (other: Value): boolean => (rule ? same(rule, identity, other) : identity === other);
  return (
    (row !== null && equals(identityOfRow(entity, row))) ||
    (mapping.knownEmail !== null && equals(mapping.knownEmail))
  );
}
