// A create of unknown outcome that its key can settle no more: did the create make a record?
//
// It is never sent again; the record that it may have made is searched for. In our inbox first,
// then at the system (perform/search-create.ts). Only when both of its lists were read to their
// end, and for certain, is there nothing: then a new intent follows. A look that failed, or a time
// that a list does not cover for certain yet, is no miss: it is done again later. Nothing is ever
// deleted: of two the older is linked, the other an alias.
//
// A crash at any point leaves the intent open, and the look is done again; how far it had got may
// be forgotten.
import type { OpenIntent } from '../../../db/mappings/mappings.ts';
import type { Failure } from '../../integrations/integration.ts';
import { NO_TOKEN } from '../../limits/guarded.ts';
import type { Action } from '../action.ts';
import { know } from '../facts.ts';
import { park } from '../failing.ts';
import { receivedEvents } from '../received.ts';
import { TAG_TAKEN } from '../sending-again.ts';
import { errorRow } from '../settle/outcome.ts';
import type { Situation } from '../situation.ts';
import { foundBy, reported } from './reported-record.ts';

export function unknownCreate(s: Situation, intent: OpenIntent): Action {
  const { row, mapping } = s;
  if (!row)
    return park({
      code: 'create_unknown',
      detail: { message: 'its row is gone, and with it the owner tag to look for' },
    });
  const found = isOfAnother(s, intent) ? null : reported(s, (failure) => lookLater(s, 'inbox', failure));
  if (found !== null) return found;
  const search = know(s, 'createdRecord', { intent: intent.id });
  if ('place' in search) return lookLater(s, search.place, search.failure);
  const { id } = mapping;
  if ('notBefore' in search) {
    const { failure, notBefore } = search;
    return {
      do: 'settle',
      outcome: { kind: 'postponed', failure, notBefore, spent: false },
    };
  }
  // A record has the tag and no search finds it, such as an archived record: a person decides.
  if (search.found === null && intent.spent === TAG_TAKEN)
    return park({
      code: 'create_unknown',
      detail: { message: 'a record that cannot be found has its owner tag' },
    });
  if (search.found === null)
    return {
      do: 'settle',
      outcome: { kind: 'abandoned', intent, result: 'unknown', mustRead: false },
      notes: [
        {
          note: 'log',
          level: 'info',
          event: 'create.not_there',
          fields: { mapping: id, intent: intent.id },
        },
      ],
    };
  const { found: externalId, others, byAnother } = search;
  const fields = { mapping: id, intent: intent.id, external_id: externalId, more: others.length };
  return {
    do: 'settle',
    outcome: byAnother
      ? { kind: 'found', externalId, by: intent, withoutBase: true }
      : foundBy(s, externalId, intent),
    // The others get mappings of their own, which have to read: they find their row linked, and
    // become its aliases.
    notes: [
      { note: 'read_records', externalIds: others },
      { note: 'log', level: 'info', event: 'create.found', fields },
    ],
  };
}

/**
 * The inbound event shows that another request made the record, which has a copy of our owner tag.
 * The search, which uses the key of our request first, decides whether the row has another record.
 */
function isOfAnother({ deliveries, capabilities }: Situation, intent: OpenIntent): boolean {
  if (capabilities.creates !== 'key') return false; // such a system's events name no request
  const event = receivedEvents(deliveries).at(0)?.event;
  return event?.kind === 'created' && event.after !== null && event.key !== intent.key;
}

/**
 * A look that failed is no miss. It is a read, so it is never too often: only what time cannot cure
 * parks.
 */
function lookLater({ mapping }: Situation, place: string, failure: Failure): Action {
  if (failure.code === NO_TOKEN) return { do: 'give_back' };
  const { id, attempts } = mapping;
  const fields = { mapping: id, look: place, code: failure.code, attempt: attempts + 1 };
  const notes = [{ note: 'log', level: 'warn', event: 'create.look_failed', fields } as const];
  if (failure.kind === 'permanent' || failure.kind === 'gone') {
    const detail = { look: place, ...errorRow(failure) };
    return {
      do: 'settle',
      outcome: { kind: 'parked', reason: { code: 'create_unknown', detail }, refused: null },
      notes,
    };
  }
  return {
    do: 'settle',
    outcome: { kind: 'postponed', failure, notBefore: null, spent: false },
    notes,
  };
}
