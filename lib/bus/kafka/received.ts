// Makes the message of a handler from a record of kafkajs. Any program may have written the record:
// nothing in this file throws, whatever the record contains.
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

/** If a header comes several times, its first value counts. */
function toTexts(headers: IHeaders): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) texts[name] = first.toString();
  }
  return texts;
}
