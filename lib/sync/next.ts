// A change may need several requests at a system, or its record may forbid it (`Integration.next`).
// Each request is an intent of its own: it names the fields that it carries, with the values that it
// leaves in the record, so the shadow after its answer is right, and what is left is still ours to
// push. The step that settles the answer begins again at once, under the same lease. So a death
// between two requests is the same as a death before the first.
//
// A refused field stays as it is on both sides, with a conflict. It is asked about again in a step in
// which our row has moved, or the record was read, or another request of ours was answered.
import type { Fields } from '../catalogue/document.ts';
import { fromExternal } from '../catalogue/transforms.ts';
import { same } from './canonical.ts';
import { isGrouped } from './groups.ts';
import type { Comparison } from './merged.ts';
import type { Conflict, Plan } from './merge.ts';
import { oursUnmoved } from './shadow.ts';
import type { Situation } from './situation.ts';
import { byTheirNames, oursOf } from './values.ts';

/** What one request carries. `more`: another one follows its answer. */
export interface Part {
  ours: Fields;
  as?: string | undefined;
  more: boolean;
}

/** By our name; the reason is the integration's own. */
export interface Refusal {
  field: string;
  reason: string;
}

interface Asked {
  /** What is to be pushed, by our names. */
  push: Fields;
  /** What our row is to have beside that, by our names: what is pulled. */
  pull?: Fields;
  /** Their values by our names, and as they were read; null before the record is there. */
  there: { theirs: Fields; held: Fields | null } | null;
}

/** The reason of a field for which the integration has no request. */
export const NO_REQUEST = 'no_request';

/** The next request, or null if none can be made; and what was refused on the way to it. */
export function nextPart(s: Situation, asked: Asked): { part: Part | null; refused: Refusal[] } {
  if (!s.next) return { part: { ours: asked.push, more: false }, refused: [] };
  const ours = byTheirNames(s.fields, {
    ...(s.row ? oursOf(s.fields, s.row) : {}),
    ...asked.pull,
    ...asked.push,
  });
  const theirs = asked.there && theirsByName(s, asked.there);
  const refused: Refusal[] = [];
  let left = s.fields.filter(({ internal }) => internal in asked.push);
  while (left.length > 0) {
    const answer = s.next({ ours, theirs, push: left.map(({ external }) => external) });
    if (answer && 'carry' in answer) {
      const part = carriedOf(asked.push, left, ours, answer);
      if (part) return { part, refused };
    }
    const named = answer && 'refuse' in answer ? answer.refuse : null;
    const rule = left.find(({ external }) => external === named?.field);
    if (!rule || !named) {
      refused.push(...left.map(({ internal }) => ({ field: internal, reason: NO_REQUEST })));
      break;
    }
    refused.push({ field: rule.internal, reason: named.reason });
    left = left.filter((each) => each !== rule);
  }
  return { part: null, refused };
}

/** What the request carries of what is left; null if it carries nothing of it. */
function carriedOf(
  push: Fields,
  left: Situation['fields'],
  wanted: Fields,
  { carry, as }: { carry: Fields; as?: string },
): Part | null {
  const carried = left.filter(({ external }) => external in carry);
  if (carried.length === 0) return null;
  const isWhole = (rule: Situation['fields'][number]): boolean =>
    same(
      rule,
      fromExternal(rule, carry[rule.external] ?? null),
      fromExternal(rule, wanted[rule.external] ?? null),
    );
  const ours = carried.map((rule) => [
    rule.internal,
    isWhole(rule) ? (push[rule.internal] ?? null) : fromExternal(rule, carry[rule.external] ?? null),
  ]);
  const more = carried.length < left.length || !carried.every(isWhole);
  return { ours: Object.fromEntries(ours) as Fields, as, more }; // of entries made just above
}

/** The mapped fields alone, as they were read, or else as the shadow has them. */
function theirsByName(s: Situation, { theirs, held }: NonNullable<Asked['there']>): Fields {
  const known = held ?? byTheirNames(s.fields, theirs);
  return Object.fromEntries(s.fields.map(({ external }) => [external, known[external] ?? null]));
}

/**
 * The next request of a comparison whose refused fields are left already. What is written beside our
 * fields, and our owner tag, go alone before them: an operation of the system's own may carry neither.
 */
export function partOf(s: Situation, { plan, theirs, held, ownerTag, restored }: Comparison): Part {
  const isToPush = Object.keys(plan.push).length > 0;
  const goesAlone = ownerTag !== null || Object.keys(restored).length > 0;
  if (s.next && (goesAlone || !isToPush)) return { ours: {}, more: isToPush };
  const { part } = nextPart(s, { push: plan.push, pull: plan.pull, there: { theirs, held } });
  return part ?? { ours: {}, more: false };
}

/** The plan without what the record refuses: these fields stay as they are, decided once. */
export function withoutRefused(
  s: Situation,
  plan: Plan,
  there: { theirs: Fields; held: Fields | null },
): Plan {
  if (!s.next || Object.keys(plan.push).length === 0) return plan;
  const standing = standingRefusals(s, plan, there.held);
  const push = Object.fromEntries(Object.entries(plan.push).filter(([field]) => !standing.includes(field)));
  const { refused } = nextPart(s, { push, pull: plan.pull, there });
  const known = standing.map((field) => ({ field, reason: '' }));
  return [...known, ...refused].reduce((rest, refusal) => leave(s, rest, refusal, there.theirs), plan);
}

/** Refused before, and nothing has happened since that could have changed that. */
function standingRefusals({ row, mapping, ...s }: Situation, plan: Plan, held: Fields | null): string[] {
  if (held !== null || row === null) return [];
  const { shadow, parts } = mapping;
  const hasMoved = parts > 0 || !oursUnmoved(s.fields, shadow, oursOf(s.fields, row));
  return Object.keys(plan.push).filter(
    (field) =>
      shadow[field]?.reason === 'refused' && !(hasMoved && !isGrouped(s, field)) && !(field in plan.pull),
  );
}

function leave(
  { row, mapping, fields }: Situation,
  plan: Plan,
  { field, reason }: Refusal,
  theirs: Fields,
): Plan {
  const rule = fields.find(({ internal }) => internal === field);
  if (!rule || !row) return plan;
  const before = mapping.shadow[field];
  const [ours, their] = [oursOf([rule], row)[field] ?? null, theirs[field] ?? null];
  const isKnown =
    before?.reason === 'refused' && same(rule, before.ours, ours) && same(rule, before.theirs, their);
  // An edit of theirs that we covered stays recorded; that it was to be put back has come to nothing.
  const others = plan.conflicts.flatMap((each): Conflict[] => {
    if (each.field !== field) return [each];
    if (each.kind !== 'overwritten_unseen') return [];
    return [each.winner === 'theirs' ? { ...each, winner: 'neither', note: 'refused' } : each];
  });
  const conflict: Conflict = {
    ...{ kind: 'refused', field, base: before?.ours ?? null, ours, theirs: their },
    ...{ rule: reason, winner: 'neither' },
  };
  return {
    pull: without(plan.pull, field),
    push: without(plan.push, field),
    agreed: { ...plan.agreed, [field]: { ours, theirs: their, reason: 'refused' } },
    carried: plan.carried.filter((each) => each !== field),
    conflicts: isKnown ? others : [...others, conflict],
  };
}

function without(fields: Fields, name: string): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([field]) => field !== name));
}
