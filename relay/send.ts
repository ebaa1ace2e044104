// Sends one page, and finds the records that the bus refuses.
//
// Guarantees: the messages of one key are sent in order, without the refused ones. Only messages
// that the bus has confirmed are reported as sent. Assumes: the bus refuses a record for its own
// content. If a batch is refused because it is too large as a whole, its halves are accepted, and
// no record of it counts as refused.

import { BusError, isRefusedRecord, type Bus, type Message, type Published } from '../lib/bus/bus.ts';
import type { Batch } from '../db/relay/cursor.ts';

export type RefusedMessage = { message: Message; error: BusError };

export type Sent = {
  /** In the order of the messages; null for a refused one. */
  places: (Published | null)[];
  refused: RefusedMessage[];
};

/**
 * Null if the lease ended before all was sent: the next holder of the lease sends the page again.
 */
export async function sendPage(
  bus: Bus,
  messages: readonly Message[],
  mayStillSend: () => boolean,
): Promise<Sent | null> {
  const sent: Sent = { places: messages.map(() => null), refused: [] };
  const complete = await sendPart(
    messages.map((_, index) => index),
    messages,
    { bus, mayStillSend, sent },
  );
  return complete ? sent : null;
}

type Sending = { bus: Bus; mayStillSend: () => boolean; sent: Sent };

/**
 * Sends the messages at these indexes. After a refusal it sends them again in halves, in order,
 * until each refused message is alone.
 */
async function sendPart(
  indexes: readonly number[],
  messages: readonly Message[],
  sending: Sending,
): Promise<boolean> {
  if (indexes.length === 0) return true;
  if (!sending.mayStillSend()) return false;
  // A whole page as it is: the bus may have prepared it (lib/bus/bus.ts).
  const part =
    indexes.length === messages.length
      ? messages
      : indexes.map((index) => messages[index]).filter((message) => message !== undefined);
  try {
    keepPlaces(indexes, await sending.bus.publish(part), sending.sent);
    return true;
  } catch (error) {
    if (!isRefusedRecord(error)) throw error;
    const rest = indexes.filter((index, at) => {
      const place = error.published.get(at);
      if (place !== undefined) sending.sent.places[index] = place;
      return place === undefined;
    });
    const [alone] = part;
    if (indexes.length === 1 && rest.length === 1 && alone !== undefined) {
      sending.sent.refused.push({ message: alone, error });
      return true;
    }
    const middle = Math.ceil(rest.length / 2);
    return (
      (await sendPart(rest.slice(0, middle), messages, sending)) &&
      (await sendPart(rest.slice(middle), messages, sending))
    );
  }
}

function keepPlaces(indexes: readonly number[], published: readonly Published[], sent: Sent): void {
  if (published.length !== indexes.length) {
    // An answer that does not name every message proves nothing about any message.
    throw new BusError(
      'unavailable',
      `the bus answered for ${published.length} of ${indexes.length} messages`,
    );
  }
  indexes.forEach((index, at) => (sent.places[index] = published[at] ?? null));
}

/**
 * Runs of consecutive offsets in one partition, each with the ids of its events, for
 * `relay_batches`.
 */
export function toBatches(messages: readonly Message[], places: readonly (Published | null)[]): Batch[] {
  const batches: Batch[] = [];
  const open = new Map<string, (Batch | undefined)[]>();
  messages.forEach(({ syncEventId }, index) => {
    const place = places[index];
    if (!place) return;
    const { topic, partition, offset } = place;
    let runs = open.get(topic);
    if (runs === undefined) open.set(topic, (runs = []));
    const run = runs[partition];
    if (run !== undefined && offset === run.firstOffset + run.ids.length) {
      run.ids.push(syncEventId);
      return;
    }
    batches.push((runs[partition] = { topic, partition, firstOffset: offset, ids: [syncEventId] }));
  });
  return batches;
}

/** Both, with the runs of the second that go on where one of the first ends joined to it. */
export function joinBatches(first: readonly Batch[], second: readonly Batch[]): Batch[] {
  const joined = first.map((batch) => ({ ...batch }));
  for (const batch of second) {
    const run = joined.findLast(
      ({ topic, partition }) => topic === batch.topic && partition === batch.partition,
    );
    if (
      run &&
      run.firstOffset + run.ids.length === batch.firstOffset &&
      (run.ids.at(-1) ?? 0) < (batch.ids[0] ?? 0)
    )
      run.ids = [...run.ids, ...batch.ids];
    else joined.push({ ...batch });
  }
  return joined;
}
