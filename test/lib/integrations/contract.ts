// What the engine relies on, as tests that any integration can run:
// `describeContract('stripe', capabilities, openHarness)`. The harness is the other system, or a
// faithful double of it, and the means to do there what a person or a bad day would do. What a system
// does not promise is not asked of it; the last lines say what was left out, and why.
import { expect } from 'chai';
import { parseDocument } from '../../../lib/catalogue/document.ts';
import { without } from '../../../lib/without.ts';
import type { ContractHarness } from './contract-harness.ts';
import { present, required } from './expecting.ts';
import { describeEngine } from './contract-engine.ts';
import { describeCursor } from './contract-cursor.ts';
import { describeFollowing } from './contract-following.ts';
import { describeFeed } from './contract-feed.ts';
import { describeCredentials } from './contract-credentials.ts';
import { createKit, type KitOptions, type Promises } from './contract-kit.ts';
import { describeNext } from './contract-next.ts';
import { describeBudgets, describeMerges, describeRivals } from './contract-others.ts';
import { describeNonsense } from './contract-nonsense.ts';
import { describeWebhooks } from './contract-webhooks.ts';
import { describeCreates, describeDeletes, describeQuota, describeUpdates } from './contract-promises.ts';
import { hostileErrors } from './hostile-errors.ts';
import type { ExternalRecord, Failure } from '../../../lib/integrations/integration.ts';

const KINDS: Failure['kind'][] = [
  ...([
    'retry',
    'throttle',
    'lock',
    'indeterminate',
    'spent',
    'conflict',
    'quota',
    'permanent',
    'auth',
    'gone',
  ] as const),
];

