import fc from 'fast-check';
import type { OpenIntent } from '../../../db/mappings/mappings.ts';
import type { Fields, Value } from '../../../lib/catalogue/document.ts';
import { same } from '../../../lib/sync/canonical.ts';
import { shadowAfterAnswer, shadowOfCreate, type Shadow } from '../../../lib/sync/shadow.ts';
import { fieldRule } from './rules.ts';

describe('the shadow after an answer', () => {
  const names = ['name', 'email'] as const;
  const rules = names.map((name) => fieldRule({ internal: name, external: name }));
  const value: fc.Arbitrary<Value> = fc.option(fc.constantFrom('A', 'B', 'C'), { nil: null });
  const perField = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
    fc.subarray([...names]).chain((some) => fc.record(Object.fromEntries(some.map((n) => [n, arbitrary]))));
  const before: fc.Arbitrary<Shadow> = perField(fc.record({ ours: value, theirs: value }));
  const sent = perField(fc.record({ ours: value, seen: value }));
  const theirs: fc.Arbitrary<Fields> = fc.record({ name: value, email: value });

  const intentOf = (fields: OpenIntent['fields']): OpenIntent => ({
    id: 'i',
    number: 1,
    operation: 'update',
    key: 'k',
    body: {},
    fields,
    version: 1,
    hop: 0,
    firstSentAt: '2026-01-01T00:00:00.000Z',
    lastSentAt: '2026-01-01T00:00:00.000Z',
  });

  it('moves in what was sent, to what was sent and what they hold, and in nothing else', () => {
    fc.assert(
      fc.property(before, sent, theirs, (old, fields, answer) => {
        const { pairs } = shadowAfterAnswer(rules, old, intentOf(fields), answer);
        return names.every((name) => {
          const own = fields[name];
          if (!own) return pairs[name] === old[name];
          return pairs[name]?.ours === own.ours && pairs[name].theirs === answer[name];
        });
      }),
    );
  });

  it('says whether a field that was not sent was changed by another writer', () => {
    fc.assert(
      fc.property(before, sent, theirs, (old, fields, answer) => {
        const { foreign } = shadowAfterAnswer(rules, old, intentOf(fields), answer);
        const changed = rules.filter(
          (rule) =>
            !(rule.internal in fields) && !same(rule, answer[rule.internal], old[rule.internal]?.theirs),
        );
        return foreign === changed.length > 0;
      }),
    );
  });

  it('of a create that was found is what was sent, whatever they hold by now', () => {
    fc.assert(
      fc.property(sent, (fields) => {
        const pairs = shadowOfCreate(intentOf(fields));
        return names.every(
          (name) => pairs[name]?.ours === fields[name]?.ours && pairs[name]?.theirs === fields[name]?.ours,
        );
      }),
    );
  });
});
