// An inbound event about another record came to this mapping, by our key or our owner tag, before
// it was known which record is the row's. That record gets a mapping of its own, which has to read.
import type { Action } from '../action.ts';
import { receivedEvents } from '../received.ts';
import type { Situation } from '../situation.ts';

export function anotherRecord({ mapping, row, deliveries }: Situation): Action | null {
  const another = receivedEvents(deliveries).find(({ event }) => event.externalId !== mapping.externalId);
  // A row that was deleted takes no record any more: the event gets a mapping of its own, and is
  // recorded.
  const takesNone = mapping.externalId !== null || (row !== null && row.deletedAt !== null);
  return another && takesNone ? passOn(another.event.externalId) : null;
}

export function passOn(externalId: string): Action {
  return {
    do: 'settle',
    outcome: { kind: 'passed_on', externalId },
    notes: [{ note: 'read_records', externalIds: [externalId] }],
  };
}
