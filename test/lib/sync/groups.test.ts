import { customer as customerEntity } from '../../../lib/catalogue/built-in.ts';
import { expect } from 'chai';
import { listConflicts } from '../../../db/conflicts.ts';
import { readCustomer } from '../../support/customers.ts';
import { enableFailpoint } from '../../../lib/failpoint.ts';
import { parseStripeDocument } from '../../../lib/integrations/stripe/document.ts';
import { whyNotReversible } from '../../../lib/operations/conflicts.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { closedIntents, conflictsOf, mappingOf } from '../../support/sync-rows.ts';
import { linkedPair, useTwoWay, type TwoWayWorld } from '../../support/two-way.ts';
import { candidateOf, ruleOf } from '../integrations/stripe/fields.ts';

type Parts = Partial<Record<'line1' | 'line2' | 'city' | 'state' | 'postal_code' | 'country', string | null>>;

const rule = (internal: string, external: string, more: object = {}): object =>
  ruleOf(external, { internal, ...more });

/** Our name is the city of an address, whose other parts nothing of ours is mapped to. */
const cityAlone = parseStripeDocument(candidateOf(rule('name', 'address.city'), rule('email', 'email')));

/** Two fields of one group are ours. */
const cityAndLine = (more: object = {}) =>
  parseStripeDocument(candidateOf(rule('name', 'address.city'), rule('email', 'address.line1', more)));

