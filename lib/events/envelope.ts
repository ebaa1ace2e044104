// Makes the record on the bus from a row of sync_events. The payload is never read on this way, not even as a text:
// its bytes are copied from PostgreSQL's answer into the record.

import type { Message, Value } from '../bus/bus.ts';
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
  /** The event's own part of the envelope: the text of a JSON object, in UTF-8. */
  payload: Uint8Array;
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
    const value = envelopeOf(row, timestamp, installation);
    const own = headers === 'full' ? cloudEventHeaders(row, timestamp, installation) : { ce_id: row.eventId };
    for (const topic of topics)
      messages.push({
        topic,
        key: row.entityKey,
        value,
        headers: own,
        eventId: row.eventId,
        syncEventId: row.id,
      });
  }
  return messages;
}

/** The JSON envelope: the part that all events have, then the row's own. */
export function envelopeOf(row: EventRow, timestamp: string, installation: string): Value {
  const { eventId, eventType, source, version, payload } = row;
  const { type, rest } = fixedOf(eventType, source, installation);
  const common = `{"schema_version":1,"event_id":"${eventId}${type}${timestamp}${rest}${version}`;
  // The empty object is {}, and every other one has a member.
  if (payload.length === 2) return `${common}}`;
  return { text: `${common},`, bytes: payload.subarray(1) };
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

type Fixed = { eventType: string; source: string; installation: string; type: string; rest: string };

/** Of the row before: most rows of a page have the same. */
let fixed: Fixed | null = null;

/** What stands around the type, and from the source to the version. */
function fixedOf(eventType: string, source: string, installation: string): Fixed {
  if (fixed?.eventType === eventType && fixed.source === source && fixed.installation === installation)
    return fixed;
  const type = `","event_type":${JSON.stringify(eventType)},"timestamp":"`;
  const rest = `","source":${JSON.stringify(source)},"installation":${JSON.stringify(installation)},"version":`;
  fixed = { eventType, source, installation, type, rest };
  return fixed;
}
