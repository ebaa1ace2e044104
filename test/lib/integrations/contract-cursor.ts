// The parts of the contract about a feed with a cursor, without the engine: what is behind a cursor, and
// what happens to one that the system refuses. contract-following.ts asks what the engine makes of it.
import { expect } from 'chai';
import type { CursorFeed, CursorPage, InboundEvent } from '../../../lib/integrations/integration.ts';
import type { Kit } from './contract-kit.ts';
import { eventsIn } from './contract-rows.ts';
import { cursorFeedOf, required } from './expecting.ts';

const MINUTE = 60_000;
/** More than a page of any feed. */
const MANY = 130;
/** A feed may go on for ever; no test needs more pages. */
const PAGES_AT_MOST = 200;

export function describeCursor(kit: Kit): void {
  describe('the feed with a cursor', () => {
    const feed = (): CursorFeed => cursorFeedOf(kit.harness().integration);

    /** What lies behind a cursor now. */
    async function read(cursor: string | null): Promise<{ pages: CursorPage[]; events: InboundEvent[] }> {
      const pages: CursorPage[] = [];
      for await (const page of feed().follow(cursor)) {
        pages.push(page);
        if (page.events.length === 0 || pages.length === PAGES_AT_MOST) break;
      }
      return { pages, events: pages.flatMap(({ events }) => events) };
    }
    const behind = async (cursor: string | null): Promise<string> =>
      required((await read(cursor)).pages.at(-1)?.cursor);
    const idsOf = (events: InboundEvent[]): (string | null)[] => events.map(({ externalId }) => externalId);

    kit.itWithCursor('says how far it goes back, and how often it is read', () => {
      const { keptMs, everyMs } = feed();
      expect(everyMs).to.be.greaterThan(0);
      expect(keptMs).to.be.greaterThan(everyMs);
    });

    kit.itWithCursor('gives a cursor at once, also if nothing has happened', async () => {
      const [page] = (await read(null)).pages;
      expect(required(page).cursor).to.be.a('string').and.not.equal('');
      const again = await read(required(page).cursor);
      expect(again.pages).to.have.length.above(0);
      expect(again.events).to.deep.equal([]);
    });

    kit.itWithCursor('has every event of a record behind the cursor from before', async () => {
      const h = kit.harness();
      const cursor = await behind(null);
      const id = await h.createThere(kit.filled('followed'));
      h.advance(MINUTE);
      await h.updateThere(id, kit.filled('followed-on'));
      h.advance(MINUTE);
      await h.deleteThere(id);
      const about = (await read(cursor)).events.filter(({ externalId }) => externalId === id);
      expect(about.map(({ kind }) => kind)).to.have.members(['created', 'updated', 'deleted']);
    });

    kit.itWithCursor(
      'has each event once over all its pages, from whichever page it is read on',
      async () => {
        const h = kit.harness();
        const cursor = await behind(null);
        const made = new Set<string>();
        for (let n = 0; n < MANY; n += 1) made.add(await h.createThere(kit.filled(`followed${n}`)));
        const { pages, events } = await read(cursor);
        expect(pages.length).to.be.greaterThan(1);
        expect(new Set(idsOf(events))).to.deep.equal(made);
        expect(events).to.have.lengthOf(MANY);
        const [first] = pages;
        const rest = (await read(required(first).cursor)).events;
        expect([...required(first).events, ...rest]).to.deep.equal(events);
      },
    );

    kit.itWithCursor('gives the same events again behind the same cursor', async () => {
      const cursor = await behind(null);
      await kit.harness().createThere(kit.filled('followed-twice'));
      const { events } = await read(cursor);
      expect(events).to.have.length.above(0);
      expect((await read(cursor)).events).to.deep.equal(events);
    });

    kit.itWithCursor('names an event as its webhook does, so that it is taken once', async () => {
      const h = kit.harness();
      const cursor = await behind(null);
      const id = await h.createThere(kit.filled('twice-followed'));
      const found = required((await read(cursor)).events.find(({ externalId }) => externalId === id));
      if (!h.webhooks) return;
      const sent = eventsIn(h.integration, h.webhooks.bodies(h.webhooks.events()));
      expect(sent.find(({ externalId }) => externalId === id)).to.deep.equal(found);
    });

    kit.itWithCursor('takes a cursor as long as it says that it keeps events', async () => {
      const h = kit.harness();
      const cursor = await behind(null);
      const id = await h.createThere(kit.filled('kept'));
      h.advance(feed().keptMs - MINUTE);
      expect(idsOf((await read(cursor)).events)).to.include(id);
    });

    kit.itWithCursor('says that events are lost where it refuses a cursor, and gives a new one', async () => {
      const { pages } = await read('no cursor of yours');
      const [page] = pages;
      expect(pages).to.have.lengthOf(1);
      expect(required(required(page).lost).reason).to.match(/^[\w.-]{1,60}$/);
      const next = page?.cursor ?? (await behind(null));
      const id = await kit.harness().createThere(kit.filled('after-the-loss'));
      expect(idsOf((await read(next)).events)).to.include(id);
    });
  });
}
