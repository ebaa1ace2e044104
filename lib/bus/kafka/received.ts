// From a record of kafkajs to what a handler gets. Any program may have written the record: nothing
// in this file throws, whatever it holds.
import type { IHeaders, KafkaMessage } from 'kafkajs';
import type { Received } from '../bus.ts';

export function toReceived(topic: string, partition: number, message: KafkaMessage): Received {
  const headers = toTexts(message.headers ?? {});
  const { ce_id: eventId = null, ce_sequence: sequence, ce_installation: installation = null } = headers;
  return {
    topic,
    partition,
    offset: Number(message.offset),
    key: message.key?.toString() ?? null,
    value: message.value?.toString() ?? null,
    headers,
    eventId,
    syncEventId: sequence !== undefined && /^[1-9]\d{0,15}$/.test(sequence) ? Number(sequence) : null,
    installation,
    timestamp: Number(message.timestamp),
  };
}

/** Of a header that is there several times, the first counts. */
function toTexts(headers: IHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const [first] = Array.isArray(value) ? value : [value];
      return first === undefined ? [] : [[name, first.toString()]];
    }),
  );
}
