import { expect } from 'chai';
import { readCustomer } from '../../support/customers.ts';
import { readSweep } from '../../../db/sweep.ts';
import { intakePart } from '../../../lib/health/intake.ts';
import type { Integration } from '../../../lib/integrations/integration.ts';
import { sweep, type Swept } from '../../../lib/intake/sweep.ts';
import type { StoredEvent } from '../../../simulator/objects/objects.ts';
import { timeFeedOf } from '../integrations/expecting.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { pauseAt } from '../../support/signal.ts';
import { linkedPair, useTwoWay } from '../../support/two-way.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('the sweep', () => {
  const world = useTwoWay();

  async function sweepOnce(integration: Integration = world.integration): Promise<Swept> {
    const { signal } = new AbortController();
    return sweep({ ...world.deps, integration }, { retentionDays: 35, signal });
  }

  /**
   * Sweeps as housekeeping does, until there is nothing more; then works on the events that were
   * found.
   */
  async function sweepAll(): Promise<number> {
    let stored = 0;
    for (;;) {
      const swept = await sweepOnce();
      stored += swept.stored;
      if (!swept.more) break;
    }
    await world.receiveInbound();
    await world.run();
    return stored;
  }

  const place = async () => (await readSweep(world.db, 'stripe'))!;
  const lists = () => world.calls().filter((call) => call === 'GET /v1/events').length;

  it('brings an edit whose webhook was lost, within two minutes and a half', async () => {
    const { id, externalId } = await linkedPair(world);
    await sweepAll();
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Lost' });
    for (let waited = 0; waited < 150; waited += 10) {
      world.advance(10_000);
      await sweepAll();
    }
    expect(await readCustomer(world.db, id)).to.include({ name: 'Lost' });
    expect(await place()).to.include({ sweptEvents: 1, more: false, problem: null });
    await expectAgreement(world);
  });

  it('stores no event that a webhook brought, and a webhook stores none that the sweep stored', async () => {
    const { externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'By webhook' });
    await world.deliver();
    world.advance(2 * MINUTE);
    expect(await sweepAll()).to.equal(0);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'By sweep' });
    world.advance(2 * MINUTE);
    expect(await sweepAll()).to.equal(1);
    expect(await world.deliver()).to.deep.equal(['known']);
    await world.rest();
    await expectAgreement(world);
  });

  it('finds every missing event of a flood of which half the webhooks came, some reordered and some twice', async () => {
    const { externalId } = await linkedPair(world);
    await sweepAll();
    for (let n = 0; n < 260; n++) {
      world.advance(500);
      world.simulator.dashboard.updateCustomer(externalId, { name: `Edit ${n}` });
    }
    const come = world.undelivered().filter((_, n) => n % 2 === 0);
    await deliverOnly([...come.toReversed(), ...come.slice(0, 20)]);
    world.advance(2 * MINUTE);
    expect(await sweepAll()).to.equal(130);
    const { rows } = await world.db.raw<{ rows: { count: number }[] }>(
      `select count(*) from sync_events where source = 'stripe' and event_type = 'stripe.customer.updated'`,
    );
    expect(rows[0]?.count).to.equal(260);
    await world.rest();
    await expectAgreement(world);
  });

  async function deliverOnly(events: StoredEvent[]): Promise<void> {
    await world.deliver(events);
    await world.receiveInbound();
  }

  it('begins at the time when the database was bound to the account, and asks for nothing before', async () => {
    const { boundAt } = await place();
    const feed = timeFeedOf(world.integration);
    const asked: unknown[] = [];
    world.advance(3 * DAY);
    await sweepOnce({
      ...world.integration,
      feed: { ...feed, pages: (window) => (asked.push(window), feed.pages(window)) },
    });
    expect(asked).to.deep.equal([
      { createdFrom: boundAt, createdTo: new Date(boundAt.getTime() + 6 * HOUR) },
    ]);
  });

  it('catches up in windows of six hours, oldest first, each finished by itself', async () => {
    const { id, externalId } = await linkedPair(world);
    for (let day = 0; day < 4; day++) {
      world.simulator.dashboard.updateCustomer(externalId, { name: `Day ${day}` });
      world.advance(DAY);
    }
    const first = await sweepOnce();
    expect(first).to.include({ more: true });
    const { sweptTo, boundAt } = await place();
    expect(sweptTo.getTime() - boundAt.getTime()).to.equal(6 * HOUR);
    expect(await sweepAll()).to.be.greaterThan(0);
    expect(lists()).to.equal(16);
    expect(await readCustomer(world.db, id)).to.include({ name: 'Day 3' });
  });

  it('rests a minute between sweeps', async () => {
    await sweepAll();
    const before = lists();
    world.advance(MINUTE - 1);
    await sweepAll();
    expect(lists()).to.equal(before);
    world.advance(1);
    await sweepAll();
    expect(lists()).to.equal(before + 1);
  });

  it('receives an event that the list showed only nine minutes after it happened', async () => {
    const { externalId } = await linkedPair(world);
    await world.rest();
    world.simulator.rules.set({ eventsTipLagMs: 9 * MINUTE });
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Late' });
    for (let minutes = 0; minutes < 12; minutes++) {
      world.advance(MINUTE);
      await sweepAll();
    }
    expect(await place()).to.include({ sweptEvents: 1 });
  });

  it('leaves the last minute to the webhooks that are on their way', async () => {
    const { externalId } = await linkedPair(world);
    world.advance(1_000);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Fresh' });
    world.advance(59_000);
    expect(await sweepAll()).to.equal(0);
    expect((await place()).sweptTo.getTime()).to.be.at.most(world.clock.now().getTime() - MINUTE);
  });

  it('does not finish a window of which a page failed, and reports that until a try succeeds', async () => {
    const { externalId } = await linkedPair(world);
    await sweepAll();
    for (let n = 0; n < 150; n++) world.simulator.dashboard.updateCustomer(externalId, { name: `Edit ${n}` });
    world.advance(2 * MINUTE);
    const before = await place();
    const fault = { kind: 'error_before_effect', method: 'GET', path: '/v1/events', stored: false } as const;
    world.simulator.faults.add({ ...fault, nth: 2 });
    await sweepAll();
    const failed = await place();
    expect(failed.sweptTo).to.deep.equal(before.sweptTo);
    expect(failed.problem).to.include('api_error');
    expect((await warnings()).filter((text) => /could not be listed since/.test(text))).to.have.length(1);
    world.advance(MINUTE);
    await sweepAll();
    expect(await place()).to.include({ sweptEvents: 150, problem: null });
    // The only warning left is that no webhook had brought them.
    expect((await warnings()).join('\n')).to.match(/^150 events of stripe since .* brought by no webhook.*$/);
  });

  const warnings = async () =>
    (await intakePart(world.db, world.clock, 'stripe', ['whsec_test'])()).warnings ?? [];

  it('is done by one of two workers', async () => {
    const { externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Once' });
    world.advance(2 * MINUTE);
    const held = pauseAt('sweep.page');
    const first = sweepOnce();
    await held.reached;
    expect(await sweepOnce()).to.deep.equal({ stored: 0, more: false });
    held.resume();
    expect((await first).stored).to.equal(1);
    expect(lists()).to.equal(1);
    expect(await sweepOnce()).to.deep.equal({ stored: 0, more: false });
    expect(await place()).to.include({ sweptEvents: 1 });
  });

  it('does not ask a paused system, and receives the events of the pause afterwards', async () => {
    const { externalId } = await linkedPair(world);
    await world.db.raw(`update connections set paused_at = now()`);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'In the pause' });
    world.advance(2 * DAY);
    expect(await sweepAll()).to.equal(0);
    expect(lists()).to.equal(0);
    expect(await warnings()).to.deep.equal([]);
    await world.db.raw(`update connections set paused_at = null`);
    expect(await sweepAll()).to.equal(1);
  });

  it('names after more than thirty days the events that it can never receive, until all pairs are compared', async () => {
    const { externalId } = await linkedPair(world);
    await sweepAll();
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Gone from the list' });
    world.advance(40 * DAY);
    world.simulator.dashboard.updateCustomer(externalId, { email: 'listed@example.com' });
    world.advance(2 * MINUTE);
    await sweepAll();
    expect(world.log.filter(({ event }) => event === 'sweep.events_gone')).to.have.length(1);
    const [found, warning] = await warnings();
    expect(found).to.match(/^1 event of stripe since .* came by the sweep alone/);
    expect(warning).to.match(/left its list before they were read.*twinbox verify --repair/);
    expect(await place()).to.include({ sweptEvents: 1 });
  });

  it('counts a refused event once, however often it is listed', async () => {
    await linkedPair(world);
    const metadata = { twinbox_another1: '01900000-0000-7000-8000-000000000000' };
    world.simulator.dashboard.createCustomer({ name: 'Of another installation', metadata });
    for (let minutes = 0; minutes < 5; minutes++) {
      world.advance(MINUTE);
      await sweepAll();
    }
    const { rows } = await world.db.raw<{ rows: unknown[] }>(`select from inbound_refusals`);
    expect(rows).to.have.length(1);
  });

  it('receives events for a database that takes no webhooks, and says that it is the only way', async () => {
    const { warnings: said } = await intakePart(world.db, world.clock, 'stripe', [])();
    expect(said?.join()).to.match(/arrive by the sweep only.*STRIPE_WEBHOOK_SECRET/);
  });

  it('warns of events that no webhook had brought, and counts from zero once webhooks came again', async () => {
    const { externalId } = await linkedPair(world);
    await sweepAll();
    for (const name of ['One', 'Two']) world.simulator.dashboard.updateCustomer(externalId, { name });
    world.advance(2 * MINUTE);
    await sweepAll();
    expect((await warnings()).join()).to.match(
      /^2 events of stripe since 2026-03-01 12:02 .*no webhook has ever come/,
    );
    const since = (await place()).foundSince;
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Three' });
    world.advance(2 * MINUTE);
    await sweepAll();
    expect(await place()).to.deep.include({ foundEvents: 3, foundSince: since });
    await world.db('webhook_signs').insert({ system: 'stripe', taken: 1, taken_at: world.clock.now() });
    world.advance(11 * MINUTE);
    await world.db('webhook_signs').update({ taken_at: world.clock.now() });
    await sweepAll();
    expect(await warnings()).to.deep.equal([]);
    world.advance(60 * MINUTE);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Four' });
    world.advance(2 * MINUTE);
    await sweepAll();
    expect(await place()).to.include({ foundEvents: 1, sweptEvents: 4 });
    await world.db('webhook_signs').delete();
  });

  it('is reported as missing where no worker runs', async () => {
    await sweepAll();
    world.advance(20 * MINUTE);
    expect((await warnings())[0]).to.match(/were last listed 2026-03-01 12:00: is a worker running/);
    await sweepAll();
    expect(await warnings()).to.deep.equal([]);
  });

  it('stores events while the policy forbids to pull them', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Ours' });
    const observing = world.worker({ policy: { pulls: false } });
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Theirs' });
    world.advance(2 * MINUTE);
    expect((await sweepOnce()).stored).to.equal(1);
    await world.receiveInbound();
    await world.run(observing);
    expect(await readCustomer(world.db, id)).to.include({ name: 'Ours' });
  });
});
