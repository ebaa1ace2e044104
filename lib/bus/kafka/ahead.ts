// The request of the messages that will be published next, written while the request before it is open.
import type { Message } from '../bus.ts';
import { planRounds, type Batch, type Limits } from './batches.ts';
import type { RecordBatch } from './produce-request.ts';
import type { Prepared, Sender } from './sender.ts';

/** The only round of these messages. It is sent if nothing has changed by then that it was made of. */
export type Ahead = {
  messages: readonly Message[];
  partitions: ReadonlyMap<string, number>;
  round: readonly Batch[];
  records: readonly RecordBatch[];
  prepared: Prepared;
};

/** Null for messages that need several rounds, and while a number of partitions is not known. */
export function prepareRound(
  sender: Sender,
  messages: readonly Message[],
  partitions: ReadonlyMap<string, number>,
  limits: Limits,
): Ahead | null {
  if (messages.some(({ topic }) => !partitions.has(limits.named(topic)))) return null;
  const [round, ...more] = planRounds(messages, partitions, limits);
  if (round === undefined || more.length > 0) return null;
  const records = round.map((batch) => toRecords(batch, messages));
  return { messages, partitions, round, records, prepared: sender.prepare(records) };
}

export function toRecords({ topic, partition, indexes }: Batch, messages: readonly Message[]): RecordBatch {
  const records = indexes.map((index) => {
    const message = messages[index];
    if (message === undefined) throw new Error('a batch names a message that is not in the page');
    return message;
  });
  return { topic, partition, records };
}
