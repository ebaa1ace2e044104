import type { InboundEvent, Ingress } from '../../lib/integrations/integration.ts';

/** The event of a body that has one; null if it has none. */
export function onlyEvent(ingress: Ingress | undefined, body: unknown): InboundEvent | null {
  const items = ingress?.events(body) ?? [];
  if (items.length > 1) throw new Error(`${items.length} events in one body`);
  return items[0]?.ok === true ? items[0].event : null;
}
