import { expect } from 'chai';
import { explain } from '../../../lib/operations/explain.ts';
import { enableFailpoint, disableFailpoints } from '../../../lib/failpoint.ts';
import type { Capabilities } from '../../../lib/integrations/integration.ts';
import { readCustomer } from '../../support/customers.ts';
import { closedIntents, mappingOf } from '../../support/sync-rows.ts';
import { useSync, type SyncWorld } from '../../support/sync.ts';
import { toyAtHand } from '../../support/toy/at-hand.ts';

const ADA = { name: 'Ada', email: 'ada@example.com' };

const VARIANTS: Record<string, Partial<Capabilities>> = {
  'with keys': {},
  'without any promise for creates': { creates: 'none', updates: 'version', requestLifeMs: 0 },
};

for (const [title, changes] of Object.entries(VARIANTS))
  describe(`a create that is refused because another record has the mail, at a system ${title}`, () => {
    const { system, toy } = toyAtHand(changes);
    const world = useSync({ system, policy: { imports: false } });
    beforeEach('take each mail once', () => toy().takeEachMailOnce());
    afterEach(disableFailpoints);

    const creates = (): number => world.calls().filter((call) => call === 'POST /people').length;
    /** No look before the create shows the record: it was made a moment ago, and no event came yet. */
    const unseen = async (with_: Partial<SyncWorld['deps']['policy']> = {}) => {
      const rival = toy().add({ full_name: 'Ada There', mail: 'ada@example.com' });
      const integration = { ...world.deps.integration };
      delete integration.findByIdentity;
      const lane = world.worker({ integration, policy: with_ });
      const { id } = await world.create(ADA);
      return { id, rival: rival.id, lane };
    };

    it('waits for a consent to the record that the refusal names, and asks only once', async () => {
      const { id, rival, lane } = await unseen();
      await world.run(lane);
      const mapping = await mappingOf(world.db, id);
      expect(mapping).to.include({ state: 'waiting', reason: 'not_linked', intent: null });
      expect(mapping.reasonDetail).to.deep.include({ because: 'identity_exists', records: [rival] });
      expect((await closedIntents(world.db)).map(({ result }) => result)).to.deep.equal(['refused']);
      world.advance(26 * 3_600_000);
      await world.run(lane);
      expect(creates()).to.equal(1);
      expect(toy().people()).to.have.length(1);
      const explained = await explain(world.deps, { customer: id }, { read: false, system: null });
      expect(explained?.pairs[0]?.remedies.map(({ command }) => command)).to.include(
        `npx twinbox link ${id} --record ${rival}`,
      );
    });

    it('is linked with it where the setting says so, and both sides are merged', async () => {
      const { id, rival, lane } = await unseen({ linkByEmail: 'link' });
      await world.run(lane);
      expect(await mappingOf(world.db, id)).to.include({ state: 'linked', externalId: rival, intent: null });
      expect(toy().people()).to.have.length(1);
      expect(creates()).to.equal(1);
      expect((await readCustomer(world.db, id))?.name).to.equal(toy().people()[0]?.full_name);
    });

    it('is parked with the id of the record where nothing is linked by email', async () => {
      const { id, rival, lane } = await unseen({ linkByEmail: 'never' });
      await world.run(lane);
      const mapping = await mappingOf(world.db, id);
      expect(mapping).to.include({ state: 'parked', reason: 'mail_taken', intent: null });
      expect(mapping.reasonDetail).to.deep.include({ existing: [rival] });
      world.advance(26 * 3_600_000);
      await world.run(lane);
      expect(creates()).to.equal(1);
    });

    it('waits for a consent if the record is not the same by our identity, whatever the setting', async () => {
      const { id, rival } = await unseen();
      const { fetch } = world.deps.integration;
      const integration = {
        ...world.deps.integration,
        async fetch(externalId: string): ReturnType<typeof fetch> {
          const read = await fetch(externalId);
          if (read.state !== 'present') return read;
          const fields = { ...read.record.fields, mail: 'ada@elsewhere.example' };
          return { ...read, record: { ...read.record, fields } };
        },
      };
      delete (integration as Partial<typeof integration>).findByIdentity;
      await world.run(world.worker({ integration, policy: { linkByEmail: 'link' } }));
      const mapping = await mappingOf(world.db, id);
      expect(mapping).to.include({ state: 'waiting', reason: 'not_linked' });
      expect(mapping.reasonDetail).to.deep.include({ records: [rival] });
    });

    it('ends in the same way wherever a worker stops in between', async () => {
      for (const point of ['intent.stored', 'intent.answered', 'settle.before-commit', 'settle.after']) {
        const { id, lane } = await unseen({ linkByEmail: 'link' });
        enableFailpoint(point, 'throw', { once: true });
        for (let looks = 0; looks < 4; looks += 1) {
          await world.run(lane);
          world.advance(10 * 60_000);
        }
        disableFailpoints();
        expect(await mappingOf(world.db, id), point).to.include({ state: 'linked', intent: null });
        expect(toy().people(), point).to.have.length(1);
        await world.remove(id);
        await world.run(lane);
      }
    });
  });
