import fc from 'fast-check';
import type { ConflictRule, FieldRule, Fields, Value } from '../../../lib/catalogue/document.ts';
import { fromExternal, toExternal, type CarryName } from '../../../lib/catalogue/transforms.ts';
import { canCarry, canonical, same } from '../../../lib/sync/canonical.ts';
import { decide, merge, type Plan } from '../../../lib/sync/merge.ts';
import type { Pair } from '../../../lib/sync/shadow.ts';
import { fieldRule } from './rules.ts';

describe('the laws of merging', () => {
  const value: fc.Arbitrary<Value> = fc.option(
    fc.constantFrom('A', 'B', 'C', ' B ', 'b', ' ', 'A  b', 'a b'),
    {
      nil: null,
    },
  );
  const pair = fc.option(fc.record({ ours: value, theirs: value }), { nil: undefined });
  const conflict = fc.constantFrom<ConflictRule>(
    'internal_wins',
    'external_wins',
    'external_unless_blank',
    'internal_unless_blank',
  );
  const rule = fc
    .record({
      conflict,
      onNull: fc.constantFrom<'keep' | 'clear'>('keep', 'clear'),
      compare: fc.constantFrom<FieldRule['compare']>(['exact'], ['lower']),
      direction: fc.constantFrom<FieldRule['direction']>('both', 'both', 'push', 'pull'),
      maxLength: fc.constantFrom(null, null, 2),
      toExternal: fc.subarray<CarryName>(['lower', 'singleSpaced']),
      toInternal: fc.subarray<CarryName>(['lower', 'singleSpaced']),
      owner: fc.constantFrom(null, null, 'internal', 'here', 'there'),
    })
    .map(fieldRule);
  const origin = fc.constantFrom(null, 'internal', 'sql', 'here', 'there', 'elsewhere');
  const anything = fc.record({ rule, base: pair, ours: value, theirs: value, origin });
  type Any = {
    rule: FieldRule;
    base: Pair | undefined;
    ours: Value;
    theirs: Value;
    origin: string | null;
  };

  /** The system is `there`. */
  const planOf = ({ rule: r, base: b, ours, theirs, origin: from }: Any): Plan =>
    merge({
      ...{ rules: [r], shadow: b ? { name: b } : {}, ours: { name: ours }, theirs: { name: theirs } },
      ...{ system: 'there', originOf: () => from },
    });

  const writesNothing = ({ pull, push, agreed, conflicts }: Plan): boolean =>
    [pull, push, agreed, conflicts].every((part) => Object.keys(part).length === 0);
  /** What they hold once a value of ours was written there, as we take it. */
  const arrived = (r: FieldRule, sent: Value): Value => fromExternal(r, toExternal(r, sent));

  /** What both sides and the shadow are once the plan is carried out. */
  function carriedOut(any: Any): Any {
    const plan = planOf(any);
    const after = (side: Fields, before: Value): Value => ('name' in side ? (side['name'] ?? null) : before);
    const sent = 'name' in plan.push ? { name: arrived(any.rule, plan.push['name'] ?? null) } : {};
    const [ours, theirs] = [after(plan.pull, any.ours), after(sent, any.theirs)];
    const wrote = 'name' in plan.pull || 'name' in plan.push;
    return {
      rule: any.rule,
      base: wrote ? { ours, theirs } : (plan.agreed['name'] ?? any.base),
      ours,
      theirs,
      origin: any.origin,
    };
  }

  const law = (sentence: string, holds: (any: Any) => boolean): void => {
    it(sentence, () => fc.assert(fc.property(anything, holds), { numRuns: 1_000 }));
  };
  const moved = ({ rule: r, base: b, ours, theirs }: Any): [boolean, boolean] => [
    !b || !same(r, ours, b.ours),
    !b || !same(r, theirs, b.theirs),
  ];

  law('nothing moved, nothing changes', (any) => {
    if (moved(any).includes(true)) return true;
    return writesNothing(planOf(any));
  });

  law('one side moved: its value is written, and only on the other side', (any) => {
    const [our, their] = moved(any);
    if (any.rule.direction !== 'both' || our === their || same(any.rule, any.ours, any.theirs)) return true;
    const { pull, push, agreed, conflicts } = planOf(any);
    if (our && !canCarry(any.rule, canonical(any.rule, any.ours)))
      return agreed['name']?.reason === 'cannot_carry' && conflicts.length === 1;
    if (our) return !('name' in pull) && same(any.rule, push['name'], any.ours) && conflicts.length === 0;
    if (any.rule.onNull === 'keep' && same(any.rule, any.theirs, null))
      return !('name' in pull) && !('name' in push) && conflicts.length === 1;
    return !('name' in push) && same(any.rule, pull['name'], any.theirs) && conflicts.length === 0;
  });

  law('both moved apart: one side is written, and the loser is in a conflict', (any) => {
    if (!any.base || moved(any).includes(false) || same(any.rule, any.ours, any.theirs)) return true;
    if (any.rule.direction !== 'both') return true;
    const { pull, push, agreed, conflicts } = planOf(any);
    const [kept] = conflicts;
    if (agreed['name']?.reason === 'cannot_carry')
      return conflicts.length === 1 && kept?.kind === 'cannot_carry' && kept.winner === 'neither';
    return (
      'name' in pull !== 'name' in push &&
      conflicts.length === 1 &&
      same(any.rule, kept?.ours, any.ours) &&
      same(any.rule, kept?.theirs, any.theirs) &&
      kept?.winner === ('name' in pull ? 'theirs' : 'ours')
    );
  });

  law('both moved apart: the edit of the owner stands, and without one the rule decides', (any) => {
    const { rule: r, origin: from } = any;
    const { owner } = r;
    const { agreed, conflicts } = planOf(any);
    const [kept] = conflicts;
    if (kept?.kind !== 'both_moved' || r.direction !== 'both' || agreed['name'] !== undefined) return true;
    if (r.onNull === 'keep' && kept.theirs === null) return kept.winner === 'ours';
    const isOwn = from === null || from === 'internal' || from === 'sql';
    const ourOwner = owner === 'internal' ? isOwn : owner !== null && owner === from;
    if (owner === 'there') return kept.winner === 'theirs' && kept.rule === 'owner';
    if (ourOwner) return kept.winner === 'ours' && kept.rule === 'owner';
    const stands = decide(r.conflict, kept.ours, kept.theirs);
    return kept.rule === r.conflict && stands === (kept.winner === 'ours' ? kept.ours : kept.theirs);
  });

  law('merging twice is merging once', (any) => {
    return writesNothing(planOf(carriedOut(any)));
  });

  law('afterwards both sides agree, unless it was decided to leave them', (any) => {
    const { rule: r, base: b, ours, theirs } = carriedOut(any);
    const left = b?.reason !== undefined || !moved(any).includes(true) || r.direction === 'pull';
    return left || same(r, ours, theirs);
  });

  law('a field that goes one way is never written the other way', ({ rule: r, ...any }) => {
    const { pull, push } = planOf({ rule: r, ...any });
    return (r.direction !== 'pull' || !('name' in push)) && (r.direction !== 'push' || !('name' in pull));
  });

  law('their null is never pulled where it is refused', (any) => {
    const { pull } = planOf(any);
    return any.rule.onNull === 'clear' || canonical(any.rule, any.ours) === null || pull['name'] !== null;
  });

  law('nothing longer than they take is ever written there', (any) => {
    const sent = planOf(any).push['name'] ?? null;
    return canCarry(any.rule, sent);
  });

  law('what is left as it is is left for a reason that fits', (any) => {
    const pair = planOf(any).agreed['name'];
    if (pair === undefined) return true;
    if (pair.reason === 'null_refused') return pair.theirs === null && pair.ours !== null;
    if (pair.reason === 'cannot_carry') return !same(any.rule, pair.ours, pair.theirs);
    return same(any.rule, pair.ours, pair.theirs);
  });

  law('no white space alone is ever written', (any) => {
    const { pull, push } = planOf(any);
    return ![pull['name'], push['name']].includes(' ');
  });

  it('a rule lets one of the two values stand', () => {
    fc.assert(
      fc.property(conflict, value, value, (r, ours, theirs) =>
        [ours, theirs].includes(decide(r, ours, theirs)),
      ),
    );
  });
});
