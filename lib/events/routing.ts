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
  /** Whose rows are kept in step; `customer` by default. */
  entities?: readonly string[];
};

/**
 * The topics of an event type, in the order in which they are written; none for a type that no
 * consumer reads.
 */
export type Routing = (eventType: string) => readonly string[];

const fixed: Record<string, readonly string[]> = { 'delivery.parked': [topics.dlq] };

/** For other teams: the changes of one entity, and its links. */
export function eventsTopicOf(entity: string): string {
  return `${entity}.events`;
}

export function createRouting({
  customerEvents,
  systems,
  entities = ['customer'],
}: RoutingSettings): Routing {
  const known = new Map(Object.entries(fixed));
  for (const entity of entities) {
    const forOthers = customerEvents ? [eventsTopicOf(entity)] : [];
    for (const kind of ['created', 'updated', 'deleted'])
      known.set(`${entity}.${kind}`, [topics.outbound, ...forOthers]);
    known.set(`${entity}.linked`, forOthers);
  }
  return (eventType) => known.get(eventType) ?? (isExternal(eventType, systems) ? external : nowhere);
}

/** `stripe.customer.updated` is an event of Stripe if Stripe is one of the systems. */
export function isExternal(eventType: string, systems: readonly string[]): boolean {
  const dot = eventType.indexOf('.');
  return dot > 0 && systems.includes(eventType.slice(0, dot));
}

const external = [topics.inbound];
const nowhere: readonly string[] = [];
