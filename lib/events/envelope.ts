// Makes the record on the bus from a row of sync_events. The payload is text and is never parsed on
// this way, because parsing and writing it again would cost more than all the rest of the relay.

import type { Message } from '../bus/bus.ts';
import type { Routing } from './routing.ts';

/** A row as the relay reads it. */
export type EventRow = {
  id: number;
  eventId: string;
  eventType: string;
  /** Kafka's key: the events of one entity go to one partition and keep their order. */
  entityKey: string;
  /** Null for an inbound event. */
  version: number | null;
  source: string;
  /** The event's own part of the envelope, the text of a JSON object. */
  payload: string;
  /** Milliseconds since 1970. */
  createdAt: number;
  /** The W3C traceparent of the request that caused the event. */
  trace: string | null;
};

/**
 * `full`: CloudEvents 1.0 in Kafka's binary mode; `minimal`: only the id, since every header costs
 * space.
 */
export type HeaderStyle = 'full' | 'minimal';

export type MessageSettings = {
  routing: Routing;
  headers: HeaderStyle;
  /**
   * The instance id of this database: it distinguishes two installations in the topics of one
   * Kafka.
   */
  installation: string;
};

/**
 * The messages of a page, in its order; an event with two topics gives two, one without topics
 * none.
 */
export function toMessages(
  rows: readonly EventRow[],
  { routing, headers, installation }: MessageSettings,
): Message[] {
  const messages: Message[] = [];
  for (const row of rows) {
    const topics = routing(row.eventType);
    if (topics.length === 0) continue;
    const timestamp = new Date(row.createdAt).toISOString();
    const shared = {
      key: row.entityKey,
      value: envelopeText(row, timestamp, installation),
      headers: headers === 'full' ? cloudEventHeaders(row, timestamp, installation) : { ce_id: row.eventId },
      eventId: row.eventId,
      syncEventId: row.id,
    };
    for (const topic of topics) messages.push({ topic, ...shared });
  }
  return messages;
}

/** The JSON envelope as text: the part that all events have, then the row's own. */
export function envelopeText(row: EventRow, timestamp: string, installation: string): string {
  const { eventId, eventType, source, version, payload } = row;
  const own = payload === '{}' ? '}' : `,${payload.slice(1)}`;
  return (
    `{"schema_version":1,"event_id":"${eventId}","event_type":${quoted(eventType)},"timestamp":"${timestamp}",` +
    `"source":${quoted(source)},"installation":${quoted(installation)},"version":${version}${own}`
  );
}

/**
 * `ce_sequence` (the CloudEvents extension of that name) is the row's id, by which the event is
 * found in PostgreSQL. `ce_installation` is an extension of ours.
 */
function cloudEventHeaders(row: EventRow, timestamp: string, installation: string): Record<string, string> {
  const headers: Record<string, string> = {
    ce_specversion: '1.0',
    ce_id: row.eventId,
    ce_type: row.eventType,
    ce_source: row.source,
    ce_time: timestamp,
    ce_sequence: String(row.id),
    ce_installation: installation,
  };
  if (row.trace !== null) headers['traceparent'] = row.trace;
  return headers;
}

// There are a dozen types and sources; the bound protects the memory if a database has many odd
// ones.
const quotes = new Map<string, string>();

function quoted(text: string): string {
  let quote = quotes.get(text);
  if (quote === undefined) {
    quote = JSON.stringify(text);
    if (quotes.size < 1000) quotes.set(text, quote);
  }
  return quote;
}
