import { targetsOf, type SourceFacts } from './source.ts';

/** The rooms of lib/ from the bottom up: each may import those above its line, and none below it. */
export const LIB_ROOMS: readonly [room: string, holds: string][] = [
  ['', 'one page each, for every room: clock, errors, log, loop, lease, uuid'],
  ['tracing', 'spans as every room is given them; OpenTelemetry, loaded only if traces are sent'],
  ['catalogue', 'what a customer is: fields, checks, mapping documents, the configuration of a user'],
  ['config', 'the settings and the file of the catalogue: read once, checked, documented'],
  ['keys', 'the keys of the API: their form, their scopes, how one is found and checked'],
  ['integrations', 'the contract with an external system, and Stripe behind it'],
  ['credentials', 'credentials that are minted or rotate: encrypted, renewed by one process at a time'],
  ['limits', 'how often and whether an external system is called: rates, circuit breaker'],
  ['bus', 'topics and records: Kafka, or a bus inside the process'],
  ['events', 'the envelope of an event on the bus, and which topic it goes to'],
  ['customers', 'reading and writing customers for the API, and following their changes'],
  ['sync', 'the step that brings one customer into agreement with its record'],
  ['intake', 'everything that comes in, once: from the bus, webhooks, the sweep, the first reading'],
  ['health', 'what readiness, status and doctor know of a running system'],
  ['operations', 'what people ask for: replay, verify, repair, link, conflicts, doctor'],
  ['metrics', 'what Prometheus reads: every metric declared once, counted, sampled'],
  ['process', 'how a process starts, runs and stops'],
];

const ORDER = LIB_ROOMS.map(([room]) => room);

export const LIB_ORDER_RULE = 'the rooms of lib/ stand in an order, and none imports one behind it';

/** The order of the rooms, as rules for one file. */
export function breaksLibOrder(file: SourceFacts): string[] {
  const own = placeOf(file.path);
  if (own === -1) return [];
  return targetsOf(file)
    .filter((target) => placeOf(target) > own)
    .map((target) => `${LIB_ORDER_RULE} (${target}; see test/architecture/lib-rooms.ts)`);
}

/** `''` for a file directly in lib/; null for a file outside lib/. */
export function libRoomOf(path: string): string | null {
  const [top, room, file] = path.split('/');
  if (top !== 'lib' || room === undefined) return null;
  return file === undefined ? '' : room;
}

function placeOf(path: string): number {
  const room = libRoomOf(path);
  return room === null ? -1 : ORDER.indexOf(room);
}
