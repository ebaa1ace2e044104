import fc from 'fast-check';
import type { ConflictRule, FieldRule, Fields, Value } from '../../../lib/integrations/integration.ts';
import { same } from '../../../lib/sync/canonical.ts';
import { decide, merge, type Plan } from '../../../lib/sync/merge.ts';
import type { Pair } from '../../../lib/sync/shadow.ts';
import { fieldRule } from './rules.ts';

describe('the laws of merging', () => {
  const value: fc.Arbitrary<Value> = fc.option(fc.constantFrom('A', 'B', 'C', ' B ', 'b', ' '), {
    nil: null,
  });
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
    })
    .map(fieldRule);
  const anything = fc.record({ rule, base: pair, ours: value, theirs: value });
  type Any = { rule: FieldRule; base: Pair | undefined; ours: Value; theirs: Value };

  const planOf = ({ rule: r, base: b, ours, theirs }: Any): Plan =>
    merge({ rules: [r], shadow: b ? { name: b } : {}, ours: { name: ours }, theirs: { name: theirs } });

  /** What both sides and the shadow are once the plan is carried out. */
  function carriedOut(any: Any): Any {
    const plan = planOf(any);
    const after = (side: Fields, before: Value): Value => ('name' in side ? (side['name'] ?? null) : before);
    const [ours, theirs] = [after(plan.pull, any.ours), after(plan.push, any.theirs)];
    const wrote = 'name' in plan.pull || 'name' in plan.push;
    return {
      rule: any.rule,
      base: wrote ? { ours, theirs } : (plan.agreed['name'] ?? any.base),
      ours,
      theirs,
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
    const { pull, push, agreed, conflicts } = planOf(any);
    return [pull, push, agreed, conflicts].every((part) => Object.keys(part).length === 0);
  });

  law('one side moved: its value is written, and only on the other side', (any) => {
    const [our, their] = moved(any);
    if (our === their || same(any.rule, any.ours, any.theirs)) return true;
    const { pull, push, conflicts } = planOf(any);
    if (our) return !('name' in pull) && same(any.rule, push['name'], any.ours) && conflicts.length === 0;
    if (any.rule.onNull === 'keep' && same(any.rule, any.theirs, null))
      return !('name' in pull) && !('name' in push) && conflicts.length === 1;
    return !('name' in push) && same(any.rule, pull['name'], any.theirs) && conflicts.length === 0;
  });

  law('both moved apart: one side is written, and the loser is in a conflict', (any) => {
    if (!any.base || moved(any).includes(false) || same(any.rule, any.ours, any.theirs)) return true;
    const { pull, push, conflicts } = planOf(any);
    const [kept] = conflicts;
    return (
      'name' in pull !== 'name' in push &&
      conflicts.length === 1 &&
      same(any.rule, kept?.ours, any.ours) &&
      same(any.rule, kept?.theirs, any.theirs) &&
      kept?.winner === ('name' in pull ? 'theirs' : 'ours')
    );
  });

  law('merging twice is merging once', (any) => {
    const { pull, push, agreed, conflicts } = planOf(carriedOut(any));
    return [pull, push, agreed, conflicts].every((part) => Object.keys(part).length === 0);
  });

  law('afterwards both sides agree, unless it was decided to leave them', (any) => {
    const { rule: r, base: b, ours, theirs } = carriedOut(any);
    const left = b?.reason !== undefined || !moved(any).includes(true);
    return left || same(r, ours, theirs);
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
