import { expect } from 'chai';
import type { FieldRule, Value } from '../../../lib/catalogue/document.ts';
import { merge, type UnseenEdit } from '../../../lib/sync/merge.ts';
import type { Pair, Shadow } from '../../../lib/sync/shadow.ts';
import { fieldRule } from './rules.ts';

describe('merge', () => {
  type Case = {
    it: string;
    rule?: Partial<FieldRule>;
    base?: Pair | undefined;
    ours: Value;
    theirs: Value;
    pull?: Value;
    push?: Value;
    agreed?: Pair;
    conflict?: [kind: string, winner: string];
  };
  const base: Pair = { ours: 'A', theirs: 'A' };
  const cases: Case[] = [
    { it: 'does nothing when nothing moved', base, ours: 'A', theirs: 'A' },
    { it: 'pushes what moved here', base, ours: 'B', theirs: 'A', push: 'B' },
    { it: 'pulls what moved there', base, ours: 'A', theirs: 'B', pull: 'B' },
    {
      it: 'agrees when both moved to the same value',
      base,
      ours: 'B',
      theirs: ' B ',
      agreed: { ours: 'B', theirs: 'B' },
    },
    {
      it: 'lets the rule decide when both moved, and keeps the loser: ours win',
      base,
      ours: 'B',
      theirs: 'C',
      push: 'B',
      conflict: ['both_moved', 'ours'],
    },
    {
      it: 'lets the rule decide when both moved, and keeps the loser: theirs win',
      rule: { conflict: 'external_wins' },
      base,
      ours: 'B',
      theirs: 'C',
      pull: 'C',
      conflict: ['both_moved', 'theirs'],
    },
    {
      it: 'refuses their null, once',
      base,
      ours: 'A',
      theirs: null,
      agreed: { ours: 'A', theirs: null, reason: 'null_refused' },
      conflict: ['null_refused', 'ours'],
    },
    {
      it: 'takes white space alone for null',
      base,
      ours: 'A',
      theirs: '   ',
      agreed: { ours: 'A', theirs: null, reason: 'null_refused' },
      conflict: ['null_refused', 'ours'],
    },
    {
      it: 'leaves a refused null alone afterwards',
      base: { ours: 'A', theirs: null, reason: 'null_refused' },
      ours: 'A',
      theirs: null,
    },
    {
      it: 'pushes over a refused null once ours move',
      base: { ours: 'A', theirs: null, reason: 'null_refused' },
      ours: 'B',
      theirs: null,
      push: 'B',
    },
    {
      it: 'never lets their null win a conflict',
      rule: { conflict: 'external_wins' },
      base,
      ours: 'B',
      theirs: null,
      push: 'B',
      conflict: ['both_moved', 'ours'],
    },
    {
      it: 'does not prefer white space to a value',
      rule: { conflict: 'external_unless_blank', onNull: 'clear' },
      base,
      ours: 'B',
      theirs: ' ',
      push: 'B',
      conflict: ['both_moved', 'ours'],
    },
    {
      it: 'leaves a held pair alone while neither side moves',
      base: { ours: 'A', theirs: 'B', reason: 'held' },
      ours: 'A',
      theirs: 'B',
    },
    {
      it: 'takes a side that only tidies for not having moved',
      base: { ours: 'A', theirs: 'A.' },
      ours: 'A',
      theirs: 'A.',
    },
    { it: 'pulls the tidy form', base, ours: 'A', theirs: '  Ame\u0301lie ', pull: 'Amélie' },
    {
      it: 'links equal values without a write',
      base: undefined,
      ours: 'A',
      theirs: 'A',
      agreed: { ours: 'A', theirs: 'A' },
    },
    { it: 'fills a blank there at the first link', base: undefined, ours: 'A', theirs: null, push: 'A' },
    { it: 'fills a blank here at the first link', base: undefined, ours: null, theirs: 'A', pull: 'A' },
    {
      it: 'lets the rule decide at the first link',
      base: undefined,
      ours: 'A',
      theirs: 'B',
      push: 'A',
      conflict: ['both_moved', 'ours'],
    },
    {
      it: 'does not pull a field that is only pushed',
      rule: { direction: 'push' },
      base,
      ours: 'A',
      theirs: 'B',
      push: 'A',
      conflict: ['both_moved', 'ours'],
    },
    {
      it: 'does not push a field that is only pulled',
      rule: { direction: 'pull' },
      base,
      ours: 'B',
      theirs: 'A',
    },
    {
      it: 'does not take a change of case for a move where case is nothing',
      rule: { compare: ['lower'] },
      base: { ours: 'a@x.io', theirs: 'a@x.io' },
      ours: 'A@x.io',
      theirs: 'a@X.io',
    },
  ];
  for (const { it: sentence, rule, ours, theirs, pull, push, agreed, conflict, ...rest } of cases) {
    it(sentence, () => {
      const plan = merge({
        rules: [fieldRule(rule ?? {})],
        shadow: rest.base === undefined ? {} : { name: rest.base },
        ours: { name: ours },
        theirs: { name: theirs },
      });
      expect(plan.pull).to.deep.equal(pull === undefined ? {} : { name: pull });
      expect(plan.push).to.deep.equal(push === undefined ? {} : { name: push });
      expect(plan.agreed).to.deep.equal(agreed === undefined ? {} : { name: agreed });
      expect(plan.conflicts.map(({ kind, winner }) => [kind, winner])).to.deep.equal(
        conflict ? [conflict] : [],
      );
    });
  }

  describe('an edit that our write covered before we saw it', () => {
    const edit: UnseenEdit = {
      field: 'name',
      intentId: 'i1',
      eventId: 'e1',
      value: 'X',
      sent: 'B',
      seen: 'A',
    };
    const shadow: Shadow = { name: { ours: 'B', theirs: 'B' } };

    it('is kept as a conflict that ours won, by default', () => {
      const plan = merge({
        rules: [fieldRule({})],
        shadow,
        ours: { name: 'B' },
        theirs: { name: 'B' },
        unseen: [edit],
      });
      expect(plan).to.deep.include({ pull: {}, push: {}, carried: [] });
      expect(plan.conflicts).to.have.length(1);
      expect(plan.conflicts[0]).to.include({
        kind: 'overwritten_unseen',
        theirs: 'X',
        ours: 'B',
        winner: 'ours',
      });
    });

    it('is put back on both sides where theirs should have won', () => {
      const rules = [fieldRule({ conflict: 'external_wins' })];
      const plan = merge({ rules, shadow, ours: { name: 'B' }, theirs: { name: 'B' }, unseen: [edit] });
      expect(plan).to.deep.include({ pull: { name: 'X' }, push: { name: 'X' }, carried: ['name'] });
      expect(plan.conflicts[0]).to.include({ winner: 'theirs' });
    });

    it('is put back also where it was an empty field and null may win', () => {
      const rules = [fieldRule({ conflict: 'external_wins', onNull: 'clear' })];
      const unseen = [{ ...edit, value: null }];
      const plan = merge({ rules, shadow, ours: { name: 'B' }, theirs: { name: 'B' }, unseen });
      expect(plan).to.deep.include({ pull: { name: null }, push: { name: null }, carried: ['name'] });
    });

    it('stands against a later edit of ours if its system owns the field', () => {
      const rules = [fieldRule({ owner: 'there' })];
      const both = { rules, shadow, theirs: { name: 'B' }, unseen: [edit], system: 'there' };
      const plan = merge({ ...both, ours: { name: 'C' } });
      expect(plan).to.deep.include({ pull: { name: 'X' }, push: { name: 'X' }, carried: ['name'] });
      expect(plan.conflicts.map(({ rule, ours, winner }) => [rule, ours, winner])).to.deep.equal([
        ['owner', 'C', 'theirs'],
      ]);
    });

    it('stays covered where ours is the value of the owner', () => {
      const rules = [fieldRule({ conflict: 'external_wins', owner: 'elsewhere' })];
      const both = { rules, shadow, ours: { name: 'B' }, theirs: { name: 'B' }, unseen: [edit] };
      const plan = merge({ ...both, system: 'there', originOf: () => 'elsewhere' });
      expect(plan).to.deep.include({ pull: {}, push: {}, carried: [] });
      expect(plan.conflicts[0]).to.include({ rule: 'owner', winner: 'ours', theirs: 'X' });
    });

    for (const [side, ours, theirs] of [
      ['ours', 'C', 'B'],
      ['theirs', 'B', 'C'],
    ] as const) {
      it(`is overtaken by a later edit of ${side}, and says so`, () => {
        const rules = [fieldRule({ conflict: 'external_wins' })];
        const plan = merge({ rules, shadow, ours: { name: ours }, theirs: { name: theirs }, unseen: [edit] });
        expect(plan.carried).to.deep.equal([]);
        expect({ ...plan.pull, ...plan.push }).to.deep.equal({ name: 'C' });
        expect(plan.conflicts.map((c) => [c.kind, c.winner, c.note])).to.deep.equal([
          ['overwritten_unseen', 'ours', 'overtaken'],
        ]);
      });
    }
  });
});
