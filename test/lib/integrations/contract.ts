// What the engine relies on, as tests that any integration can run: `describeContract('stripe',
// openHarness)`. The harness is the other system, or a faithful double of it, and the means to
// change it as a person or a failure would.
import { expect } from 'chai';
import { type Fields, parseDocument } from '../../../lib/catalogue/document.ts';
import type { ContractHarness } from './contract-harness.ts';
import { present, required } from './expecting.ts';
import { hostileErrors } from './hostile-errors.ts';
import type {
  ExternalRecord,
  Failure,
  WriteRequest,
  Written,
} from '../../../lib/integrations/integration.ts';

const KINDS: Failure['kind'][] = [
  ...([
    'retry',
    'throttle',
    'lock',
    'indeterminate',
    'spent',
    'conflict',
    'permanent',
    'auth',
    'gone',
  ] as const),
];

export function describeContract(system: string, open: () => Promise<ContractHarness>): void {
  describe(`the integration contract, kept by ${system}`, () => {
    let h: ContractHarness;
    let keys = 0;
    before(async () => {
      h = await open();
    });
    after(() => h.close());

    const key = (): string => `contract-${process.pid}-${++keys}`;
    /** Every mapped field with a value of its own. */
    const filled = (tag: string): Fields =>
      Object.fromEntries(
        h.integration.document.fields.map(({ external }) => [
          external,
          external === 'email' ? `${tag}@example.com` : `${external} ${tag}`,
        ]),
      );
    const createRequest = (fields: Fields, ownerTag = 'tag-1'): WriteRequest => ({
      operation: 'create',
      key: key(),
      externalId: null,
      body: h.integration.body(fields, ownerTag),
    });
    const create = async (fields: Fields, ownerTag?: string): Promise<ExternalRecord> => {
      const written = await h.integration.write(createRequest(fields, ownerTag));
      return required(written.record);
    };
    const failureOf = async (call: () => Promise<unknown>): Promise<Failure> => {
      try {
        await call();
      } catch (error) {
        return h.integration.classify(error);
      }
      throw new Error('the call was to fail');
    };
    const mapped = (fields: Fields): Fields =>
      Object.fromEntries(
        h.integration.document.fields.map(({ external }) => [external, fields[external] ?? null]),
      );

    describe('identity and settings', () => {
      it('names the same account each time', async () => {
        const first = await h.integration.identify();
        expect(first.account).to.be.a('string').and.not.equal('');
        expect(await h.integration.identify()).to.deep.equal(first);
      });

      it('has a mapping document that a start would accept', () => {
        expect(parseDocument(h.integration.document)).to.deep.equal(h.integration.document);
        expect(h.integration.document.system).to.equal(h.integration.system);
      });

      it('gives a request a life longer than any call, and no call longer than a request may be open', () => {
        const { callTimeoutMs, inFlightMs, requestLifeMs } = h.integration.capabilities;
        expect(callTimeoutMs).to.be.lessThan(inFlightMs);
        expect(inFlightMs).to.be.lessThan(requestLifeMs);
      });
    });

    describe('write and fetch', () => {
      it('creates a record as requested, with our owner tag, and reads the same back', async () => {
        const written = await h.integration.write(createRequest(filled('made'), 'tag-made'));
        const record = required(written.record);
        expect(written.externalId).to.equal(record.externalId);
        expect(written.replayed).to.equal(false);
        expect(written.requestId).to.be.a('string');
        expect(written.answeredAt).to.be.instanceOf(Date);
        expect(mapped(record.fields)).to.deep.equal(filled('made'));
        expect(record).to.include({ ownerTag: 'tag-made', foreignTag: false });
        const fetched = present(await h.integration.fetch(record.externalId));
        expect(fetched.record).to.deep.equal(record);
        expect(fetched.blocksDelete).to.equal(null);
      });

      it('changes only the fields that are sent, and keeps the owner tag', async () => {
        const { externalId } = await create(filled('before'), 'tag-kept');
        const [first] = h.integration.document.fields;
        const name = required(first).external;
        await h.integration.write(updateOf(externalId, { [name]: 'changed' }));
        const { record } = present(await h.integration.fetch(externalId));
        expect(mapped(record.fields)).to.deep.equal({ ...filled('before'), [name]: 'changed' });
        expect(record.ownerTag).to.equal('tag-kept');
      });

      it('unsets a field by null', async () => {
        const { externalId } = await create(filled('full'));
        const blank = Object.fromEntries(Object.keys(filled('full')).map((name) => [name, null]));
        const written = await h.integration.write(updateOf(externalId, blank));
        expect(mapped(required(written.record).fields)).to.deep.equal(blank);
      });

      it('reads what a person changed at the external system', async () => {
        const id = await h.createThere(filled('theirs'));
        await h.updateThere(id, filled('edited'));
        const { record } = present(await h.integration.fetch(id));
        expect(mapped(record.fields)).to.deep.equal(filled('edited'));
        expect(record).to.include({ ownerTag: null, foreignTag: false });
      });

      it('sends a body that was stored in the database as the same request', async () => {
        const request = createRequest(filled('frozen'));
        const first = await h.integration.write(request);
        const effects = h.effects();
        const again = await h.integration.write(JSON.parse(JSON.stringify(request)) as WriteRequest);
        expect(again.externalId).to.equal(first.externalId);
        if (h.integration.capabilities.unknownOutcome === 'same-request') {
          expect(again.replayed).to.equal(true);
          expect(h.effects()).to.equal(effects);
        }
      });

      it('distinguishes a deletion from an id that never existed', async () => {
        const { externalId } = await create(filled('deleted'));
        const written: Written = await h.integration.write(deletionOf(externalId));
        expect(written).to.include({ externalId, record: null });
        expect((await h.integration.fetch(externalId)).state).to.equal('erased');
        expect((await h.integration.fetch(h.unknownId)).state).to.equal('missing');
      });

      it('reads a deletion that was made at the external system', async () => {
        const id = await h.createThere(filled('gone'));
        await h.deleteThere(id);
        expect((await h.integration.fetch(id)).state).to.equal('erased');
      });
    });

    describe('failures', () => {
      it('are `gone` for a write to a record that does not exist, also for a second delete', async () => {
        const { externalId } = await create(filled('twice'));
        await h.integration.write(deletionOf(externalId));
        expect(await failureOf(() => h.integration.write(deletionOf(externalId)))).to.include({
          kind: 'gone',
        });
        const update = await failureOf(() => h.integration.write(updateOf(h.unknownId, filled('none'))));
        expect(update).to.include({ kind: 'gone', scope: 'entity' });
      });

      it('name the field that was refused for good, without its value', async () => {
        const { fields, field } = h.refusedBody;
        const effects = h.effects();
        const failure = await failureOf(() => h.integration.write(createRequest(fields)));
        expect(failure).to.include({ kind: 'permanent', scope: 'entity', field });
        expect(JSON.stringify(failure)).to.not.include(fields[field]);
        expect(h.effects()).to.equal(effects);
      });

      it('leave the outcome unknown after a lost answer, and the same request finds what it did', async () => {
        const request = createRequest(filled('lost'));
        const effects = h.effects();
        h.failNext('answer_lost');
        const failure = await failureOf(() => h.integration.write(request));
        expect(failure).to.include({ kind: 'indeterminate', nothingHappened: false });
        const found = await h.integration.write(request);
        expect(found.record).to.not.equal(null);
        if (h.integration.capabilities.unknownOutcome === 'same-request')
          expect(h.effects()).to.equal(effects + 1);
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

      it('are `spent` for a key whose failure is kept, at first and whenever it comes back', async function () {
        if (h.integration.capabilities.unknownOutcome !== 'same-request') return this.skip();
        const request = createRequest(filled('kept'));
        h.failNext('failed_stored');
        expect(await failureOf(() => h.integration.write(request))).to.include({
          kind: 'spent',
          replayed: false,
        });
        expect(await failureOf(() => h.integration.write(request))).to.include({
          kind: 'spent',
          replayed: true,
        });
      });

      it('are `spent` for a key that was used for another body', async function () {
        if (h.integration.capabilities.unknownOutcome !== 'same-request') return this.skip();
        const request = createRequest(filled('one'));
        await h.integration.write(request);
        const other = { ...request, body: h.integration.body(filled('other'), 'tag-1') };
        expect(await failureOf(() => h.integration.write(other))).to.include({
          kind: 'spent',
          scope: 'entity',
        });
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
            ...['retryAfterMs', 'nothingHappened'],
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

    function updateOf(externalId: string, fields: Fields): WriteRequest {
      return { operation: 'update', key: key(), externalId, body: h.integration.body(fields, null) };
    }

    function deletionOf(externalId: string): WriteRequest {
      return { operation: 'delete', key: key(), externalId, body: {} };
    }
  });
}