export function describeContract(
  system: string,
  promises: Promises,
  open: () => Promise<ContractHarness>,
  options: KitOptions = {},
): void {
  describe(`the integration contract, kept by ${system}`, () => {
    let h: ContractHarness;
    before(async () => {
      h = await open();
    });
    after(() => h.close());

    const { without: lacks = [], feedBy = 'time', credential = 'static', stages } = options;
    const kit = createKit(() => h, promises, options);
    const { create, createRequest, failureOf, filled, mapped, updateOf } = kit;

    describe('identity and settings', () => {
      it('names the same account each time', async () => {
        const first = await h.integration.identify();
        expect(first.account).to.be.a('string').and.not.equal('');
        expect(await h.integration.identify()).to.deep.equal(first);
      });

      it('has a mapping document that a start would accept', () => {
        const { document } = h.integration;
        const written = { ...document, fields: document.fields.map((rule) => without(rule, 'field')) };
        expect(parseDocument(written)).to.deep.equal(document);
        expect(h.integration.document.system).to.equal(h.integration.system);
      });

      it('gives a request a life longer than any call, and no call longer than it may be in flight', () => {
        const { callTimeoutMs, inFlightMs, requestLifeMs, creates, updates } = h.integration.capabilities;
        expect(callTimeoutMs).to.be.lessThan(inFlightMs);
        if (creates === 'key' || updates === 'key') expect(inFlightMs).to.be.lessThan(requestLifeMs);
        else expect(requestLifeMs).to.equal(0);
      });
    });

    describe('write and fetch', () => {
      it('creates what it is given, with our owner tag, and reads the same back', async () => {
        const tag = kit.newTag();
        const written = await h.integration.write(createRequest(filled('made'), tag));
        const record = required(written.record);
        expect(written.externalId).to.equal(record.externalId);
        expect(written.replayed).to.equal(false);
        expect(written.requestId).to.be.a('string');
        expect(written.answeredAt).to.be.instanceOf(Date);
        expect(mapped(record.fields)).to.deep.equal(filled('made'));
        expect(record).to.include({ ownerTag: tag, foreignTag: false });
        const fetched = present(await h.integration.fetch(record.externalId));
        expect(fetched.record).to.deep.equal(record);
        expect(fetched.blocksDelete).to.equal(null);
      });

      it('changes only the fields that are sent, and keeps the owner tag', async () => {
        const tag = kit.newTag();
        const { externalId } = await create(filled('before'), tag);
        const [first] = h.integration.document.fields;
        const name = required(first).external;
        await h.integration.write(await updateOf(externalId, { [name]: 'changed' }));
        const { record } = present(await h.integration.fetch(externalId));
        expect(mapped(record.fields)).to.deep.equal({ ...filled('before'), [name]: 'changed' });
        expect(record.ownerTag).to.equal(tag);
      });

      it('unsets a field by null', async () => {
        const { externalId } = await create(filled('full'));
        const blank = Object.fromEntries(Object.keys(filled('full')).map((name) => [name, null]));
        const written = await h.integration.write(await updateOf(externalId, blank));
        expect(mapped(required(written.record).fields)).to.deep.equal(blank);
      });

      it('reads what a person changed at the external system', async () => {
        const id = await h.createThere(filled('theirs'));
        await h.updateThere(id, filled('edited'));
        const { record } = present(await h.integration.fetch(id));
        expect(mapped(record.fields)).to.deep.equal(filled('edited'));
        expect(record).to.include({ ownerTag: null, foreignTag: false });
      });
    });

    describeCreates(kit);
    describeUpdates(kit);
    describeDeletes(kit);
    describeQuota(kit);
    describeMerges(kit);
    describeRivals(kit, open);
    describeBudgets(kit, open);
    describeWebhooks(kit);
    describeFeed(kit);
    describeCursor(kit);
    describeFollowing(kit, open);
    describeNext(kit, stages);
    describeNonsense(kit);
    describeEngine(kit, open);
    describeCredentials(kit, open);

    describe('failures', () => {
      it('call an update of what is not there gone', async () => {
        const update = await updateOf(h.unknownId, filled('unknown'));
        const failure = await failureOf(() => h.integration.write(update));
        expect(failure).to.include({ kind: 'gone', scope: 'entity' });
      });

      it('name the field that was refused for good, without its value', async () => {
        const { fields, field } = h.refusedBody;
        const effects = h.effects();
        const failure = await failureOf(() => h.integration.write(createRequest(fields)));
        expect(failure).to.include({ kind: 'permanent', scope: 'entity', field });
        expect(JSON.stringify(failure)).to.not.include(fields[field]);
        expect(h.effects()).to.equal(effects);
      });

      it('leave a lost answer open', async () => {
        const request = createRequest(filled('lost'));
        h.failNext('answer_lost');
        const failure = await failureOf(() => h.integration.write(request));
        expect(failure).to.include({ kind: 'indeterminate', nothingHappened: false });
      });

      it('leave a throttled request open, with the certainty that it had no effect', async () => {
        const request = createRequest(filled('throttled'));
        const effects = h.effects();
        h.failNext('throttled');
        const failure = await failureOf(() => h.integration.write(request));
        expect(failure).to.include({ kind: 'throttle', nothingHappened: true });
        expect(h.effects()).to.equal(effects);
        expect((await h.integration.write(request)).replayed).to.equal(false);
      });

      it('leave a request open whose failure the system did not keep', async () => {
        const request = createRequest(filled('fault'));
        h.failNext('failed_unstored');
        const failure = await failureOf(() => h.integration.write(request));
        expect(failure.kind).to.be.oneOf(['indeterminate', 'retry']);
        expect((await h.integration.write(request)).record).to.not.equal(null);
      });

      it('blame the account for a refused credential, in reads and writes', async () => {
        for (const call of [
          () => h.refused.identify(),
          () => h.refused.fetch(h.unknownId),
          () => h.refused.write(createRequest(filled('refused'))),
        ]) {
          expect(await failureOf(call)).to.include({ kind: 'auth', scope: 'account' });
        }
      });

      it('are certain to have had no effect where no server listens', async () => {
        const failure = await failureOf(() => h.unreachable.write(createRequest(filled('none'))));
        expect(failure).to.include({ kind: 'retry', scope: 'system', nothingHappened: true });
      });

      it('are complete results and never thrown, whatever is classified', () => {
        for (const hostile of hostileErrors()) {
          const failure = h.integration.classify(hostile);
          expect(failure.kind).to.be.oneOf(KINDS);
          expect(failure.code).to.be.a('string').and.not.equal('');
          expect(failure.message).to.be.a('string');
          expect(Object.keys(failure)).to.have.members([
            ...['kind', 'scope', 'code', 'message', 'status', 'requestId', 'replayed', 'field'],
            ...['retryAfterMs', 'nothingHappened', 'existing'],
          ]);
        }
      });
    });

    describe('list', () => {
      it('gives every living record once, newest first, and only those of the window', async () => {
        const made: ExternalRecord[] = [];
        for (let index = 0; index < 4; index += 1) {
          h.advance(60_000);
          made.push(await create(filled(`listed${index}`)));
        }
        const [first, second, third, fourth] = made.map((record) => required(record));
        if (!first || !second || !third || !fourth) throw new Error('four were made');
        await h.deleteThere(third.externalId);
        const all = await listed({});
        expect(all.slice(0, 3)).to.deep.equal([fourth.externalId, second.externalId, first.externalId]);
        expect(new Set(all).size).to.equal(all.length);
        const window = { createdFrom: second.createdAt, createdTo: fourth.createdAt };
        expect(await listed(window)).to.deep.equal([fourth.externalId, second.externalId]);
        expect(await listed({ createdTo: first.createdAt }))
          .to.include(first.externalId)
          .and.not.include(second.externalId);
      });

      async function listed(window: { createdFrom?: Date; createdTo?: Date }): Promise<string[]> {
        const ids: string[] = [];
        for await (const page of h.integration.list(window))
          ids.push(...page.map(({ externalId }) => externalId));
        return ids;
      }
    });

    it('says in its capabilities what it promises, and has what it is asked about', () => {
      const { capabilities, ingress, feed, next } = h.integration;
      for (const name of ['creates', 'updates', 'deletes', 'quota', 'merges'] as const)
        expect(capabilities[name], name).to.equal(promises[name]);
      expect(h.mergeThere !== undefined).to.equal(promises.merges);
      expect(h.takeEachIdentityOnce === undefined).to.equal(lacks.includes('rivals'));
      expect(h.limitTo === undefined).to.equal(lacks.includes('budgets'));
      expect([ingress === undefined, h.webhooks === undefined]).to.deep.equal(
        Array(2).fill(lacks.includes('webhooks')),
      );
      expect(next === undefined, 'next').to.equal(stages === undefined);
      expect(feed?.by).to.equal(lacks.includes('feed') ? undefined : feedBy);
      expect(h.credential?.auth.kind ?? 'static').to.equal(credential);
      expect(h.at === undefined).to.equal(lacks.includes('proxy'));
    });

    after('say what was not asked', () => {
      for (const { title, reason } of kit.leftOut)
        console.log(`    - not asked of ${system}: ${title} (${reason})`);
    });
  });
}