for (const replacesHashes of [true, false]) {
  const how = replacesHashes ? 'replaces' : 'merges';

  describe(`a field of a group, where the system ${how} what is sent of a group`, () => {
    const world = useTwoWay({ document: cityAlone });
    beforeEach(() => world.simulator.rules.set({ replacesHashes }));

    it('is created, changed and emptied with the rest as it stands', async () => {
      const { id, externalId } = await linkedPair(world, { name: 'Bonn' });
      expect(parts(world, externalId)).to.deep.equal({ city: 'Bonn' });
      edit(world, externalId, { line1: 'Way 1', country: 'DE' });
      await world.rest();
      await world.update(id, { name: 'Köln' });
      await world.rest();
      expect(parts(world, externalId)).to.deep.equal({ line1: 'Way 1', city: 'Köln', country: 'DE' });
      // Ours always has a name: their null is refused, and what is left is sent as it is.
      world.simulator.dashboard.updateCustomer(externalId, { address: null });
      await world.rest();
      await world.update(id, { name: 'Mainz' });
      await world.rest();
      expect(parts(world, externalId)).to.deep.equal({ city: 'Mainz' });
      expect((await conflictsOf(world.db, id)).map(({ kind }) => kind)).to.deep.equal(['null_refused']);
      await expectAgreement(world);
    });

    it('is taken from them, and no part of the rest is an edit of ours', async () => {
      const { id, externalId } = await linkedPair(world, { name: 'Bonn' });
      const sent = (await closedIntents(world.db)).length;
      edit(world, externalId, { line1: 'Way 1', city: 'Trier' });
      await world.rest();
      expect(await readCustomer(world.db, id)).to.include({ name: 'Trier' });
      expect(await closedIntents(world.db)).to.have.length(sent);
      await expectAgreement(world);
    });

    it('is sent after one read of the record, which no other field costs', async () => {
      const { id } = await linkedPair(world, { name: 'Bonn' });
      const before = world.calls().length;
      await world.update(id, { email: 'new@example.com' });
      await world.run();
      expect(world.calls().slice(before)).to.deep.equal(['POST /v1/customers/cus']);
      await world.update(id, { name: 'Köln' });
      await world.run();
      expect(world.calls().slice(before + 1)).to.deep.equal([
        'GET /v1/customers/cus',
        'POST /v1/customers/cus',
      ]);
    });

    it('puts an edit of the rest back that its write covered, and keeps it as a conflict', async () => {
      const { id, externalId } = await pairOnWay(world);
      await coverParts(world, id, externalId, { line1: 'Way 2', line2: 'Flat 3' });
      expect(parts(world, externalId)).to.include({ line1: 'Way 1', city: 'Ours' });
      await world.rest();
      expect(parts(world, externalId)).to.deep.equal({ line1: 'Way 2', line2: 'Flat 3', city: 'Ours' });
      // What was null is left out of a request, so only a system that replaces loses an edit of it.
      const lost = replacesHashes ? [covered('address.line2', null, 'Flat 3')] : [];
      expect(await conflictsOf(world.db, id)).to.have.deep.members([
        covered('address.line1', 'Way 1', 'Way 2'),
        ...lost,
      ]);
      const [kept] = await listConflicts(world.db, { limit: 1, customer: id });
      expect(kept && whyNotReversible(customerEntity, kept)).to.contain(`no field for ${kept?.field}`);
      await expectAgreement(world);
      const { length } = world.calls();
      await world.notify(id);
      await world.rest();
      expect(world.calls()).to.have.length(length + 1);
    });

    it('puts an emptied part back as emptied', async () => {
      const { id, externalId } = await pairOnWay(world);
      await coverParts(world, id, externalId, { line1: null });
      await world.rest();
      expect(parts(world, externalId)).to.deep.equal({ city: 'Ours' });
      expect(await conflictsOf(world.db, id)).to.deep.equal([covered('address.line1', 'Way 1', null)]);
    });

    it('leaves a later edit of the rest as it is, and keeps the covered one as a conflict', async () => {
      const { id, externalId } = await pairOnWay(world);
      await coverParts(world, id, externalId, { line1: 'Way 2' });
      edit(world, externalId, { line1: 'Way 3' });
      await world.rest();
      expect(parts(world, externalId)).to.deep.equal({ line1: 'Way 3', city: 'Ours' });
      expect(await conflictsOf(world.db, id)).to.deep.equal([
        { ...covered('address.line1', 'Way 1', 'Way 2'), winner: 'neither', note: 'overtaken' },
      ]);
      await expectAgreement(world);
    });

    it('is sent with the same body again by whoever finds the intent of a dead worker', async () => {
      const { id, externalId } = await pairOnWay(world);
      await world.update(id, { name: 'Ours' });
      await world.receive();
      enableFailpoint('intent.answered', 'throw', { once: true });
      await world.run();
      const { intent } = await mappingOf(world.db, id);
      expect(intent?.beside).to.deep.include({ 'address.line1': { ours: 'Way 1', seen: 'Way 1' } });
      edit(world, externalId, { line1: 'Way 2' });
      await world.rest();
      const answers = world.simulator.ledger.entries({ idempotency_key: intent?.key ?? '' });
      expect(answers.map(({ replayed }) => replayed)).to.deep.equal([false, true]);
      expect(parts(world, externalId)).to.deep.equal({ line1: 'Way 2', city: 'Ours' });
      await expectAgreement(world);
    });

    for (const point of ['intent.stored', 'intent.answered', 'settle.before-commit'] as const) {
      it(`puts an edit back once, also if workers die (${point})`, async () => {
        const { id, externalId } = await pairOnWay(world);
        enableFailpoint(point, 'throw', { once: true });
        await coverParts(world, id, externalId, { line1: 'Way 2' });
        await world.run();
        enableFailpoint(point, 'throw', { once: true });
        await world.rest();
        expect(parts(world, externalId)).to.deep.equal({ line1: 'Way 2', city: 'Ours' });
        const told = await conflictsOf(world.db, id);
        expect(told.map(({ field, theirs }) => [field, theirs])).to.deep.equal([['address.line1', 'Way 2']]);
        await expectAgreement(world);
      });
    }

    it('keeps a covered edit as a conflict also where its pair has ended', async () => {
      const lane = world.worker({ policy: { deletes: 'detach' } });
      const { id, externalId } = await pairOnWay(world);
      await coverParts(world, id, externalId, { line1: 'Way 2' });
      await world.remove(id);
      await world.rest(lane);
      expect(await conflictsOf(world.db, id)).to.deep.equal([
        { ...covered('address.line1', 'Way 1', 'Way 2'), winner: 'ours' },
      ]);
    });

    it('is shown with the rest of its group while writes are off', async () => {
      const { id } = await pairOnWay(world);
      await world.update(id, { name: 'Köln' });
      await world.run(world.worker({ policy: { writes: false } }));
      const { reasonDetail } = await mappingOf(world.db, id);
      expect(reasonDetail).to.have.deep.property('body', { address: { line1: 'Way 1', city: 'Köln' } });
    });
  });

  describe(`two fields of a group, where the system ${how} what is sent of a group`, () => {
    const world = useTwoWay({ document: cityAndLine() });
    beforeEach(() => world.simulator.rules.set({ replacesHashes }));
    const ofRule = (conflict: string) =>
      world.worker({ integration: world.integrate({ document: cityAndLine({ conflict }) }) });

    for (const conflict of ['internal_wins', 'external_wins'] as const) {
      it(`take an edit that the write of the other one covered, if ours is as it was (${conflict})`, async () => {
        const lane = ofRule(conflict);
        const { id, externalId } = await linkedPair(world, { name: 'Bonn', email: 'way@example.com' });
        await coverParts(world, id, externalId, { line1: 'new@example.com' });
        await world.rest(lane);
        expect(parts(world, externalId)).to.deep.equal({ line1: 'new@example.com', city: 'Ours' });
        expect(await readCustomer(world.db, id)).to.include({ name: 'Ours', email: 'new@example.com' });
        expect(await conflictsOf(world.db, id)).to.deep.equal([
          { ...covered('email', 'way@example.com', 'new@example.com') },
        ]);
        await expectAgreement(world);
      });

      it(`have the rule decide where ours has moved too (${conflict})`, async () => {
        const lane = ofRule(conflict);
        const { id, externalId } = await linkedPair(world, { name: 'Bonn', email: 'way@example.com' });
        await coverParts(world, id, externalId, { line1: 'new@example.com' });
        await world.update(id, { email: 'ours@example.com' });
        await world.rest(lane);
        const email = conflict === 'internal_wins' ? 'ours@example.com' : 'new@example.com';
        expect(await readCustomer(world.db, id)).to.include({ email });
        expect(parts(world, externalId)).to.include({ line1: email });
        expect((await conflictsOf(world.db, id)).map(({ kind, theirs }) => [kind, theirs])).to.deep.equal([
          ['overwritten_unseen', 'new@example.com'],
        ]);
        await expectAgreement(world);
      });
    }
  });
}

