// The parts of the contract that depend on what a system promises in its capabilities.
import { expect } from 'chai';
import type { WriteRequest } from '../../../lib/integrations/integration.ts';
import type { Kit } from './contract-kit.ts';
import { present, required } from './expecting.ts';

/** How a create of unknown outcome is kept from making a second record. */
export function describeCreates(kit: Kit): void {
  describe('a create of unknown outcome', () => {
    const { createRequest, failureOf, filled } = kit;

    kit.itWhere(
      'creates',
      ['key'],
      'by key: the same request, also through the database, has one effect',
      async () => {
        const h = kit.harness();
        const request = createRequest(filled('frozen'));
        const first = await h.integration.write(request);
        const effects = h.effects();
        const again = await h.integration.write(JSON.parse(JSON.stringify(request)) as WriteRequest);
        expect(again).to.include({ externalId: first.externalId, replayed: true });
        expect(h.effects()).to.equal(effects);
      },
    );

    kit.itWhere('creates', ['key'], 'by key: the same request finds what a lost answer did', async () => {
      const h = kit.harness();
      const request = createRequest(filled('lost'));
      const effects = h.effects();
      h.failNext('answer_lost');
      await failureOf(() => h.integration.write(request));
      expect((await h.integration.write(request)).record).to.not.equal(null);
      expect(h.effects()).to.equal(effects + 1);
    });

    kit.itWhere(
      'creates',
      ['key'],
      'by key: a key is spent once its failure is kept, at first and whenever it comes back',
      async () => {
        const h = kit.harness();
        const request = createRequest(filled('kept'));
        h.failNext('failed_stored');
        const first = await failureOf(() => h.integration.write(request));
        expect(first).to.include({ kind: 'spent', replayed: false });
        const again = await failureOf(() => h.integration.write(request));
        expect(again).to.include({ kind: 'spent', replayed: true });
      },
    );

    kit.itWhere('creates', ['key'], 'by key: a key is spent that was used for another body', async () => {
      const { integration } = kit.harness();
      const request = createRequest(filled('one'));
      await integration.write(request);
      const other = { ...request, body: integration.body(filled('other'), kit.newTag()) };
      const failure = await failureOf(() => integration.write(other));
      expect(failure).to.include({ kind: 'spent', scope: 'entity' });
    });

    kit.itWhere(
      'creates',
      ['unique-tag'],
      'by unique tag: a second create with the tag is a conflict without effect',
      async () => {
        const h = kit.harness();
        const tag = kit.newTag();
        await kit.create(filled('tagged'), tag);
        const effects = h.effects();
        const failure = await failureOf(() => h.integration.write(createRequest(filled('again'), tag)));
        expect(failure).to.include({ kind: 'conflict', scope: 'entity' });
        expect(h.effects()).to.equal(effects);
      },
    );

    kit.itWhere(
      'creates',
      ['unique-tag'],
      'by unique tag: the tag finds at once what a lost answer made, and nothing else',
      async () => {
        const h = kit.harness();
        const find = required(h.integration.findTagged);
        const tag = kit.newTag();
        expect(await find(tag)).to.deep.equal([]);
        h.failNext('answer_lost');
        await failureOf(() => h.integration.write(createRequest(filled('lost'), tag)));
        expect((await find(tag)).map(({ ownerTag }) => ownerTag)).to.deep.equal([tag]);
      },
    );

    kit.itWhere(
      'creates',
      ['none'],
      'by none: the identity and the list show at once what a lost answer made',
      async () => {
        const h = kit.harness();
        const tag = kit.newTag();
        h.failNext('answer_lost');
        await failureOf(() => h.integration.write(createRequest(filled('unseen'), tag)));
        const findByIdentity = required(h.integration.findByIdentity);
        const found = await findByIdentity('unseen@example.com');
        expect(found.map(({ ownerTag }) => ownerTag)).to.deep.equal([tag]);
        const listed: string[] = [];
        for await (const page of h.integration.list({}))
          listed.push(...page.filter(({ ownerTag }) => ownerTag === tag).map(({ externalId }) => externalId));
        expect(listed).to.deep.equal(found.map(({ externalId }) => externalId));
      },
    );
  });
}

