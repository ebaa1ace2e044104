// Which of our writes an event is the echo of, at a system whose events name no request of ours. Such a
// system guards no update either, so an edit that our write covered shows in this event alone. The event
// is known by what it says: it has every value that the write sent, it changed no other field of ours,
// and it was made while the write could take effect.
//
// A person who sets the very values that we send, in the same minutes, makes an event that looks the
// same. Then a value that this person replaced may be kept as a conflict: a conflict too many, and no
// edit without one.
import type { UnnamedWrite } from '../../db/closed-intents.ts';
import type { ReceivedEvent } from '../../db/inbound.ts';
import { fromExternalIfAble } from '../catalogue/transforms.ts';
import type { FieldRule } from '../catalogue/document.ts';
import { same } from './canonical.ts';

/** How far the system's clock may be from ours. */
export const CLOCKS_APART_MS = 5 * 60_000;

/** Whether nothing but its values can say what caused this event. */
export function isUnnamed({ kind, key, after }: ReceivedEvent): boolean {
  return kind === 'updated' && key === null && after !== null;
}

/** The nearest in time of those that fit; `taken` are the echoes of other events. */
export function writeBehind(
  rules: readonly FieldRule[],
  { eventId, event }: { eventId: string; event: ReceivedEvent },
  writes: readonly UnnamedWrite[],
  taken: ReadonlySet<string>,
): UnnamedWrite | undefined {
  if (!isUnnamed(event) || event.previous === null) return undefined;
  const at = Date.parse(event.created ?? '');
  const distance = ({ firstSentAt }: UnnamedWrite): number => Math.abs(firstSentAt.getTime() - at);
  return writes
    .filter(({ id, echoEvent }) => (echoEvent === null ? !taken.has(id) : echoEvent === eventId))
    .filter((write) => isWithin(write, at) && saysWhatWasSent(rules, event, write))
    .toSorted((a, b) => distance(a) - distance(b))[0];
}

/** A time that cannot be read fits nothing. */
function isWithin({ firstSentAt, overAt }: UnnamedWrite, at: number): boolean {
  return at >= firstSentAt.getTime() - CLOCKS_APART_MS && at <= overAt.getTime() + CLOCKS_APART_MS;
}

function saysWhatWasSent(
  rules: readonly FieldRule[],
  { after, previous }: ReceivedEvent,
  { fields, beside }: UnnamedWrite,
): boolean {
  const sent = Object.entries(fields);
  const hasEach = sent.every(([field, { ours }]) => {
    const rule = rules.find(({ internal }) => internal === field);
    return rule !== undefined && same(rule, fromExternalIfAble(rule, after?.[rule.external] ?? null), ours);
  });
  const isOfWrite = (external: string): boolean =>
    external in (beside ?? {}) ||
    rules.some((rule) => rule.external === external && Object.hasOwn(fields, rule.internal));
  return sent.length > 0 && hasEach && Object.keys(previous ?? {}).every(isOfWrite);
}