function covered(field: string, sent: string | null, theirs: string | null): object {
  return { kind: 'overwritten_unseen', field, base: sent, ours: sent, theirs, winner: 'theirs', note: null };
}

/** A pair whose record has a part that is not ours. */
async function pairOnWay(world: TwoWayWorld): Promise<{ id: number; externalId: string }> {
  const pair = await linkedPair(world, { name: 'Bonn' });
  edit(world, pair.externalId, { line1: 'Way 1' });
  await world.rest();
  return pair;
}

function edit(world: TwoWayWorld, externalId: string, changes: Parts): void {
  const address = { ...parts(world, externalId), ...changes };
  world.simulator.dashboard.updateCustomer(externalId, { address });
}

/** The parts of the address that are there. */
function parts(world: TwoWayWorld, externalId: string): Parts {
  const { address } = world.simulator.customers().find(({ id }) => id === externalId) ?? {};
  return Object.fromEntries(Object.entries(address ?? {}).filter(([, value]) => value !== null));
}

/** Our edit of the name is sent, and carries over an edit that was made at Stripe just before. */
async function coverParts(world: TwoWayWorld, id: number, externalId: string, changes: Parts): Promise<void> {
  await world.update(id, { name: 'Ours' });
  await world.receive();
  enableFailpoint('intent.before-send', () => edit(world, externalId, changes), { once: true });
  await world.run();
}
