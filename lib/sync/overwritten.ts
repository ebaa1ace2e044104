// Edits of theirs that an update of ours overwrote, at a system that guards no update and whose events
// say what the record holds and not what it held before. Then no echo shows them: only the event of the
// edit itself names the value. A value that no read of ours had seen and no update of ours had sent, and
// that was set before an update of its field can have ended, is kept as a conflict.
//
// A person may have replaced the value before our update did: nothing of this system says who did. So a
// value may be kept that we did not overwrite, and it is never put back.
import type { UnnamedWrite } from '../../db/closed-intents.ts';
import type { ReceivedEvent } from '../../db/inbound.ts';
import { fromExternalIfAble } from '../catalogue/transforms.ts';
import type { FieldRule } from '../catalogue/document.ts';
import { same } from './canonical.ts';
import type { UnseenEdit } from './merge.ts';

/** How far the system's clock may be ahead of ours. */
const AHEAD_MS = 60_000;

export function overwritten(
  rules: readonly FieldRule[],
  { eventId, event }: { eventId: string; event: ReceivedEvent },
  writes: readonly UnnamedWrite[],
): UnseenEdit[] {
  const { kind, key, after, previous } = event;
  const at = Date.parse(event.created ?? '');
  if (kind !== 'updated' || key !== null || after === null || previous !== null) return [];
  return rules.flatMap((rule): UnseenEdit[] => {
    const field = rule.internal;
    const ofField = writes.filter(({ fields }) => Object.hasOwn(fields, field));
    const by = ofField.find(({ overAt }) => overAt.getTime() + AHEAD_MS >= at);
    const sent = by?.fields[field];
    if (rule.direction !== 'both' || !by || !sent) return [];
    const value = fromExternalIfAble(rule, after[rule.external] ?? null);
    const known = ofField.flatMap(({ fields: { [field]: one } }) => (one ? [one.ours, one.seen] : []));
    if (known.some((one) => same(rule, value, one))) return [];
    return [{ field, intentId: by.id, eventId, value, sent: sent.ours, seen: sent.seen, isUnsure: true }];
  });
}
