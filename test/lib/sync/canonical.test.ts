import { expect } from 'chai';
import fc from 'fast-check';
import type { FieldRule } from '../../../lib/catalogue/document.ts';
import { fromExternal, toExternal } from '../../../lib/catalogue/transforms.ts';
import { canonical, same } from '../../../lib/sync/canonical.ts';
import { fieldRule } from './rules.ts';

describe('canonical', () => {
  const forms: [string, string | null | undefined, string | null][] = [
    ['white space around it is not part of a value', '  Ada \t', 'Ada'],
    ['nothing is null', '', null],
    ['white space alone is null', ' \u00a0\n', null],
    ['a text in which nothing can be seen is null', '\u200b\u2060\u3164 \ufe0f', null],
    ['joiners inside stay', 'می\u200cخواهم', 'می\u200cخواهم'],
    ['undefined is null', undefined, null],
    ['decomposed and composed letters are the same', 'Ame\u0301lie', 'Amélie'],
    ['white space inside stays', 'Ada  Lovelace', 'Ada  Lovelace'],
  ];
  for (const [sentence, value, wanted] of forms) {
    it(sentence, () => expect(canonical(fieldRule({}), value)).to.equal(wanted));
  }

  it('is its own canonical form', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 12 }),
        (text) => canonical(fieldRule({}), canonical(fieldRule({}), text)) === canonical(fieldRule({}), text),
      ),
    );
  });

  describe('and carried there and back', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.string({
        unit: fc.constantFrom('a', 'A', ' ', '\t', 'ß', 'ẞ', 'İ', 'ı', 'Σ', 'e', '\u0301', 'É'),
        maxLength: 6,
      }),
    );
    const value = fc.option(text, { nil: null });
    const carries = fc
      .subarray(['lower', 'singleSpaced'] as const)
      .chain((some) => fc.shuffledSubarray([...some], { minLength: some.length }));
    const rule = fc
      .record({
        toExternal: carries,
        toInternal: carries,
        compare: fc.constantFrom<FieldRule['compare']>([], ['lower']),
      })
      .map(fieldRule);

    it('a value stands for what it has become', () => {
      fc.assert(
        fc.property(rule, value, (r, x) => same(r, fromExternal(r, toExternal(r, x)), x)),
        { numRuns: 2_000 },
      );
    });

    it('in whatever order its transforms are named', () => {
      fc.assert(
        fc.property(rule, value, (r, x) => {
          const reversed = { ...r, toExternal: r.toExternal.toReversed() };
          return (
            canonical(fieldRule({}), toExternal(r, x)) === canonical(fieldRule({}), toExternal(reversed, x))
          );
        }),
        { numRuns: 2_000 },
      );
    });

    it('no value differs from itself, and two values that are equal to one value are equal to each other', () => {
      fc.assert(
        fc.property(rule, value, value, value, (r, x, y, z) => {
          const fair = same(r, x, x) && same(r, x, y) === same(r, y, x);
          return fair && (!same(r, x, y) || !same(r, y, z) || same(r, x, z));
        }),
        { numRuns: 2_000 },
      );
    });
  });

  it('compares case only where the rule says so', () => {
    const exact: FieldRule = fieldRule({ compare: ['exact'] });
    const lower: FieldRule = fieldRule({ compare: ['lower'] });
    expect(same(exact, 'Ada@Example.com', 'ada@example.com')).to.equal(false);
    expect(same(lower, 'Ada@Example.com', 'ada@example.com')).to.equal(true);
  });

  it('takes null for equal to null and to nothing else', () => {
    expect(same(fieldRule({}), null, undefined)).to.equal(true);
    expect(same(fieldRule({}), null, '  ')).to.equal(true);
    expect(same(fieldRule({}), null, 'null')).to.equal(false);
  });
});
