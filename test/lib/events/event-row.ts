import type { EventRow } from '../../../lib/events/envelope.ts';
import { newEventId } from '../../../lib/uuid.ts';

export const at = new Date('2026-03-04T05:06:07.089Z');
export const eventId = newEventId(at);
export const own = {
  customer_data: { id: 42, name: 'Zoë "Q" O’Hara \\', email: 'zoe@example.com' },
  external_mappings: { stripe: 'cus_1' },
};
export const row: EventRow = {
  id: 12,
  eventId,
  eventType: 'customer.updated',
  entityKey: 'customer:42',
  version: 7,
  source: 'internal',
  payload: Buffer.from(JSON.stringify(own)),
  createdAt: at.getTime(),
  trace: null,
};
