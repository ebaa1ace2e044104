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
import { canonical, same } from '../canonical.ts';
import { know } from '../facts.ts';
import { received } from '../received.ts';
import type { Situation } from '../situation.ts';
import { theirsOf } from '../values.ts';

export function alias(s: Situation): Action | null {
  const { mapping } = s;
  if (mapping.state !== 'alias') return null;
  const { externalId, knownEmail } = mapping;
  const { mustRead, echoes, deletedOver: conflicts } = received(s);
  const stays = (email: Value): Action => ({
    do: 'settle',
    outcome: { kind: 'alias_stays', email, echoes, conflicts },
  });
  if (!mustRead || externalId === null) return stays(knownEmail);
  const answer = know(s, 'record', { externalId, for: 'alias' });
  if (!answer.ok) {
    const { failure } = answer;
    if (failure.code === NO_TOKEN) return { do: 'give_back' };
    if (failure.kind === 'permanent') return stays(knownEmail);
    // It is never parked: nothing of a customer waits for it.
    return { do: 'settle', outcome: { kind: 'postponed', failure, notBefore: null, spent: false } };
  }
  const { value } = answer;
  if (value.state === 'missing') return stays(knownEmail);
  if (value.state === 'erased') return { do: 'settle', outcome: { kind: 'alias_left', to: 'gone' } };
  const email = canonical(theirsOf(s.fields, value.record.fields)['email']);
  if (isSecond(s, value.record, email)) return stays(email);
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
function isSecond({ mapping, row, fields }: Situation, { ownerTag }: ExternalRecord, email: Value): boolean {
  if (email === null) return true;
  if (row && ownerTag === row.createdEventId && ownerTag !== mapping.voidTag) return true;
  const rule = fields.find(({ internal }) => internal === 'email');
  const equals = (other: Value): boolean => (rule ? same(rule, email, other) : email === other);
  return (row !== null && equals(row.email)) || (mapping.knownEmail !== null && equals(mapping.knownEmail));
}
