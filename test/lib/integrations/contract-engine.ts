// The real engine between our table, the system, and a second system beside it. After each story the
// engine is made to look at every pair once more: it makes no call and writes no row.
import { expect } from 'chai';
import { raiseMappings } from '../../../db/mappings/dirty.ts';
import type { Integration } from '../../../lib/integrations/integration.ts';
import { sweep } from '../../../lib/intake/sweep.ts';
import { newEventId } from '../../../lib/uuid.ts';
import { NONSENSE, openBreakingProxy, type BreakingProxy } from '../../support/breaking-proxy.ts';
import { createSide, markAccountRead, type EngineSide } from '../../support/engine.ts';
import { deleteCustomer, insertCustomer, updateCustomer } from '../../support/customers.ts';
import { useDatabase } from '../../support/database.ts';
import { waitUntil } from '../../support/signal.ts';
import { emptyTables } from '../../support/sync.ts';
import type { ContractHarness } from './contract-harness.ts';
import type { Kit } from './contract-kit.ts';
import { openNeighbour } from './contract-neighbour.ts';
import { contentOf, countThere, eventsIn, rowsOf } from './contract-rows.ts';
import { present, required, timeFeedOf } from './expecting.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

interface Place {
  harness: ContractHarness;
  integration: Integration;
  side: EngineSide;
  /** Their events that were taken in. */
  seen: number;
}

