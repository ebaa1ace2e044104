// Which topics an event goes to, as data; the type of the event alone decides.

export const topics = {
  outbound: 'sync.outbound',
  inbound: 'sync.inbound',
  customerEvents: 'customer.events',
  dlq: 'sync.dlq',
} as const;

export type RoutingSettings = {
  /**
   * Whether the topic for other teams is written too; this doubles the number of published records.
   */
  customerEvents: boolean;
  /**
   * The external systems in use: an event whose type begins with the name of a system is inbound.
   */
  systems: readonly string[];
};

/**
 * The topics of an event type, in the order in which they are written; none for a type that no
 * consumer reads.
 */
export type Routing = (eventType: string) => readonly string[];

const routes: Record<string, readonly string[]> = {
  'customer.created': [topics.outbound, topics.customerEvents],
  'customer.updated': [topics.outbound, topics.customerEvents],
  'customer.deleted': [topics.outbound, topics.customerEvents],
  'customer.linked': [topics.customerEvents],
  'delivery.parked': [topics.dlq],
};

export function createRouting({ customerEvents, systems }: RoutingSettings): Routing {
  const wanted = (topic: string) => customerEvents || topic !== topics.customerEvents;
  const known = new Map(Object.entries(routes).map(([type, list]) => [type, list.filter(wanted)]));
  return (eventType) => known.get(eventType) ?? (isExternal(eventType, systems) ? external : nowhere);
}

/** `stripe.customer.updated` is an event of Stripe if Stripe is one of the systems. */
export function isExternal(eventType: string, systems: readonly string[]): boolean {
  const dot = eventType.indexOf('.');
  return dot > 0 && systems.includes(eventType.slice(0, dot));
}

const external = [topics.inbound];
const nowhere: readonly string[] = [];
