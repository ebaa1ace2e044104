import { expect } from 'chai';
import { plainField } from '../../../lib/catalogue/built-in.ts';
import type { Entity } from '../../../lib/catalogue/entity.ts';
import { rowChecksOf } from '../../../lib/catalogue/row-checks.ts';

const order: Entity = {
  name: 'order',
  plural: 'orders',
  table: 'orders',
  identity: null,
  fields: [plainField('note', 'text'), plainField('paid_at', 'timestamp')],
};

describe('a time that a caller gives', () => {
  const { checkNew, checkChange } = rowChecksOf(order);

  it('is stored in UTC, in whole seconds', () => {
    expect(checkNew({ paid_at: '2026-01-31T12:00:00.7+02:00' })).to.deep.equal({
      ok: true,
      value: { paid_at: '2026-01-31T10:00:00Z' },
    });
  });

  for (const given of ['0000-06-01T00:00:00Z', '0001-01-01T00:00:00+01:00', '9999-12-31T23:00:00-02:00'])
    it(`is refused where no row can hold it: ${given}`, () => {
      for (const check of [checkNew, checkChange])
        expect(check({ note: 'x', paid_at: given })).to.deep.equal({
          ok: false,
          violations: [
            {
              pointer: '/paid_at',
              rule: 'format',
              detail: 'must be a time with a time zone, such as 2026-01-31T12:00:00Z',
            },
          ],
        });
    });
});

describe('JSON that no row can hold', () => {
  const { checkNew } = rowChecksOf({
    ...{ name: 'order', plural: 'orders', table: 'orders', identity: null },
    fields: [plainField('js', 'json')],
  });
  const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);
  const text = 'must be JSON without a NUL character (\\u0000) or half of a surrogate pair (\\ud800 alone)';
  const CASES: [what: string, js: unknown, detail: string | null][] = [
    [
      'a number that is too large',
      { a: Infinity },
      'must be JSON with numbers of at most 1.8e308, above or below 0',
    ],
    ['half of a pair', ['\ud800'], text],
    ['a NUL in a key', { 'a\0': 1 }, text],
    ['51 levels', deep(51), 'must be JSON with at most 50 levels'],
    ['50 levels', deep(50), null],
  ];
  for (const [what, js, detail] of CASES)
    it(`is ${detail === null ? 'not' : 'refused by the name of its limit for'} ${what}`, () => {
      const checked = checkNew({ js });
      expect(checked.ok ? null : checked.violations[0]?.detail).to.equal(detail);
    });
});