export function describeEngine(kit: Kit, open: () => Promise<ContractHarness>): void {
  describe('the engine with it', () => {
    const database = useDatabase();
    let proxy: BreakingProxy | null;
    let place: Place;
    let neighbour: Place;

    beforeEach('start both', async () => {
      await emptyTables(database.db);
      const own = await open();
      proxy = own.url === undefined ? null : await openBreakingProxy(own.url);
      const through = own.at !== undefined && proxy ? own.at(proxy.url) : own.integration;
      place = await join(own, through, own);
      const beside = await openNeighbour(own.integration.system);
      neighbour = await join(beside, beside.integration, own);
    });
    afterEach('look once more, and stop them', async function () {
      try {
        if (this.currentTest?.state === 'passed') await expectQuiet();
      } finally {
        await proxy?.close();
        for (const { side, harness } of [place, neighbour]) {
          await side.lane.drain();
          await harness.close();
        }
      }
    });

    /** One clock, that of the system. */
    async function join(
      harness: ContractHarness,
      integration: Integration,
      clock: ContractHarness,
    ): Promise<Place> {
      await markAccountRead(database.db, integration);
      const side = await createSide(database.db, { clock, integration });
      await side.work(); // binds the account
      return { harness, integration, side, seen: 0 };
    }

    const stamp = () => {
      const now = place.harness.now();
      return { eventId: newEventId(now), source: 'internal', context: {}, now };
    };
    const make = async (word: string): Promise<number> =>
      (await insertCustomer(database.db, { name: `Name ${word}`, email: `${word}@example.com` }, stamp())).id;
    const rename = async (id: number, name: string): Promise<void> =>
      void required(await updateCustomer(database.db, id, { name }, {}, stamp()));
    const nameOf = async (id: number): Promise<string | undefined> =>
      (
        await rowsOf<{ name: string }>(
          database.db,
          `select name from customers where id = ${id} and deleted_at is null`,
        )
      )[0]?.name;

    function advance(ms: number): void {
      place.harness.advance(ms);
      neighbour.harness.advance(ms);
    }

    /** Their events that were not taken in yet; where a system tells nothing, its records are read. */
    async function bringTheirs(one: Place): Promise<number> {
      const { harness, integration, side } = one;
      if (!integration.ingress || !harness.webhooks) return 0;
      const events = harness.webhooks.events().slice(one.seen);
      one.seen += events.length;
      await side.takeTheirs(eventsIn(integration, harness.webhooks.bodies(events)));
      return events.length;
    }

    async function settle(which: Place[] = [place, neighbour]): Promise<void> {
      for (let quiet = 0; quiet < 2;) {
        let moved = 0;
        for (const one of which) {
          moved += await one.side.receiveOurs();
          moved += await bringTheirs(one);
          moved += await one.side.work();
        }
        quiet = moved === 0 ? quiet + 1 : 0;
      }
    }

    /** Over every back-off, for so long. */
    async function settleOver(ms: number): Promise<void> {
      for (let gone = 0; gone < ms; gone += 5 * MINUTE) {
        await settle();
        advance(5 * MINUTE);
      }
      await settle();
    }

    const idThere = async ({ integration: { system } }: Place, id: number): Promise<string> => {
      const [mapping] = await rowsOf<{ id: string }>(
        database.db,
        `select external_id as id from external_mappings where internal_id = ${id} and system = '${system}'`,
      );
      return required(mapping).id;
    };
    const nameThere = async (at: Place, id: number): Promise<unknown> => {
      const { harness } = at;
      const found = await harness.integration.fetch(await idThere(at, id));
      const external = required(
        harness.integration.document.fields.find(({ internal }) => internal === 'name'),
      ).external;
      return found.state === 'present' ? found.record.fields[external] : found.state;
    };
    const effects = (): [number, number] => [place.harness.effects(), neighbour.harness.effects()];
    const since = (before: [number, number]): number[] =>
      effects().map((count, at) => count - (before[at] ?? 0));

    /** Every pair is looked at once more: no call is made, and no row is written. */
    async function expectQuiet(): Promise<void> {
      const { db } = database;
      await settle();
      const calls = [place, neighbour].map(({ harness }) => harness.calls());
      const before = await contentOf(db);
      const ids = (await rowsOf<{ id: number }>(db, 'select id from external_mappings')).map(({ id }) => id);
      await raiseMappings(db, { ids, now: place.harness.now(), mustRead: false });
      for (const { side } of [place, neighbour]) while ((await side.work()) > 0);
      expect([place, neighbour].map(({ harness }) => harness.calls())).to.deep.equal(calls);
      expect(await contentOf(db)).to.deep.equal(before);
    }

    it('brings a new row, its edit and its deletion to both systems, once each', async () => {
      let before = effects();
      const id = await make('both');
      await settle();
      expect(since(before)).to.deep.equal([1, 1]);
      before = effects();
      await rename(id, 'Both Changed');
      await settle();
      expect(since(before)).to.deep.equal([1, 1]);
      expect([await nameThere(place, id), await nameThere(neighbour, id)]).to.deep.equal([
        'Both Changed',
        'Both Changed',
      ]);
      before = effects();
      required(await deleteCustomer(database.db, id, {}, stamp()));
      await settle();
      const deletes = place.integration.capabilities.deletes === 'none' ? 0 : 1;
      expect(since(before)).to.deep.equal([deletes, 1]);
    });

    kit.itWithWebhooks('brings an edit made there to the other once, and never back', async () => {
      const id = await make('theirs');
      await settle();
      for (const [from, told] of [
        [place, [0, 1]],
        [neighbour, [1, 0]],
      ] as const) {
        const before = effects();
        const name = `Edited at ${from.integration.system}`;
        await editThere(from, id, name);
        await settle();
        expect(since(before), name).to.deep.equal(told);
        expect(await nameOf(id)).to.equal(name);
        expect([await nameThere(place, id), await nameThere(neighbour, id)]).to.deep.equal([name, name]);
      }
    });

    async function editThere(at: Place, id: number, name: string): Promise<void> {
      const { harness, integration } = at;
      const { record } = present(await harness.integration.fetch(await idThere(at, id)));
      const rule = required(integration.document.fields.find(({ internal }) => internal === 'name'));
      await harness.updateThere(record.externalId, {
        ...kit.mappedOf(integration, record.fields),
        [rule.external]: name,
      });
    }

    kit.itWithWebhooks('takes each event once, five times sent and in any order', async () => {
      const id = await make('repeated');
      await settle();
      await editThere(place, id, 'First');
      await editThere(place, id, 'Second');
      const webhooks = required(place.harness.webhooks);
      const events = eventsIn(place.integration, webhooks.bodies(webhooks.events().slice(place.seen)));
      const before = effects();
      const order = [...events, ...events, ...events, ...events, ...events].toReversed();
      const taken = await place.side.takeTheirs(order);
      expect(taken.filter((one) => one === 'stored')).to.have.lengthOf(events.length);
      expect(taken.filter((one) => one === 'known')).to.have.lengthOf(4 * events.length);
      await settle();
      expect(await nameOf(id)).to.equal('Second');
      expect(since(before)[0]).to.equal(0);
    });

    kit.itWhere('merges', [true], 'deletes neither of two rows whose records are merged there', async () => {
      const ids = [await make('loser'), await make('winner')] as const;
      await settle();
      const [loser, winner] = [await idThere(place, ids[0]), await idThere(place, ids[1])];
      const before = effects();
      await required(place.harness.mergeThere)(loser, winner);
      await settleOver(20 * MINUTE);
      expect([await nameOf(ids[0]), await nameOf(ids[1])]).to.deep.equal(['Name loser', 'Name winner']);
      expect(since(before)).to.deep.equal([0, 0]);
      expect(await nameThere(place, ids[1])).to.equal('Name winner');
    });

    kit.itWithFeed('finds by the list of events what no webhook brought', async () => {
      const id = await make('swept');
      await settle();
      const feed = timeFeedOf(place.integration);
      await sweepAll();
      await editThere(place, id, 'Found by the sweep');
      place.seen = required(place.harness.webhooks).events().length; // the webhook is lost
      advance(feed.tipMs + feed.everyMs + MINUTE);
      await sweepAll();
      await settle();
      expect(await nameOf(id)).to.equal('Found by the sweep');
    });

    kit.itWithFeed('says that events are lost once they have left the list unread', async () => {
      await sweepAll();
      const { keptMs, windowMs } = timeFeedOf(place.integration);
      advance(keptMs + windowMs + DAY);
      await sweepAll();
      expect(place.side.log.map(({ event }) => event)).to.include('sweep.events_gone');
    });

    async function sweepAll(): Promise<void> {
      const { signal } = new AbortController();
      while ((await sweep(place.side.deps, { retentionDays: 35, signal })).more);
      await place.side.takeTheirs([]);
    }

    kit.itWithProxy('does not delay the other system while it hangs', async () => {
      const id = await make('slow');
      await settle();
      required(proxy).hang();
      await rename(id, 'While one hangs');
      await place.side.receiveOurs();
      const hanging = place.side.work();
      await waitUntil(() => required(proxy).waiting() > 0, { timeoutMs: 10_000, what: 'it was asked' });
      await settle([neighbour]);
      expect(await nameThere(neighbour, id)).to.equal('While one hangs');
      required(proxy).heal();
      await hanging;
      await settle();
      expect(await nameThere(place, id)).to.equal('While one hangs');
    });

    for (const arrives of [false, true]) {
      const how = arrives ? 'does what it is asked' : 'does nothing';
      kit.itWithProxy(`loses and doubles nothing while it ${how} and answers nonsense`, async () => {
        const kept = await make('kept');
        await settle();
        const before = effects();
        const made: number[] = [];
        for (const [at, nonsense] of NONSENSE.entries()) {
          required(proxy).spoil(nonsense, { arrives });
          made.push(await make(`nonsense${at}`));
          await rename(kept, `Kept ${at}`);
          await settle();
          advance(MINUTE);
          await settle();
        }
        required(proxy).heal();
        // Past every back-off, and past the time in which a request may be on its way.
        await settleOver(40 * MINUTE);
        expect(await nameThere(place, kept)).to.equal(`Kept ${NONSENSE.length - 1}`);
        for (const [at, id] of made.entries())
          expect(await nameThere(place, id)).to.equal(`Name nonsense${at}`);
        expect(await countThere(place.harness.integration)).to.equal(made.length + 1);
        expect(since(before)[1]).to.equal(made.length + NONSENSE.length);
      });
    }
  });
}
