// The traces behind events that are echoes of our own requests, as far as the events name them: for the links
// of a webhook's span. If the answer of a request is not stored yet when its echo arrives, it is not known
// here; the span of the step that takes the echo has the link.
import { readCauses } from '../../db/events/contexts.ts';
import type { Db } from '../../db/server/connection.ts';
import type { IncomingItem } from '../integrations/integration.ts';
import { intentInKey } from '../sync/intent-key.ts';

export async function causesOf(db: Db, items: readonly IncomingItem[]): Promise<string[]> {
  const intents = items.flatMap((item) =>
    item.ok ? (intentInKey(item.event.idempotencyKey ?? '') ?? []) : [],
  );
  return intents.length === 0 ? [] : await readCauses(db, intents);
}
