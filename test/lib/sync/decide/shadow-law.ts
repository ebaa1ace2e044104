// The shadow law, as a question to what an outcome writes: of every pair that is new, was each half held at that moment?
import type { Value } from '../../../../lib/catalogue/document.ts';
import type { FieldRule } from '../../../../lib/catalogue/document.ts';
import { fieldRule } from '../rules.ts';
import type { Fetched } from '../../../../lib/integrations/integration.ts';
import { canonical } from '../../../../lib/sync/canonical.ts';
import type { Answer } from '../../../../lib/sync/facts.ts';
import type { Effects, Outcome } from '../../../../lib/sync/settle/outcome.ts';
import type { Situation } from '../../../../lib/sync/situation.ts';
import { oursOf, theirsOf } from '../../../../lib/sync/values.ts';

/** What breaks the law; null if nothing does. */
export function breaksShadowLaw(s: Situation, outcome: Outcome, effects: Effects): string | null {
  const after = effects.mapping.shadow;
  if (!after) return null;
  for (const [field, pair] of Object.entries(after)) {
    const before = s.mapping.shadow[field];
    if (before && before.ours === pair.ours && before.theirs === pair.theirs) continue;
    if (!oursHeld(s, outcome, field).includes(canonical(ruleOf(s, field), pair.ours)))
      return `ours of ${field}: ${JSON.stringify(pair.ours)}`;
    if (!theirsHeld(s, outcome, field).includes(canonical(ruleOf(s, field), pair.theirs)))
      return `theirs of ${field}: ${JSON.stringify(pair.theirs)}`;
  }
  return null;
}

/** Values of ours that are known to have been held: the row's, what was sent, what the shadow said. */
function oursHeld(s: Situation, outcome: Outcome, field: string): Value[] {
  const row = s.row ? oursOf(s.fields, s.row)[field] : undefined;
  const sent = intentOf(outcome)?.fields[field]?.ours;
  return [row, sent, s.mapping.shadow[field]?.ours].flatMap((v) =>
    v === undefined ? [] : [canonical(ruleOf(s, field), v)],
  );
}

/** Values of theirs that are known to have been held: as read or answered in this claim, what was sent, the shadow's. */
function theirsHeld(s: Situation, outcome: Outcome, field: string): Value[] {
  const read = [...s.known].flatMap(([key, answer]) => {
    if (!key.startsWith('record ')) return [];
    const fetched = answer as Answer<Fetched>;
    return fetched.ok && fetched.value.state === 'present' ? [fetched.value.record] : [];
  });
  const answered = outcome.kind === 'answered' && outcome.written.record ? [outcome.written.record] : [];
  const values = [...read, ...answered].map((record) => theirsOf(s.fields, record.fields)[field]);
  const sent = intentOf(outcome)?.fields[field]?.ours;
  return [...values, sent, s.mapping.shadow[field]?.theirs].flatMap((v) =>
    v === undefined ? [] : [canonical(ruleOf(s, field), v)],
  );
}

function intentOf(outcome: Outcome) {
  if (outcome.kind === 'found') return outcome.by ?? null;
  return 'intent' in outcome ? outcome.intent : null;
}

function ruleOf({ fields }: Situation, field: string): FieldRule {
  return fields.find(({ internal }) => internal === field) ?? fieldRule({ internal: field });
}
