// The three-way merge of one customer, pure. Base is the shadow's pair, one half for each side, so
// a side that tidies or shortens a value makes neither a loop nor a loss. The rules: docs/sync.md,
// "Merge".
import { isDeepStrictEqual } from 'node:util';
import type { ConflictRule, FieldRule, Fields, Value } from '../catalogue/document.ts';
import { isInexact } from '../catalogue/field-types.ts';
import { canCarry, canonical, canTake, same } from './canonical.ts';
import type { Pair, Shadow } from './shadow.ts';

/**
 * An edit of theirs that one of our writes covered before we could see it; the echo of that write
 * shows it.
 */
export interface UnseenEdit {
  field: string;
  intentId: string;
  eventId: string;
  /** What the record held before our write. */
  value: Value;
  /** What our write put into the record. */
  sent: Value;
  seen: Value;
  /** We did not push the field: the write carried what it had read, and our row had no part in it. */
  beside?: true;
  /** Only their own event names the value: whether our write replaced it, or a person, is not known. */
  isUnsure?: true;
  /** A transform cannot carry the value, which is as they have it: it is not put back. */
  isUncarried?: true;
}

/** docs/conflicts.md says what each means. */
export const conflictKinds = [
  'both_moved',
  'overwritten_unseen',
  'null_refused',
  'cannot_carry',
  'cannot_take',
  'refused',
  'deleted_there',
  'deleted_here',
  'duplicate_email',
  'external_duplicate',
  'reform_refused',
] as const;

export interface Conflict {
  kind: (typeof conflictKinds)[number];
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
  /** The system that theirs is from. */
  system?: string;
  /**
   * Who made our value of a field; null if it is not known. Asked only where the owner of the field
   * decides and may be neither of the two sides.
   */
  originOf?: (field: string) => string | null;
}

type Sides = Pick<MergeInput, 'system' | 'originOf'>;

/**
 * Merges both sides field by field; what moved on one side only is its value, what moved on both is
 * decided by rule. Values are taken in their canonical form, so what is written is tidy and white
 * space alone is a null like any other.
 */
export function merge(input: MergeInput): Plan {
  const { rules, shadow, ours, theirs, unseen = [] } = input;
  const plan: Plan = { pull: {}, push: {}, agreed: {}, carried: [], conflicts: [] };
  for (const rule of rules) {
    const field = rule.internal;
    const [our, their] = [canonical(rule, ours[field]), canonical(rule, theirs[field])];
    const wanted = want(rule, input, our, their, plan);
    const carried = unseen
      .filter((edit) => edit.field === field)
      .map((edit) => judgeUnseen(rule, edit, input, our, their, plan))
      .findLast((value) => value !== undefined);
    // An edit to be put back may be an emptied field: null is a value here.
    const value = carried === undefined ? wanted : carried;
    if (value === undefined) continue;
    if (!same(rule, their, value) && !canCarry(rule, value)) {
      leave(rule, shadow[field], { our, their }, 'cannot_carry', plan);
      continue;
    }
    if (!same(rule, our, value) && !canTake(rule, value)) {
      leave(rule, shadow[field], { our, their }, 'cannot_take', plan);
      continue;
    }
    if (carried !== undefined) plan.carried.push(field);
    if (!same(rule, our, value)) plan.pull[field] = value;
    if (!same(rule, their, value)) plan.push[field] = value;
    if (!(field in plan.pull) && !(field in plan.push)) plan.agreed[field] = { ours: our, theirs: their };
  }
  return plan;
}

/**
 * The value that both sides should have; undefined where there is nothing to do, or a pair is to be
 * left as it is.
 */
function want(rule: FieldRule, input: MergeInput, our: Value, their: Value, plan: Plan): Value | undefined {
  const base: Pair | undefined = input.shadow[rule.internal];
  const ourMoved = base === undefined || !same(rule, our, base.ours);
  const theirMoved = base === undefined || !same(rule, their, base.theirs);
  const refusesNull = their === null && rule.onNull === 'keep';
  if (rule.direction === 'pull') {
    if (!theirMoved || !refusesNull || our === null) return theirMoved ? their : undefined;
    refuseNull(rule, base, our, plan);
    return undefined;
  }
  if (same(rule, our, their)) return ourMoved || theirMoved ? our : undefined;
  // Decided before, and no side has moved since.
  if (!ourMoved && !theirMoved)
    return base.reason === 'reformed' || base.reason === 'refused' ? our : undefined;
  if (rule.direction === 'push') {
    if (theirMoved && base !== undefined) plan.conflicts.push(bothMoved(rule, base, our, their, 'ours'));
    return our;
  }
  if (!theirMoved) return our;
  if (!ourMoved) {
    if (!refusesNull) return their;
    refuseNull(rule, base, our, plan);
    return undefined;
  }
  if (base === undefined && (our === null || their === null)) return our ?? their; // first link: a blank is filled
  const ruling = refusesNull ? { rule: rule.conflict, value: our } : judge(rule, input, our, their);
  const winner = ruling.value === our ? 'ours' : 'theirs';
  plan.conflicts.push({ ...bothMoved(rule, base, our, their, winner), rule: ruling.rule });
  return ruling.value;
}

