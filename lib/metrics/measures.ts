// Counts what the program tells of its work (lib/measures.ts) in the declared metrics.
import type { Consumed, Measures, PublishedPage, SettledDelivery } from '../measures.ts';
import { eventTypes, webhookResults } from './labels.ts';
import type { Meter } from './registry.ts';

const HOLDS_NO_CHANGE = ['echo', 'origin'];

/** `systems`: their counters begin with 0, so that a first event shows as an increase. */
export function createMeasures(meter: Meter, systems: readonly string[]): Measures {
  beginWithNothing(meter, systems);
  const stage = (name: string, seconds: number): void =>
    meter.observe('sync_stage_seconds', { stage: name }, seconds);
  return {
    settled: (system, deliveries) =>
      deliveries.forEach((delivery) => countSettled(meter, system, delivery, stage)),
    parkedBroken: (system, count) => meter.add('sync_events_total', { system, result: 'parked' }, count),
    attempted: (system, calls, isRetry) =>
      calls.forEach((call) =>
        meter.add('sync_attempts_total', {
          ...{ system, kind: isRetry ? 'retry' : 'first', code_class: classOf(call) },
        }),
      ),
    echoed: (seconds) => seconds.forEach((each) => stage('apply_to_echo', each)),
    requested(system, { method, route, status, replayed, seconds }) {
      const said = { status: String(status ?? 'none'), replayed: String(replayed) };
      meter.add('sync_system_requests_total', { system, method, route, ...said });
      meter.observe('sync_system_request_seconds', { system, method }, seconds);
    },
    published: (page) => countPublished(meter, page),
    consumed: (counts) => countConsumed(meter, counts, stage),
    progressed(places) {
      const now = Date.now() / 1000;
      for (const { topic, partition, group } of places)
        meter.set('sync_consumer_last_progress_timestamp_seconds', labelsOf(topic, partition, group), now);
    },
    webhook: (system, result) => meter.add('webhook_received_total', { system, result }),
    webhookSkew: (system, seconds) => meter.set('webhook_clock_skew_seconds', { system }, seconds),
    answered({ method, route, status, seconds }) {
      const said = { route: route ?? 'none', status: String(status ?? 'none') };
      meter.add('sync_http_requests_total', { method, ...said });
      meter.observe('sync_http_request_seconds', { method }, seconds);
    },
  };
}

/** The group without what is the same for every group of the installation, and is an id. */
export function labelsOf(topic: string, partition: number, group: string): Record<string, string> {
  return { topic, partition: String(partition), group: group.slice(group.lastIndexOf('.') + 1) };
}

function countSettled(
  meter: Meter,
  system: string,
  { target, eventType, status, sinceWritten, sinceReceived }: SettledDelivery,
  stage: (name: string, seconds: number) => void,
): void {
  const direction = target === 'internal' ? 'inbound' : 'outbound';
  const type = eventTypes.find((each) => eventType.endsWith(`.${each}`)) ?? 'other';
  meter.add('sync_events_total', { system, direction, type, result: status });
  if (HOLDS_NO_CHANGE.includes(status)) return;
  if (sinceWritten !== null)
    meter.observe('sync_propagation_seconds', { system, direction, outcome: status }, sinceWritten);
  stage('consume_to_apply', sinceReceived);
}

function countPublished(
  meter: Meter,
  { published, unrouted, refused, again, sinceWritten }: PublishedPage,
): void {
  meter.add('sync_relay_publish_total', { result: 'published' }, published);
  meter.add('sync_relay_publish_total', { result: 'unrouted' }, unrouted);
  meter.add('sync_relay_publish_total', { result: 'refused' }, refused);
  meter.add('sync_relay_duplicate_publish_total', {}, again);
  meter.observeAll('sync_stage_seconds', { stage: 'commit_to_publish' }, sinceWritten);
}

function countConsumed(
  meter: Meter,
  { direction, taken, known, refused, sincePublished }: Consumed,
  stage: (name: string, seconds: number) => void,
): void {
  meter.add('sync_consumed_total', { direction, result: 'taken' }, taken);
  meter.add('sync_consumed_total', { direction, result: 'known' }, known);
  meter.add('sync_consumed_total', { direction, result: 'refused' }, refused);
  for (const seconds of sincePublished) stage('publish_to_consume', seconds);
}

/** Without a status, an error that is known before anything is sent differs from a lost answer. */
function classOf({ status, error }: { status: number | null; error: string | null }): string {
  if (status === null) return error === 'no_token' ? 'not_sent' : 'no_answer';
  if (status === 404 || status === 409 || status === 429) return String(status);
  return `${Math.floor(status / 100)}xx`;
}

function beginWithNothing(meter: Meter, systems: readonly string[]): void {
  for (const result of ['published', 'unrouted', 'refused'])
    meter.total('sync_relay_publish_total', { result }, 0);
  for (const direction of ['outbound', 'inbound'])
    for (const result of ['taken', 'known', 'refused'])
      meter.total('sync_consumed_total', { direction, result }, 0);
  for (const system of systems)
    for (const result of webhookResults) meter.total('webhook_received_total', { system, result }, 0);
}
