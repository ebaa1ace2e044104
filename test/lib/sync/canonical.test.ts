import { expect } from 'chai';
import fc from 'fast-check';
import type { FieldRule } from '../../../lib/integrations/integration.ts';
import { canonical, same } from '../../../lib/sync/canonical.ts';
import { fieldRule } from './rules.ts';

describe('canonical', () => {
  const forms: [string, string | null | undefined, string | null][] = [
    ['white space around it is not part of a value', '  Ada \t', 'Ada'],
    ['nothing is null', '', null],
    ['white space alone is null', ' \u00a0\n', null],
    ['undefined is null', undefined, null],
    ['decomposed and composed letters are the same', 'Ame\u0301lie', 'Amélie'],
    ['white space inside stays', 'Ada  Lovelace', 'Ada  Lovelace'],
  ];
  for (const [sentence, value, wanted] of forms) {
    it(sentence, () => expect(canonical(value)).to.equal(wanted));
  }

  it('is its own canonical form', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 12 }),
        (text) => canonical(canonical(text)) === canonical(text),
      ),
    );
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