/** Their null does not overwrite our value: the pair stays as it is, decided once. */
function refuseNull(rule: FieldRule, base: Pair | undefined, our: Value, plan: Plan): void {
  plan.agreed[rule.internal] = { ours: our, theirs: null, reason: 'null_refused' };
  if (base === undefined) return; // there was never a value there
  plan.conflicts.push({
    ...bothMoved(rule, base, our, null, 'ours'),
    kind: 'null_refused',
    rule: 'null_never_overwrites',
  });
}

/**
 * One side cannot hold the value of the other: cut, ours would come back as an edit, and theirs is
 * no value of our field. The pair stays as it is, decided once.
 */
function leave(
  rule: FieldRule,
  base: Pair | undefined,
  { our, their }: { our: Value; their: Value },
  kind: 'cannot_carry' | 'cannot_take',
  plan: Plan,
): void {
  plan.agreed[rule.internal] = { ours: our, theirs: their, reason: kind };
  plan.conflicts = plan.conflicts.filter((c) => c.field !== rule.internal || c.kind === 'overwritten_unseen');
  plan.conflicts.push({
    ...bothMoved(rule, base, our, their, 'ours'),
    kind,
    rule: kind === 'cannot_carry' && !isInexact(rule.field, our) ? 'max_length' : 'type',
    winner: 'neither',
  });
}

/** The rule of a conflict that the owner of its field decided. */
export const OWNER_DECIDES = 'owner';

/**
 * Which of two values stands, and by which rule: the one of the owner of the field, if one of the
 * two is the owner's; else the one that the field's rule lets stand.
 */
function judge(rule: FieldRule, sides: Sides, our: Value, their: Value): { rule: string; value: Value } {
  const owned = ownersSide(rule, sides);
  if (owned !== null) return { rule: OWNER_DECIDES, value: owned === 'ours' ? our : their };
  return { rule: rule.conflict, value: decide(rule.conflict, our, their) };
}

/**
 * Our row holds values of every system. A value of ours whose change is not kept any more counts as
 * made by ourselves.
 */
function ownersSide(
  { owner, internal: field }: FieldRule,
  { system, originOf }: Sides,
): 'ours' | 'theirs' | null {
  if (owner === null) return null;
  if (owner === system) return 'theirs';
  const origin = originOf?.(field) ?? null;
  const isMade = owner === INTERNAL ? isInternal(origin) : origin === owner;
  return isMade ? 'ours' : null;
}

const INTERNAL = 'internal';

/** A statement of a person in the database is as internal as a call of the API. */
function isInternal(origin: string | null): boolean {
  return origin === null || origin === INTERNAL || origin === 'sql';
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

/**
 * Keeps the covered edit as a conflict; where it should have won and nothing came after it, it is
 * to be put back.
 */
function judgeUnseen(
  rule: FieldRule,
  edit: UnseenEdit,
  input: MergeInput,
  our: Value,
  their: Value,
  plan: Plan,
): Value | undefined {
  const covered = canonical(rule, edit.value);
  // It stands: it was set after our write.
  if (edit.isUnsure && same(rule, their, covered)) return undefined;
  // What we only carried beside is theirs alone, unless our row has moved since.
  const base: Pair | undefined = input.shadow[rule.internal];
  const isTheirsAlone = edit.beside === true && base !== undefined && same(rule, our, base.ours);
  const isRefused = rule.direction === 'push' || (covered === null && rule.onNull === 'keep');
  const ruling =
    isTheirsAlone || isRefused
      ? { rule: rule.conflict, value: isRefused ? our : covered }
      : judge(rule, input, our, covered);
  const theirsWins = !isRefused && isDeepStrictEqual(ruling.value, covered);
  // An edit of the owner stands against a later one of ours too.
  const isOurLater = !same(rule, our, edit.sent) && edit.beside !== true && ruling.rule !== OWNER_DECIDES;
  const untouched = !isOurLater && same(rule, their, edit.sent) && !edit.isUnsure && !edit.isUncarried;
  const conflict: Conflict = {
    kind: 'overwritten_unseen',
    field: rule.internal,
    base: edit.seen,
    ours: our,
    theirs: covered,
    rule: ruling.rule,
    winner: theirsWins && untouched ? 'theirs' : 'ours',
    // Without an intent, its values make it one conflict.
    ...(!edit.isUnsure && { intentId: edit.intentId }),
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