/** Whether an update of unknown outcome may be sent again. */
export function describeUpdates(kit: Kit): void {
  describe('an update', () => {
    kit.itWhere(
      'updates',
      ['version'],
      'by version: one for a version that the record does not have is a conflict without effect',
      async () => {
        const h = kit.harness();
        const { externalId } = await kit.create(kit.filled('versioned'));
        const request = await kit.updateOf(externalId, kit.filled('stale'));
        await h.updateThere(externalId, kit.filled('newer'));
        const effects = h.effects();
        const failure = await kit.failureOf(() => h.integration.write(request));
        expect(failure).to.include({ kind: 'conflict', scope: 'entity', nothingHappened: true });
        expect(h.effects()).to.equal(effects);
        const { record } = present(await h.integration.fetch(externalId));
        expect(kit.mapped(record.fields)).to.deep.equal(kit.filled('newer'));
      },
    );

    kit.itWhere(
      'updates',
      ['version'],
      'by version: the same request after a lost answer is a conflict, and changes nothing twice',
      async () => {
        const h = kit.harness();
        const { externalId } = await kit.create(kit.filled('before'));
        const request = await kit.updateOf(externalId, kit.filled('after'));
        h.failNext('answer_lost');
        await kit.failureOf(() => h.integration.write(request));
        const failure = await kit.failureOf(() => h.integration.write(request));
        expect(failure).to.include({ kind: 'conflict' });
        const { record } = present(await h.integration.fetch(externalId));
        expect(kit.mapped(record.fields)).to.deep.equal(kit.filled('after'));
      },
    );

    kit.itWhere(
      'updates',
      ['version'],
      'by version: each answer and each read name another version after a change',
      async () => {
        const { integration } = kit.harness();
        const made = await kit.create(kit.filled('first'));
        const written = await integration.write(await kit.updateOf(made.externalId, kit.filled('second')));
        const { record } = present(await integration.fetch(made.externalId));
        expect(required(made.version)).to.not.equal(required(record.version));
        expect(required(written.record).version).to.equal(record.version);
      },
    );
  });
}

export function describeDeletes(kit: Kit): void {
  describe('a delete', () => {
    kit.itWhere(
      'deletes',
      ['delete', 'archive'],
      'is distinguished from an id that never existed',
      async () => {
        const { integration, unknownId } = kit.harness();
        const { externalId } = await kit.create(kit.filled('deleted'));
        const written = await integration.write(await kit.deletionOf(externalId));
        expect(written).to.include({ externalId, record: null });
        expect((await integration.fetch(externalId)).state).to.equal('erased');
        expect((await integration.fetch(unknownId)).state).to.equal('missing');
      },
    );

    kit.itWhere('deletes', ['delete', 'archive'], 'is gone the second time', async () => {
      const { integration } = kit.harness();
      const { externalId } = await kit.create(kit.filled('twice'));
      await integration.write(await kit.deletionOf(externalId));
      const again = await kit.deletionOf(externalId);
      expect(await kit.failureOf(() => integration.write(again))).to.include({ kind: 'gone' });
    });

    it('is seen where people made it there', async () => {
      const h = kit.harness();
      const id = await h.createThere(kit.filled('gone'));
      await h.deleteThere(id);
      expect((await h.integration.fetch(id)).state).to.equal('erased');
    });
  });
}

export function describeQuota(kit: Kit): void {
  describe('a quota that is used up', () => {
    kit.itWhere(
      'quota',
      [true],
      'is said of the account, with the time until it is given anew, and nothing happened',
      async () => {
        const h = kit.harness();
        const effects = h.effects();
        h.failNext('quota_used_up');
        const failure = await kit.failureOf(() => h.integration.write(kit.createRequest(kit.filled('much'))));
        expect(failure).to.include({ kind: 'quota', scope: 'account', nothingHappened: true });
        expect(failure.retryAfterMs).to.be.greaterThan(0);
        expect(h.effects()).to.equal(effects);
        h.advance(failure.retryAfterMs ?? 0);
        await kit.create(kit.filled('enough'));
      },
    );
  });
}
