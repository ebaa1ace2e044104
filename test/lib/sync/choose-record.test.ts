import { expect } from 'chai';
import fc from 'fast-check';
import { chooseRecord, type ChosenBy, type RecordActivity } from '../../../lib/sync/choose-record.ts';

const day = (n: number): Date => new Date(Date.UTC(2026, 0, n));

function record(externalId: string, about: Partial<RecordActivity> = {}): RecordActivity {
  return { externalId, subscriptions: 0, activeAt: null, createdAt: day(1), ...about };
}

describe('the choice of one record among several with one identity', () => {
  const cases: [string, RecordActivity[], string, ChosenBy[]][] = [
    ['takes the only one', [record('a')], 'a', []],
    [
      'takes the one with a living subscription, though it is younger and was active earlier',
      [record('old', { activeAt: day(9) }), record('paid', { subscriptions: 1, createdAt: day(5) })],
      'paid',
      ['subscription'],
    ],
    [
      'counts no subscriptions: two are no more than one',
      [
        record('two', { subscriptions: 2, activeAt: day(3) }),
        record('one', { subscriptions: 1, activeAt: day(4) }),
      ],
      'one',
      ['activity'],
    ],
    [
      'takes the one that was active later, though it is younger',
      [
        record('old', { createdAt: day(1), activeAt: day(3) }),
        record('new', { createdAt: day(2), activeAt: day(4) }),
      ],
      'new',
      ['activity'],
    ],
    [
      'takes one of which any activity is known before one of which none is',
      [record('idle', { createdAt: day(1) }), record('used', { createdAt: day(2), activeAt: day(2) })],
      'used',
      ['activity'],
    ],
    [
      'takes the older of two that nobody used',
      [record('new', { createdAt: day(2) }), record('old', { createdAt: day(1) })],
      'old',
      ['age'],
    ],
    ['takes the same one of two that differ in nothing but the id', [record('b'), record('a')], 'a', ['age']],
    [
      'says for each other record by what it was not taken',
      [
        record('idle'),
        record('paid', { subscriptions: 1, activeAt: day(4) }),
        record('paid-before', { subscriptions: 1, activeAt: day(3) }),
      ],
      'paid',
      ['activity', 'subscription'],
    ],
  ];
  for (const [sentence, records, wanted, by] of cases) {
    it(sentence, () => {
      const choice = chooseRecord(records);
      expect([choice?.externalId, choice?.over.map((other) => other.by)]).to.deep.equal([wanted, by]);
    });
  }

  it('takes none where there is none', () => expect(chooseRecord([])).to.equal(null));

  const date = fc.integer({ min: 1, max: 4 }).map(day);
  const anyRecord: fc.Arbitrary<RecordActivity> = fc.record({
    externalId: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    subscriptions: fc.integer({ min: 0, max: 2 }),
    activeAt: fc.option(date),
    createdAt: date,
  });
  const records = fc.uniqueArray(anyRecord, { minLength: 1, selector: ({ externalId }) => externalId });

  it('does not depend on the order in which the records are given', () => {
    fc.assert(
      fc.property(
        records.chain((some) =>
          fc.tuple(
            fc.constant(some),
            fc.shuffledSubarray(some, { minLength: some.length, maxLength: some.length }),
          ),
        ),
        ([some, shuffled]) => {
          expect(chooseRecord(shuffled)).to.deep.equal(chooseRecord(some));
        },
      ),
    );
  });

  it('names every record once, and a record that is given twice too', () => {
    fc.assert(
      fc.property(records, (some) => {
        const choice = chooseRecord([...some, ...some]);
        const named = [choice?.externalId, ...(choice?.over.map(({ externalId }) => externalId) ?? [])];
        expect(named.toSorted()).to.deep.equal(some.map(({ externalId }) => externalId).toSorted());
      }),
    );
  });

  it('takes none without a living subscription while another has one', () => {
    fc.assert(
      fc.property(records, (some) => {
        const chosen = some.find(({ externalId }) => externalId === chooseRecord(some)?.externalId);
        return chosen?.subscriptions !== 0 || some.every(({ subscriptions }) => subscriptions === 0);
      }),
    );
  });

  it('stays the same when a record that was not taken goes away', () => {
    fc.assert(
      fc.property(records, (some) => {
        const choice = chooseRecord(some);
        for (const { externalId } of choice?.over ?? [])
          expect(chooseRecord(some.filter((each) => each.externalId !== externalId))?.externalId).to.equal(
            choice?.externalId,
          );
      }),
    );
  });
});
