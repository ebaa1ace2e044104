// What people and other programs at the system do to its records and its quota: two records are made
// one, another record has the identity of a new one, and a part of the quota is used up.
import { expect } from 'chai';
import type { Budget } from '../../../lib/integrations/integration.ts';
import type { ContractHarness } from './contract-harness.ts';
import type { Kit } from './contract-kit.ts';
import { eventsIn } from './contract-rows.ts';
import { present, required } from './expecting.ts';

export function describeMerges(kit: Kit): void {
  describe('a record that is merged into another one', () => {
    const pairOf = async (word: string): Promise<[loser: string, winner: string]> => {
      const h = kit.harness();
      const loser = await kit.create(kit.filled(`${word}loser`));
      return [loser.externalId, await h.createThere(kit.filled(`${word}winner`))];
    };

    kit.itWhere('merges', [true], 'reads as merged into it, and is in no list', async () => {
      const h = kit.harness();
      const [loser, winner] = await pairOf('read');
      await required(h.mergeThere)(loser, winner);
      expect(await h.integration.fetch(loser)).to.include({ state: 'merged', into: winner });
      present(await h.integration.fetch(winner));
      const listed: string[] = [];
      for await (const page of h.integration.list({})) listed.push(...page.map((one) => one.externalId));
      expect(listed).to.include(winner).and.not.include(loser);
    });

    kit.itWhere('merges', [true], 'leads over each of several merges to the last one', async () => {
      const h = kit.harness();
      const [first, second] = await pairOf('chain');
      const last = await h.createThere(kit.filled('chainlast'));
      await required(h.mergeThere)(first, second);
      await required(h.mergeThere)(second, last);
      const read = await h.integration.fetch(first);
      const next = read.state === 'merged' ? read.into : null;
      expect(next).to.be.oneOf([second, last]);
      expect(await h.integration.fetch(second)).to.include({ state: 'merged', into: last });
    });

    kit.itWhere('merges', [true], 'takes no update any more', async () => {
      const h = kit.harness();
      const [loser, winner] = await pairOf('late');
      const update = await kit.updateOf(loser, kit.filled('latest'));
      await required(h.mergeThere)(loser, winner);
      expect(await kit.failureOf(() => h.integration.write(update))).to.include({ kind: 'gone' });
      const { record } = present(await h.integration.fetch(winner));
      expect(kit.mapped(record.fields)).to.deep.equal(kit.filled('latewinner'));
    });

    kit.itWhere('merges', [true], 'is told of by an event that names both', async () => {
      const h = kit.harness();
      const webhooks = required(h.webhooks);
      const [loser, winner] = await pairOf('told');
      const before = webhooks.events().length;
      await required(h.mergeThere)(loser, winner);
      const events = eventsIn(h.integration, webhooks.bodies(webhooks.events().slice(before)));
      const told = events.filter(({ kind }) => kind === 'merged');
      expect(told.map(({ externalId, into }) => ({ externalId, into }))).to.deep.equal([
        { externalId: loser, into: winner },
      ]);
    });
  });
}

/** With a harness of its own, as other tests make several records with one identity. */
export function describeRivals(kit: Kit, open: () => Promise<ContractHarness>): void {
  describe('a create that another record stands in the way of', () => {
    kit.itWithRivals('is refused for good, had no effect, and the refusal names the record', async () => {
      const h = await open();
      try {
        required(h.takeEachIdentityOnce)();
        const rival = await h.createThere(kit.filled('rival'));
        const effects = h.effects();
        const request = kit.createRequest(kit.filled('rival'));
        const failure = await kit.failureOf(() => h.integration.write(request));
        expect(failure).to.include({ kind: 'permanent', scope: 'entity', nothingHappened: true });
        expect(failure.existing).to.deep.equal([rival]);
        expect(h.effects()).to.equal(effects);
      } finally {
        await h.close();
      }
    });
  });
}

/** With a harness of its own, since what is used up of a quota stays so. */
export function describeBudgets(kit: Kit, open: () => Promise<ContractHarness>): void {
  describe('the quota of the account', () => {
    kit.itWithBudgets(
      'is said by answers and refusals: how much is used, and when it is given anew',
      async () => {
        const h = await open();
        try {
          const resetsAt = new Date(Math.ceil(h.now().getTime() / 1_000) * 1_000 + 3_600_000);
          required(h.limitTo)({ limit: 3, used: 1, resetsAt });
          const request = { operation: 'create', externalId: null, key: 'budget-1' } as const;
          const body = h.integration.body(kit.filled('budget'), kit.newTag());
          const written = await h.integration.write({ ...request, body });
          expect(usedOf(written.budgets)).to.deep.equal([{ used: 2, limit: 3, resetsAt }]);
          const read = await h.integration.fetch(written.externalId);
          expect(usedOf(read.budgets)).to.deep.equal([{ used: 3, limit: 3, resetsAt }]);
          const failure = await kit.failureOf(() => h.integration.fetch(written.externalId));
          expect(failure).to.include({ kind: 'quota', scope: 'account' });
          expect(usedOf(failure.budgets)).to.deep.equal([{ used: 3, limit: 3, resetsAt }]);
        } finally {
          await h.close();
        }
      },
    );
  });
}

function usedOf(budgets: readonly Budget[] = []) {
  return budgets.map(({ used, limit, resetsAt }) => ({ used, limit, resetsAt }));
}
