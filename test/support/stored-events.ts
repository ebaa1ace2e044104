import type { ExternalEvent, NotReceivedEvent, ReceivedEvent } from '../../db/inbound.ts';
import { readStored } from '../../lib/intake/reported.ts';

/** What receive makes of events as they are stored, in their order; each can be read. */
export function readAll(stored: NotReceivedEvent[], ownKeyPrefix: string): ExternalEvent[] {
  return stored.map((one) => {
    const read = readStored(one, ownKeyPrefix);
    if ('event' in read) return read.event;
    throw new Error(`the event ${one.event_id} cannot be read: ${read.problems.join(' ')}`);
  });
}

/** What is stored of an event that names its record and says nothing else. */
export function onlyNamed(externalId: string): ReceivedEvent {
  return {
    ...{ externalId, kind: 'updated', created: null, requestId: null, key: null },
    ...{ after: null, previous: null, unreadable: [] },
  };
}
