// A second record of a row: nothing is pulled from it and nothing is sent to it, but it has ends of its own. Deleted there, it is gone.
// With an email of its own there, it is a person of its own: unmatched again, and adopted by the usual policy. A 404 ends nothing.
//
// An event about it costs one read. A crash before the settle finds the alias as it was, and reads again.
import { fetchTheirs } from './intent.ts';
import { canonical, same } from './canonical.ts';
import type { ExternalRecord, Value } from '../integrations/integration.ts';
import { NO_TURN } from '../limits/guarded.ts';
import { giveBack, type Next } from './next.ts';
import { settle } from './settle.ts';
import { hasRoomForCall, theirsOf, type Step, type SyncDeps } from './step.ts';
import { listen } from './theirs.ts';

export async function tendAlias(deps: SyncDeps, step: Step): Promise<Next> {
  const { mapping } = step;
  const { externalId, knownEmail } = mapping;
  const { mustRead, echoes, deletedOver: conflicts } = await listen(deps, step);
  const stays = (email: Value): Promise<Next> =>
    settle(deps, step, { kind: 'alias_stays', email, echoes, conflicts });
  if (!mustRead || externalId === null) return stays(knownEmail);
  if (!hasRoomForCall(deps, step.claim)) return giveBack(deps, step);
  const answer = await fetchTheirs(deps, step, externalId, false);
  if (!answer.ok) {
    const { failure } = answer;
    if (failure.code === NO_TURN) return giveBack(deps, step);
    if (failure.kind === 'permanent') return stays(knownEmail);
    // It is never parked: nothing of a customer waits for it.
    return settle(deps, step, { kind: 'postponed', failure, notBefore: null, spent: false });
  }
  const { value } = answer;
  if (value.state === 'missing') return stays(knownEmail);
  if (value.state === 'erased') return settle(deps, step, { kind: 'alias_left', to: 'gone' });
  const { record } = value;
  const email = canonical(theirsOf(deps.integration.document.fields, record.fields)['email']);
  if (isSecond(deps, step, record, email)) return stays(email);
  deps.log.info('alias.unmatched', { mapping: mapping.id, external_id: externalId });
  return settle(deps, step, { kind: 'alias_left', to: 'unmatched', mark: step.row?.createdEventId ?? null });
}

/**
 * Whether the record still stands for its row: by its owner tag, as far as that counts, or by its email, which is the row's or what
 * it was. Where only the row has got another email, nobody has changed the record.
 */
function isSecond(deps: SyncDeps, { mapping, row }: Step, { mark }: ExternalRecord, email: Value): boolean {
  if (email === null) return true;
  if (row && mark === row.createdEventId && mark !== mapping.voidMark) return true;
  const rule = deps.integration.document.fields.find(({ internal }) => internal === 'email');
  const equals = (other: Value): boolean => (rule ? same(rule, email, other) : email === other);
  return (row !== null && equals(row.email)) || (mapping.knownEmail !== null && equals(mapping.knownEmail));
}
