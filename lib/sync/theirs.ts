// What their side says: the shadow's half if nothing came in that could teach us more, else one GET. No value of theirs is
// ever taken from an event: events come late, twice and out of order.
import { readClosedIntents, type EchoIntent } from '../../db/intents.ts';
import type { OpenDelivery } from '../../db/reconcile-load.ts';
import type { FieldRule, Fields } from '../integrations/integration.ts';
import { same } from './canonical.ts';
import { keyPrefix } from './intent.ts';
import type { UnseenEdit } from './merge.ts';
import type { Shadow } from './shadow.ts';
import type { Step, SyncDeps } from './step.ts';

/** What reconcile needs of an external event; receive writes it into the delivery. Fields are by their names. */
export interface InboundEvent {
  externalId: string;
  kind: 'created' | 'updated' | 'deleted';
  created: string;
  requestId: string | null;
  key: string | null;
  /** null where the event carries no values (a thin one). */
  after: Fields | null;
  previous: Fields | null;
}

export interface Heard {
  /** Something came in that our shadow does not explain: only a read tells. */
  mustRead: boolean;
  /** Event ids that are echoes of our own writes. */
  echoes: string[];
  /** Edits that our writes covered before we could see them. */
  unseen: UnseenEdit[];
}

/** Looks at the inbound deliveries of a step, without any call. */
export async function listen(deps: SyncDeps, step: Step): Promise<Heard> {
  const rules = deps.integration.document.fields;
  const events = step.deliveries.flatMap((d) =>
    d.inbound ? [{ delivery: d, event: d.inbound as unknown as InboundEvent }] : [],
  );
  const intents = await ownIntents(
    deps,
    events.map(({ event }) => event),
  );
  const heard: Heard = { mustRead: step.mapping.mustRead, echoes: [], unseen: [] };
  for (const { delivery, event } of events) {
    const intent = event.key === null ? undefined : intents.get(event.key);
    if (intent) heard.echoes.push(delivery.eventId);
    if (teaches(rules, step.mapping.shadow, event, intent)) heard.mustRead = true;
    if (intent && event.kind === 'updated') heard.unseen.push(...unseenEdits(rules, delivery, event, intent));
  }
  return heard;
}

/** Our own closed intents that these events are echoes of, by key. */
async function ownIntents(deps: SyncDeps, events: InboundEvent[]): Promise<Map<string, EchoIntent>> {
  const prefix = keyPrefix(deps);
  const keys = events.flatMap(({ key }) => (key?.startsWith(prefix) ? [key] : []));
  const ids = keys.map((key) => key.slice(prefix.length)).filter((id) => /^[0-9a-f-]{36}$/.test(id));
  const found = await readClosedIntents(deps.db, ids);
  return new Map(found.map((intent) => [`${prefix}${intent.id}`, intent]));
}

/** Whether an event shows anything but what we know: the shadow's values or, for a field that its own intent sent, what it sent. */
function teaches(
  rules: FieldRule[],
  shadow: Shadow,
  event: InboundEvent,
  intent: EchoIntent | undefined,
): boolean {
  if (event.kind === 'deleted' || event.after === null) return true;
  const after = event.after;
  return rules.some((rule) => {
    const value = after[rule.external] ?? null;
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
  event: InboundEvent,
  intent: EchoIntent,
): UnseenEdit[] {
  const { previous } = event;
  if (previous === null || intent.echoEvent !== null) return [];
  return rules.flatMap((rule): UnseenEdit[] => {
    const sent = intent.fields[rule.internal];
    const before = previous[rule.external];
    if (rule.direction !== 'both' || !sent || before === undefined || same(rule, before, sent.seen))
      return [];
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
