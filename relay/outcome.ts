// What became of a page that was sent: the part of its save that depends on the bus and on the rows.
import type { Save } from '../db/relay/cursor.ts';
import type { Message } from '../lib/bus/bus.ts';
import type { Clock } from '../lib/clock.ts';
import type { Routing } from '../lib/events/routing.ts';
import { newEventId } from '../lib/uuid.ts';
import type { RelayLog } from './contract.ts';
import { toNotices } from './notices.ts';
import { toUnreadable, type ReadPage } from './read.ts';
import { toBatches, type Sent } from './send.ts';

type Means = { routing: Routing; clock: Clock; log: RelayLog };

export function outcomeOf(
  { rows, unreadable = [] }: ReadPage,
  messages: readonly Message[],
  { places, refused }: Sent,
  { routing, clock, log }: Means,
): Pick<Save, 'published' | 'unrouted' | 'batches' | 'refused'> {
  const unrouted = rows.filter(({ eventType }) => routing(eventType).length === 0).length;
  return {
    published: rows.length - unrouted,
    unrouted,
    batches: toBatches(messages, places),
    refused: [
      ...toNotices(refused, { clock, log }),
      ...unreadable.map((row) => toUnreadable(row, newEventId(clock.now()))),
    ],
  };
}
