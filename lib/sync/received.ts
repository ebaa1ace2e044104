// The inbound events of a record, and what they show: whether our shadow explains them, or only a
// read does. No value of theirs is ever taken from an event: events come late, twice and out of
// order.
import type { EchoIntent } from '../../db/closed-intents.ts';
import type { ReceivedEvent } from '../../db/inbound.ts';
import type { OpenDelivery } from '../../db/mappings/load.ts';
import { fromExternal, fromExternalIfAble, ifAble } from '../catalogue/transforms.ts';
import type { FieldRule, Fields, Value } from '../catalogue/document.ts';
import { same } from './canonical.ts';
import { deletedOver } from './delete-conflicts.ts';
import { know } from './facts.ts';
import { coveredBeside, isGrouped, pushedRule, type EditBeside } from './groups.ts';
import type { Conflict, UnseenEdit } from './merge.ts';
import { overwritten } from './overwritten.ts';
import type { Shadow } from './shadow.ts';
import type { Situation } from './situation.ts';
import { writeBehind } from './unnamed-echo.ts';

export interface Received {
  /** An event came in that our shadow does not explain: only a read does. */
  mustRead: boolean;
  /** Echoes of our own writes, with the intents they are of. */
  echoes: { eventId: string; intentId: string }[];
  /** Edits that our writes covered before we could see them. */
  unseen: UnseenEdit[];
  /** The same, of fields that no field of ours is pushed to. */
  beside: EditBeside[];
  /** Edits that our delete took with it before we could see them; its echo shows them. */
  deletedOver: Conflict[];
  /** The greatest hop of the writes that these are echoes of. */
  hop: number;
}

/** The inbound deliveries of a step with what they say. */
export function receivedEvents(deliveries: readonly OpenDelivery[]): {
  delivery: OpenDelivery;
  event: ReceivedEvent;
}[] {
  return deliveries.flatMap((d) => (d.inbound ? [{ delivery: d, event: d.inbound }] : []));
}

/** Judges the inbound deliveries of a situation. */
export function received(s: Situation): Received {
  const events = receivedEvents(s.deliveries);
  const result: Received = {
    mustRead: s.mapping.mustRead,
    echoes: [],
    unseen: [],
    beside: [],
    deletedOver: [],
    hop: 0,
  };
  if (events.length === 0) return result;
  const { byKey, byRequest, unnamed } = know(s, 'echoes', { of: 'inbound' });
  const taken = new Set<string>();
  for (const { delivery, event } of events) {
    const { key, requestId } = event;
    const named = key !== null ? byKey.get(key) : byRequest.get(requestId ?? '');
    const intent = named ?? writeBehind(s.fields, { eventId: delivery.eventId, event }, unnamed, taken);
    if (intent) taken.add(intent.id);
    if (teaches(s.fields, s.mapping.shadow, event, intent)) result.mustRead = true;
    if (!intent) {
      result.unseen.push(...overwritten(s.fields, { eventId: delivery.eventId, event }, unnamed));
      continue;
    }
    result.echoes.push({ eventId: delivery.eventId, intentId: intent.id });
    result.hop = Math.max(result.hop, intent.hop);
    if (event.previous === null || intent.echoEvent !== null) continue;
    if (event.kind === 'updated') noteCovered(s, result, delivery, event.previous, intent);
    else if (event.kind === 'deleted' && s.capabilities.deletes !== 'archive')
      result.deletedOver.push(...deletedOver(s.fields, delivery.eventId, event.previous, intent));
  }
  return result;
}

/**
 * An edit that is to be put back where the system takes it only together with others needs the
 * record.
 */
function noteCovered(
  s: Situation,
  result: Received,
  delivery: OpenDelivery,
  previous: Fields,
  intent: EchoIntent,
): void {
  const edits = unseenEdits(s.fields, delivery, previous, intent);
  for (const edit of coveredBeside(intent, delivery.eventId, previous)) {
    const rule = pushedRule(s.fields, edit.field);
    if (rule) edits.push(...asUnseen(rule, edit));
    else result.beside.push(edit);
  }
  result.unseen.push(...edits);
  if (result.beside.length > 0 || edits.some(({ field }) => isGrouped(s, field))) result.mustRead = true;
}

function asUnseen(rule: FieldRule, edit: ReturnType<typeof coveredBeside>[number]): UnseenEdit[] {
  const { intentId, eventId } = edit;
  const [value, seen] = [fromExternalIfAble(rule, edit.value), fromExternalIfAble(rule, edit.seen)];
  if (same(rule, value, seen)) return [];
  const sent = fromExternalIfAble(rule, edit.sent);
  const uncarried = uncarriedIn(rule, edit.value);
  return [{ field: rule.internal, intentId, eventId, value, sent, seen, beside: true, ...uncarried }];
}

/** What no transform can carry over is kept, and never put back. */
function uncarriedIn(rule: FieldRule, value: Value): { isUncarried?: true } {
  return value === null || ifAble(() => fromExternal(rule, value)) !== null ? {} : { isUncarried: true };
}

/**
 * Whether an event shows anything but what we know: the shadow's values or, for a field that its
 * own intent sent, what it sent.
 */
function teaches(
  rules: FieldRule[],
  shadow: Shadow,
  event: ReceivedEvent,
  intent: EchoIntent | undefined,
): boolean {
  if (event.kind === 'deleted' || event.kind === 'merged' || event.after === null) return true;
  const after = event.after;
  return rules.some((rule) => {
    const value = fromExternalIfAble(rule, after[rule.external] ?? null);
    const sent = intent?.fields[rule.internal];
    return !same(rule, value, shadow[rule.internal]?.theirs) && !(sent && same(rule, value, sent.ours));
  });
}

/**
 * For each sent field of an echo: what the record held before our write, compared with what the
 * merge behind that write had seen. A sent field that is not among the previous values already had
 * our value: no conflict.
 */
function unseenEdits(
  rules: FieldRule[],
  delivery: OpenDelivery,
  previous: Fields,
  intent: EchoIntent,
): UnseenEdit[] {
  return rules.flatMap((rule): UnseenEdit[] => {
    const sent = intent.fields[rule.internal];
    const stood = previous[rule.external];
    if (rule.direction !== 'both' || !sent || stood === undefined) return [];
    const before = fromExternalIfAble(rule, stood);
    if (same(rule, before, sent.seen)) return [];
    return [
      {
        field: rule.internal,
        intentId: intent.id,
        eventId: delivery.eventId,
        value: before,
        sent: sent.ours,
        seen: sent.seen,
        ...uncarriedIn(rule, stood),
      },
    ];
  });
}
