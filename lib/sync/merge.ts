// The three-way merge of one customer, pure. Base is the shadow's pair, one half for each side, so a side that tidies or
// shortens a value makes neither a loop nor a loss. The rules: docs/sync.md, "Merge".
import type { ConflictRule, FieldRule, Fields, Value } from '../integrations/integration.ts';
import { canonical, same } from './canonical.ts';
import type { Pair, Shadow } from './shadow.ts';

/** An edit of theirs that one of our writes covered before we could see it, told by the echo of that write. */
export interface UnseenEdit {
  field: string;
  intentId: string;
  eventId: string;
  /** What stood there before our write. */
  value: Value;
  /** What our write put there. */
  sent: Value;
  seen: Value;
}

export interface Conflict {
  kind:
    | 'both_moved'
    | 'overwritten_unseen'
    | 'null_refused'
    | 'deleted_there'
    | 'deleted_here'
    | 'duplicate_email'
    | 'external_duplicate';
  field: string | null;
  base: Value;
  ours: Value;
  theirs: Value;
  rule: string;
  winner: 'ours' | 'theirs' | 'neither';
  note?: string;
  intentId?: string;
  eventId?: string;
}

export interface Plan {
  /** New values of our row. */
  pull: Fields;
  /** New values of theirs. */
  push: Fields;
  /** Pairs that agree, or were decided to be left: they become the shadow without a write. */
  agreed: Record<string, Pair>;
  /** Fields in `pull` that put back an edit our write had covered; the shadow of these waits for the push. */
  carried: string[];
  conflicts: Conflict[];
}

export interface MergeInput {
  rules: FieldRule[];
  shadow: Shadow;
  ours: Fields;
  theirs: Fields;
  unseen?: UnseenEdit[];
}

/**
 * Merges both sides field by field; what moved on one side only is its value, what moved on both is decided by rule. Values are
 * taken in their canonical form, so what is written is tidy and white space alone is a null like any other.
 */
export function merge({ rules, shadow, ours, theirs, unseen = [] }: MergeInput): Plan {
  const plan: Plan = { pull: {}, push: {}, agreed: {}, carried: [], conflicts: [] };
  for (const rule of rules) {
    const field = rule.internal;
    const [our, their] = [canonical(ours[field]), canonical(theirs[field])];
    const wanted = want(rule, shadow[field], our, their, plan);
    const carried = unseen
      .filter((edit) => edit.field === field)
      .map((edit) => judgeUnseen(rule, edit, our, their, plan))
      .findLast((value) => value !== undefined);
    // An edit to be put back may be an emptied field: null is a value here.
    const value = carried === undefined ? wanted : carried;
    if (value === undefined) continue;
    if (carried !== undefined) plan.carried.push(field);
    if (!same(rule, our, value)) plan.pull[field] = value;
    if (!same(rule, their, value)) plan.push[field] = value;
    if (!(field in plan.pull) && !(field in plan.push)) plan.agreed[field] = { ours: our, theirs: their };
  }
  return plan;
}

/** The value that both sides should have; undefined where there is nothing to do, or a pair is to be left as it is. */
function want(
  rule: FieldRule,
  base: Pair | undefined,
  our: Value,
  their: Value,
  plan: Plan,
): Value | undefined {
  const ourMoved = base === undefined || !same(rule, our, base.ours);
  const theirMoved = base === undefined || !same(rule, their, base.theirs);
  if (rule.direction === 'pull') return theirMoved ? their : undefined;
  if (same(rule, our, their)) return ourMoved || theirMoved ? our : undefined;
  if (rule.direction === 'push') {
    if (theirMoved && base !== undefined) plan.conflicts.push(bothMoved(rule, base, our, their, 'ours'));
    return our;
  }
  if (!ourMoved && !theirMoved) return undefined; // decided before, and no side has moved since
  if (!theirMoved) return our;
  const refusesNull = their === null && rule.onNull === 'keep';
  if (!ourMoved) {
    if (!refusesNull) return their;
    plan.agreed[rule.internal] = { ours: our, theirs: their, reason: 'null_refused' };
    plan.conflicts.push({
      ...bothMoved(rule, base, our, their, 'ours'),
      kind: 'null_refused',
      rule: 'null_never_overwrites',
    });
    return undefined;
  }
  if (base === undefined && (our === null || their === null)) return our ?? their; // first link: a blank is filled
  const value = refusesNull ? our : decide(rule.conflict, our, their);
  plan.conflicts.push(bothMoved(rule, base, our, their, value === our ? 'ours' : 'theirs'));
  return value;
}

/** Which of two values a rule lets stand. */
export function decide(rule: ConflictRule, our: Value, their: Value): Value {
  switch (rule) {
    case 'internal_wins':
      return our;
    case 'external_wins':
      return their;
    case 'external_unless_blank':
      return their ?? our;
    case 'internal_unless_blank':
      return our ?? their;
  }
}

/** Keeps the covered edit as a conflict; where it should have won and nothing came after it, it is to be put back. */
function judgeUnseen(
  rule: FieldRule,
  edit: UnseenEdit,
  our: Value,
  their: Value,
  plan: Plan,
): Value | undefined {
  const covered = canonical(edit.value);
  const theirsWins =
    decide(rule.conflict, our, covered) === covered && !(covered === null && rule.onNull === 'keep');
  const untouched = same(rule, our, edit.sent) && same(rule, their, edit.sent);
  const conflict: Conflict = {
    kind: 'overwritten_unseen',
    field: rule.internal,
    base: edit.seen,
    ours: our,
    theirs: covered,
    rule: rule.conflict,
    winner: theirsWins && untouched ? 'theirs' : 'ours',
    intentId: edit.intentId,
    eventId: edit.eventId,
  };
  if (theirsWins && !untouched) conflict.note = 'overtaken';
  plan.conflicts.push(conflict);
  return theirsWins && untouched ? covered : undefined;
}

function bothMoved(
  rule: FieldRule,
  base: Pair | undefined,
  our: Value,
  their: Value,
  winner: 'ours' | 'theirs',
): Conflict {
  return {
    kind: 'both_moved',
    field: rule.internal,
    base: base?.ours ?? null,
    ours: our,
    theirs: their,
    rule: rule.conflict,
    winner,
  };
}
