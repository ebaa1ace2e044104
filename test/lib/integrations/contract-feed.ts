// The parts of the contract about the list of past events, which brings what no webhook brought.
import { expect } from 'chai';
import type {
  EventsPage,
  InboundEvent,
  ListWindow,
  TimeFeed,
} from '../../../lib/integrations/integration.ts';
import type { Kit } from './contract-kit.ts';
import { eventsIn } from './contract-rows.ts';
import { required, timeFeedOf } from './expecting.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** More than a page of any list. */
const MANY = 130;

export function describeFeed(kit: Kit): void {
  describe('the list of events', () => {
    const feed = (): TimeFeed => timeFeedOf(kit.harness().integration);
    async function read(window: ListWindow = {}): Promise<{ pages: EventsPage[]; events: InboundEvent[] }> {
      const pages: EventsPage[] = [];
      for await (const page of feed().pages(window)) pages.push(page);
      return { pages, events: pages.flatMap(({ events }) => events) };
    }
    /** Past the newest part, which may be missing. */
    const settle = (): void => kit.harness().advance(feed().tipMs + 1_000);

    kit.itWithFeed('says how far it goes back, how often it is read, and how much of it is uncertain', () => {
      const { keptMs, tipMs, everyMs, overlapMs, windowMs } = feed();
      expect(tipMs).to.be.at.least(0);
      expect(everyMs).to.be.greaterThan(0);
      // What a sweep leaves to the next one, the next one has to read.
      expect(overlapMs).to.be.greaterThan(tipMs);
      expect(windowMs).to.be.greaterThan(overlapMs);
      expect(keptMs).to.be.greaterThan(windowMs);
    });

    kit.itWithFeed('has every event of a record, newest first, with the time of the answer', async () => {
      const h = kit.harness();
      const id = await h.createThere(kit.filled('listed'));
      h.advance(MINUTE);
      await h.updateThere(id, kit.filled('relisted'));
      h.advance(MINUTE);
      await h.deleteThere(id);
      settle();
      const { pages, events } = await read();
      const about = events.filter(({ externalId }) => externalId === id);
      expect(about.map(({ kind }) => kind)).to.deep.equal(['deleted', 'updated', 'created']);
      const times = events.map(({ created }) => created.getTime());
      expect(times).to.deep.equal(times.toSorted((a, b) => b - a));
      for (const { answeredAt } of pages)
        expect(Math.abs(required(answeredAt).getTime() - h.now().getTime())).to.be.lessThan(MINUTE);
    });

    kit.itWithFeed('has only the events of a window, its two ends among them', async () => {
      const h = kit.harness();
      const made: string[] = [];
      for (const word of ['window1', 'window2', 'window3', 'window4']) {
        h.advance(10 * MINUTE);
        made.push(await h.createThere(kit.filled(word)));
      }
      settle();
      const all = (await read()).events;
      const at = (index: number): Date =>
        required(all.find(({ externalId }) => externalId === made[index])).created;
      const within = (await read({ createdFrom: at(1), createdTo: at(2) })).events;
      const ids = within.map(({ externalId }) => externalId);
      expect(ids.filter((id) => made.includes(id ?? ''))).to.deep.equal([made[2], made[1]]);
      const empty = await read({ createdFrom: new Date(h.now().getTime() + MINUTE) });
      expect(empty.pages).to.have.length.above(0);
      expect(empty.events).to.deep.equal([]);
    });

    kit.itWithFeed('has each event once over all its pages', async () => {
      const h = kit.harness();
      h.advance(10 * MINUTE);
      const from = h.now();
      const made = new Set<string>();
      for (let n = 0; n < MANY; n += 1) made.add(await h.createThere(kit.filled(`paged${n}`)));
      settle();
      const { pages, events } = await read({ createdFrom: new Date(from.getTime() - 1_000) });
      expect(pages.length).to.be.greaterThan(1);
      const ids = events.map(({ externalId }) => externalId ?? '').filter((id) => made.has(id));
      expect(ids).to.have.lengthOf(MANY);
      expect(new Set(ids)).to.deep.equal(made);
    });

    kit.itWithFeed('names an event as its webhook does, so that it is taken once', async () => {
      const h = kit.harness();
      const id = await h.createThere(kit.filled('twice'));
      settle();
      const listed = required((await read()).events.find(({ externalId }) => externalId === id));
      if (!h.webhooks) return;
      const sent = eventsIn(h.integration, h.webhooks.bodies(h.webhooks.events()));
      expect(sent.find(({ externalId }) => externalId === id)).to.deep.equal(listed);
    });

    kit.itWithFeed('loses an event only once it is older than it says', async () => {
      const h = kit.harness();
      const id = await h.createThere(kit.filled('aged'));
      const ids = async (): Promise<(string | null)[]> =>
        (await read()).events.map(({ externalId }) => externalId);
      h.advance(feed().keptMs - MINUTE);
      expect(await ids()).to.include(id);
      h.advance(DAY);
      expect(await ids()).to.not.include(id);
    });
  });
}
