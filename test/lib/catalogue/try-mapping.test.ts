import { expect } from 'chai';
import { plainField } from '../../../lib/catalogue/built-in.ts';
import { fieldTypes } from '../../../lib/catalogue/entity.ts';
import { canonical, fits } from '../../../lib/catalogue/field-types.ts';
import { sampleOf, tryField } from '../../../lib/catalogue/try-mapping.ts';
import { fieldRule } from '../sync/rules.ts';

const text = plainField('phone', 'text');

describe('a mapped field that is tried', () => {
  it('shows each transform on the way to the system and back', () => {
    const rule = fieldRule({ toExternal: ['singleSpaced', 'lower'], toInternal: ['lower'] });
    expect(tryField(rule, text, ' A  B ')).to.deep.include({
      ours: 'A  B',
      toExternal: [
        { transform: 'singleSpaced', text: 'A B' },
        { transform: 'lower', text: 'a b' },
      ],
      theirs: 'a b',
      toInternal: [{ transform: 'lower', text: 'a b' }],
      back: 'a b',
      outcome: 'alike',
    });
  });

  it('keeps a value of every type by a rule without transforms', () => {
    for (const type of fieldTypes) {
      const field = { ...plainField('it', type), values: ['free'], scale: 2, maxLength: null };
      const tried = tryField(fieldRule({}), field, sampleOf(field));
      expect(tried.outcome, type).to.equal('kept');
    }
  });

  it('keeps nothing as nothing, and a case that does not count', () => {
    expect(tryField(fieldRule({}), text, null)).to.include({ ours: null, theirs: null, outcome: 'kept' });
    const rule = fieldRule({ toExternal: ['lower'], compare: ['lower'] });
    expect(tryField(rule, text, 'Ada')).to.include({ back: 'ada', outcome: 'kept' });
  });

  it('says that a value is too long, or would change on every way', () => {
    expect(tryField(fieldRule({ maxLength: 3 }), text, 'abcd').outcome).to.equal('too_long');
    const grow = { toExternal: (given: string) => given + 'x', toInternal: (given: string) => given };
    const rule = fieldRule({ toExternal: ['grow'], own: { grow } });
    expect(tryField(rule, text, 'a')).to.include({ theirs: 'ax', outcome: 'changed' });
  });

  it('says which transform cannot carry the value, and shows nothing of it', () => {
    const fail = (given: string): string => {
      throw new RangeError(`${given} is not known`);
    };
    const rule = fieldRule({ toExternal: ['odd'], own: { odd: { toExternal: fail, toInternal: fail } } });
    expect(tryField(rule, text, 'Byron')).to.include({
      outcome: 'failed',
      failure: 'the transform "odd" (toExternal), given a value of name, has thrown RangeError',
    });
  });

  it('has a sample for every type that fits it', () => {
    for (const type of fieldTypes) {
      const field = { ...plainField('it', type), values: ['free'], scale: 2 };
      expect(fits(canonical(sampleOf(field), field), field), type).to.equal(true);
    }
    expect(sampleOf({ ...text, maxLength: 3 })).to.equal('Zoë');
  });
});
