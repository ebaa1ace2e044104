// A record that had been archived lives again: people can take a deletion back at a system that
// archives. The pair had ended with it, so an event about the record is more than stale.
//
// An event about an ended pair costs one read here, and most of them find the record archived still:
// events come late. Where the row lives and has no other record, the pair goes on from the shadow that
// it had. Where the row was deleted, a person decides: the record is not archived a second time, and
// not imported by itself. A 404 or a failure proves nothing.
//
// A crash before the settle finds the pair ended as it was, and reads again.
import { isLetGoByDeletion } from '../../../db/mappings/consent.ts';
import { NO_TOKEN } from '../../limits/guarded.ts';
import type { Action } from '../action.ts';
import { know } from '../facts.ts';
import { received, receivedEvents } from '../received.ts';
import type { Outcome } from '../settle/outcome.ts';
import type { Situation } from '../situation.ts';

export function restored(s: Situation): Action | null {
  const { mapping } = s;
  const { externalId } = mapping;
  if (s.capabilities.deletes !== 'archive' || externalId === null || !endedWithRecord(s)) return null;
  if (!mayBeBack(s)) return null;
  const answer = know(s, 'record', { externalId, for: 'match' });
  if (!answer.ok) {
    const { failure } = answer;
    if (failure.code === NO_TOKEN) return { do: 'give_back' };
    if (failure.kind === 'permanent') return null;
    return { do: 'settle', outcome: { kind: 'postponed', failure, notBefore: null, spent: false } };
  }
  if (answer.value.state !== 'present') return null;
  const outcome = whatNow(s, answer.value.record.ownerTag);
  const fields = { mapping: mapping.id, customer: mapping.internalId, external_id: externalId };
  return {
    do: 'settle',
    outcome,
    notes: [
      { note: 'log', level: 'warn', event: 'record.restored', fields: { ...fields, then: outcome.to } },
    ],
  };
}

/** Not one that a person let go, or that has another record by now: such a pair ended with the record alive. */
function endedWithRecord({ mapping }: Situation): boolean {
  return mapping.state === 'tombstoned' || isLetGoByDeletion(mapping);
}

/** Something came in that neither is a deletion nor came from our own write. */
function mayBeBack(s: Situation): boolean {
  if (s.mapping.mustRead) return true;
  const events = receivedEvents(s.deliveries).filter(({ event }) => event.kind !== 'deleted');
  if (events.length === 0) return false;
  const echoes = new Set(received(s).echoes.map(({ eventId }) => eventId));
  return events.some(({ delivery }) => !echoes.has(delivery.eventId));
}

function whatNow(s: Situation, ownerTag: string | null): Extract<Outcome, { kind: 'restored' }> {
  const { mapping, row } = s;
  const { internalId } = mapping;
  // A second record, or one that never had a row, is matched by the usual policy.
  if (internalId === null || mapping.role === 'alias') return { kind: 'restored', to: 'unmatched' };
  if (!row || row.deletedAt !== null)
    return { kind: 'restored', to: 'alone', customer: internalId, ownerTag };
  const own = know(s, 'rowById', { customerId: row.id });
  const hasOther = own !== null && own.mappingId !== null && own.mappingId !== mapping.id;
  return { kind: 'restored', to: hasOther ? 'unmatched' : 'pair' };
}
