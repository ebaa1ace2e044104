// What their side says: the shadow's half if nothing came in that could teach us more, else one GET. No value of theirs is
// ever taken from an event: events come late, twice and out of order.
import { readClosedIntents, readIntentsByRequest, type EchoIntent } from '../../db/intents.ts';
import type { OpenDelivery } from '../../db/mappings/load.ts';
import type { FieldRule, Fields } from '../integrations/integration.ts';
import { fromExternal } from '../catalogue/transforms.ts';
import { same } from './canonical.ts';
import { deletedOver } from './delete-conflicts.ts';
import { intentOfKey } from './intent-key.ts';
import { keyPrefix } from './intent.ts';
import { noteLostRequests } from './lost-request.ts';
import type { Conflict, UnseenEdit } from './merge.ts';
import type { Shadow } from './shadow.ts';
import type { Step, SyncDeps } from './step.ts';

/** What reconcile needs of an external event; receive writes it into the delivery. Fields are by their names. */
export interface HeardEvent {
  externalId: string;
  kind: 'created' | 'updated' | 'deleted';
  requestId: string | null;
  key: string | null;
  /** null where the event carries no values (a thin one), or none that could be read. */
  after: Fields | null;
  previous: Fields | null;
}

export interface Heard {
  /** Something came in that our shadow does not explain: only a read tells. */
  mustRead: boolean;
  /** Echoes of our own writes, with the intents they are of. */
  echoes: { eventId: string; intentId: string }[];
  /** Edits that our writes covered before we could see them. */
  unseen: UnseenEdit[];
  /** Edits that our delete took with it before we could see them, told by its echo. */
  deletedOver: Conflict[];
  /** The greatest hop of the writes that these are echoes of. */
  hop: number;
}

/** Looks at the inbound deliveries of a step, without any call. */
export async function listen(deps: SyncDeps, step: Step): Promise<Heard> {
  const rules = deps.integration.document.fields;
  const events = heardEvents(step);
  const intents = await ownIntents(
    deps,
    events.map(({ event }) => event),
  );
  const unknown = events.map(({ event }) => event).filter((event) => event.key !== null && !intents(event));
  if (unknown.length > 0) await noteLostRequests(deps, unknown);
  const heard: Heard = { mustRead: step.mapping.mustRead, echoes: [], unseen: [], deletedOver: [], hop: 0 };
  for (const { delivery, event } of events) {
    const intent = intents(event);
    if (teaches(rules, step.mapping.shadow, event, intent)) heard.mustRead = true;
    if (!intent) continue;
    heard.echoes.push({ eventId: delivery.eventId, intentId: intent.id });
    heard.hop = Math.max(heard.hop, intent.hop);
    if (event.previous === null || intent.echoEvent !== null) continue;
    if (event.kind === 'updated') heard.unseen.push(...unseenEdits(rules, delivery, event.previous, intent));
    else if (event.kind === 'deleted')
      heard.deletedOver.push(...deletedOver(rules, delivery.eventId, event.previous, intent));
  }
  return heard;
}

/** The inbound deliveries of a step with what they say. */
export function heardEvents(step: Step): { delivery: OpenDelivery; event: HeardEvent }[] {
  // Receive wrote it in this shape; the database does not know it.
  return step.deliveries.flatMap((d) =>
    d.inbound ? [{ delivery: d, event: d.inbound as unknown as HeardEvent }] : [],
  );
}

/** Our own closed intents that events are echoes of: by key, or by the request's id, since a delete has no key. */
async function ownIntents(
  deps: SyncDeps,
  events: HeardEvent[],
): Promise<(event: HeardEvent) => EchoIntent | undefined> {
  const prefix = keyPrefix(deps);
  const ids = events.flatMap(({ key }) => intentOfKey(key ?? '', prefix) ?? []);
  const requests = events.flatMap(({ key, requestId }) =>
    key === null && requestId !== null ? [requestId] : [],
  );
  const byKey = new Map((await readClosedIntents(deps.db, ids)).map((intent) => [intent.key, intent]));
  const byRequest = new Map(
    (await readIntentsByRequest(deps.db, requests)).map((intent) => [intent.requestId, intent]),
  );
  return ({ key, requestId }) => (key !== null ? byKey.get(key) : byRequest.get(requestId ?? ''));
}

/** Whether an event shows anything but what we know: the shadow's values or, for a field that its own intent sent, what it sent. */
function teaches(
  rules: FieldRule[],
  shadow: Shadow,
  event: HeardEvent,
  intent: EchoIntent | undefined,
): boolean {
  if (event.kind === 'deleted' || event.after === null) return true;
  const after = event.after;
  return rules.some((rule) => {
    const value = fromExternal(rule, after[rule.external] ?? null);
    const sent = intent?.fields[rule.internal];
    return !same(rule, value, shadow[rule.internal]?.theirs) && !(sent && same(rule, value, sent.ours));
  });
}

/**
 * For each sent field of an echo: what stood there before our write, compared with what the merge behind that write had seen.
 * A sent field that is not among the previous values already had our value: no conflict.
 */
function unseenEdits(
  rules: FieldRule[],
  delivery: OpenDelivery,
  previous: Fields,
  intent: EchoIntent,
): UnseenEdit[] {
  return rules.flatMap((rule): UnseenEdit[] => {
    const sent = intent.fields[rule.internal];
    const told = previous[rule.external];
    if (rule.direction !== 'both' || !sent || told === undefined) return [];
    const before = fromExternal(rule, told);
    if (same(rule, before, sent.seen)) return [];
    return [
      {
        field: rule.internal,
        intentId: intent.id,
        eventId: delivery.eventId,
        value: before,
        sent: sent.ours,
        seen: sent.seen,
      },
    ];
  });
}
