import { expect } from 'chai';
import { readLinkPlan, type StoredLinkPlan } from '../../../db/link-plans.ts';
import { askForLinkPlan, askToLink } from '../../../lib/operations/asked-link.ts';
import { workOnLinkPlan } from '../../../lib/operations/link-work.ts';
import { waitingRow } from '../../support/first-link.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { killAtEach } from '../../support/killed-worker.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { useTwoWay } from '../../support/two-way.ts';

/** Where a worker dies, by what it was asked for. */
const READING = ['link-work.page', 'link-work.before-plan'];
const RUNNING = ['link-work.before-store', 'link-work.in-page', 'link-work.before-end'];

describe('a worker that is killed at a first link', () => {
  const world = useTwoWay();
  const { signal } = new AbortController();
  let people = 0;

  async function asked() {
    const email = `person${(people += 1)}@example.com`;
    const { id: row } = await waitingRow(world, { name: 'Ours', email });
    const record = world.simulator.dashboard.createCustomer({ name: 'Ours', email }).id;
    const id = await askForLinkPlan(world.deps, { system: 'stripe', actor: 'Ada' });
    return { id, row, record };
  }
  const run = (id: string) =>
    askToLink(world.deps, { id, actor: 'Ada', reason: 'looked at both sides', records: 'wait' });
  const read = async (id: string): Promise<StoredLinkPlan> => {
    const plan = await readLinkPlan(world.db, id);
    if (!plan) throw new Error(`no plan ${id}`);
    return plan;
  };
  /** As the next worker does, once the lease of the dead one is over. */
  async function goOn(): Promise<void> {
    await world.db.raw(`update leases set until = clock_timestamp()`);
    while ((await workOnLinkPlan(world.deps, signal)) > 0);
  }
  const recorded = async (): Promise<number> =>
    (await world.db('operator_actions').where({ action: 'link', reason: 'looked at both sides' })).length;

  it('in the reading leaves a plan that the next one reads from the beginning', async () => {
    await killAtEach(world, READING, {
      prepare: asked,
      after: async ({ id, row, record }, point) => {
        expect(await read(id), point).to.include({ state: 'reading', attempts: 1, plannedAt: null });
        await goOn();
        expect(await read(id), point).to.include({ state: 'ready' });
        expect(await run(id), point).to.deep.equal({ outcome: 'asked' });
        await goOn();
        await world.rest();
        expect(await mappingOf(world.db, row), point).to.include({ externalId: record });
      },
    });
    await expectAgreement(world);
  });

  it('after the consent leaves consents that are stored, counted and recorded once', async () => {
    await killAtEach(world, RUNNING, {
      prepare: async () => {
        const made = await asked();
        await goOn();
        await run(made.id);
        return { ...made, before: await recorded() };
      },
      after: async ({ id, row, record, before }, point) => {
        const isStored = point === 'link-work.before-end';
        expect((await read(id)).rowsStored, point).to.equal(isStored ? 1 : 0);
        expect(await recorded(), point).to.equal(before + (isStored ? 1 : 0));
        await goOn();
        expect(await read(id), point).to.include({ state: 'done', rowsStored: 1 });
        expect(await recorded(), point).to.equal(before + 1);
        await world.rest();
        expect(await mappingOf(world.db, row), point).to.include({ state: 'linked', externalId: record });
      },
    });
    await expectAgreement(world);
  });
});
