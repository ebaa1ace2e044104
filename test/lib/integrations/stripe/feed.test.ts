import { expect } from 'chai';
import type { EventsPage, Integration, ListWindow } from '../../../../lib/integrations/integration.ts';
import { timeFeedOf } from '../expecting.ts';
import { failureOf, openAnsweringServer } from './answering.ts';
import { TAG_KEY, openSimulator, type StripeHarness } from './harness.ts';
import { onlyEvent } from '../../../support/only-event.ts';

describe('the list of Stripe’s events', () => {
  let harness: StripeHarness;
  let stripe: Integration;
  beforeEach(async () => {
    harness = await openSimulator();
    stripe = harness.connect();
  });
  afterEach(() => harness.close());

  it('gives every event of the window once, newest first, a hundred at a time, in the form of webhooks', async () => {
    const { dashboard, clock } = harness.simulator;
    const { id } = dashboard.createCustomer({ name: 'Customer' });
    for (let n = 0; n < 249; n++) {
      if (n % 3 === 0) clock.advance(1_000);
      dashboard.updateCustomer(id, { name: `Edit ${n}` });
    }
    const pages = await collect(stripe, {});
    expect(pages.map(({ events }) => events.length)).to.deep.equal([100, 100, 50]);
    const events = pages.flatMap((page) => page.events);
    expect(new Set(events.map(({ externalEventId }) => externalEventId)).size).to.equal(250);
    const times = events.map(({ created }) => created.getTime());
    expect(times).to.deep.equal(times.toSorted((a, b) => b - a));
    const brought = harness.simulator
      .events()
      .map((event) => onlyEvent(stripe.ingress, structuredClone(event)));
    expect(events).to.have.deep.members(brought);
  });

  it('gives only the window, deletions included', async () => {
    const { dashboard, clock } = harness.simulator;
    const { id } = dashboard.createCustomer({ name: 'Customer' });
    clock.advance(60_000);
    const from = new Date(clock.now());
    dashboard.updateCustomer(id, { name: 'In it' });
    clock.advance(60_000);
    dashboard.deleteCustomer(id);
    const [page, ...more] = await collect(stripe, {
      createdFrom: from,
      createdTo: new Date(from.getTime() + 1_000),
    });
    expect(more).to.deep.equal([]);
    expect(page?.events.map(({ kind }) => kind)).to.deep.equal(['updated']);
    const kinds = (await collect(stripe, {})).flatMap(({ events }) => events.map(({ kind }) => kind));
    expect(kinds).to.deep.equal(['deleted', 'updated', 'created']);
  });

  it('has the time of its answer by Stripe’s clock, also where it is empty', async () => {
    const [page] = await collect(stripe, {});
    expect(page).to.deep.include({ events: [], status: 200 });
    const apart = harness.simulator.clock.now() - (page?.answeredAt?.getTime() ?? 0);
    expect(apart).to.be.within(0, 60_000);
    expect(page?.requestId).to.match(/^req_/);
  });

  it('ends with an error where one of its events cannot be identified', async () => {
    const server = await openAnsweringServer();
    server.answer({ body: { object: 'list', has_more: false, data: [{ object: 'event', created: 7 }] } });
    const failure = await failureOf(server.connect(), () => collect(server.connect(), {}));
    expect(failure).to.include({ code: 'unexpected_answer' });
    await server.close();
  });

  it('is requested as it is read: one page is in memory at a time', async () => {
    const { dashboard } = harness.simulator;
    for (let n = 0; n < 150; n++) dashboard.createCustomer({ name: `Customer ${n}` });
    const pages = timeFeedOf(stripe).pages({})[Symbol.asyncIterator]();
    for (const calls of [1, 2]) {
      const { value } = (await pages.next()) as IteratorYieldResult<EventsPage>; // two pages exist
      expect(value.events).to.have.length(calls === 1 ? 100 : 50);
      expect(harness.simulator.ledger.entries({ path: '/v1/events' })).to.have.length(calls);
    }
  });
});

describe('a search by our owner tag', () => {
  it('finds the records that bear the tag, once Stripe has indexed them, and none with another tag', async () => {
    const { simulator, connect, close } = await openSimulator();
    const [ownerTag, other] = [
      '01900000-0000-7000-8000-000000000001',
      '01900000-0000-7000-8000-000000000002',
    ];
    const { id } = simulator.dashboard.createCustomer({ name: 'Ours', metadata: { [TAG_KEY]: ownerTag } });
    simulator.dashboard.createCustomer({ name: 'Other', metadata: { [TAG_KEY]: other } });
    const stripe = connect();
    expect(await stripe.findTagged?.(ownerTag)).to.deep.equal([]);
    simulator.clock.advance(60_000);
    expect((await stripe.findTagged?.(ownerTag))?.map(({ externalId }) => externalId)).to.deep.equal([id]);
    await close();
  });
});

async function collect(integration: Integration, window: ListWindow): Promise<EventsPage[]> {
  const pages: EventsPage[] = [];
  for await (const page of timeFeedOf(integration).pages(window)) pages.push(page);
  return pages;
}
