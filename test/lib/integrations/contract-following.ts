// What the real engine makes of a feed with a cursor: the cursor moves with its rows and never without
// them, pages come twice and shuffled, and a loss leads to a comparison that deletes nothing by itself.
import { expect } from 'chai';
import { readSweep, type Sweep } from '../../../db/sweep.ts';
import { disableFailpoints, enableFailpoint } from '../../../lib/failpoint.ts';
import { sweepWarnings } from '../../../lib/health/intake.ts';
import { readAccountRecords } from '../../../lib/intake/account-reading.ts';
import { sweep, type Swept } from '../../../lib/intake/sweep.ts';
import type { CursorFeed, CursorPage, Integration } from '../../../lib/integrations/integration.ts';
import { compareLost, type LossRun } from '../../../lib/operations/compare-lost.ts';
import { createSide, type EngineSide } from '../../support/engine.ts';
import { useDatabase } from '../../support/database.ts';
import { emptyTables } from '../../support/sync.ts';
import type { ContractHarness } from './contract-harness.ts';
import type { Kit } from './contract-kit.ts';
import { rowsOf } from './contract-rows.ts';
import { cursorFeedOf, required } from './expecting.ts';

const DAY = 24 * 3_600_000;

export function describeFollowing(kit: Kit, open: () => Promise<ContractHarness>): void {
  describe('the engine behind a cursor', () => {
    const database = useDatabase();
    const { signal } = new AbortController();
    let harness: ContractHarness;
    let integration: Integration;
    let side: EngineSide;

    beforeEach('bind an account that has nothing yet', async () => {
      await emptyTables(database.db);
      harness = await open();
      ({ integration } = harness);
      side = await createSide(database.db, { clock: harness, integration });
      await side.work();
    });
    afterEach('stop it', async () => {
      disableFailpoints();
      await side.lane.drain();
      await harness.close();
    });

    /** `with`: the integration with something else in place of its own. */
    const follow = (changes: Partial<Integration> = {}): Promise<Swept> =>
      sweep({ ...side.deps, integration: { ...integration, ...changes } }, { retentionDays: 35, signal });
    const compare = (changes: Partial<Integration> = {}): Promise<LossRun> =>
      compareLost({ ...side.deps, integration: { ...integration, ...changes } }, signal);
    const position = async (): Promise<Sweep> => required(await readSweep(database.db, integration.system));
    const rest = (): void => harness.advance(cursorFeedOf(integration).everyMs);

    async function followAll(): Promise<void> {
      rest();
      while ((await follow()).more);
      await settle();
    }
    async function settle(): Promise<void> {
      await side.takeTheirs([]);
      while ((await side.work()) > 0) await side.takeTheirs([]);
    }
    /** The first cursor, and then the reading of the account, in which nothing is. */
    async function begin(): Promise<void> {
      await followAll();
      await readAccountRecords(side.deps, signal);
    }
    /** People there make a record, and it becomes a row of ours. */
    async function pair(word: string): Promise<string> {
      const id = await harness.createThere(kit.filled(word));
      await followAll();
      return id;
    }
    const names = async (): Promise<string[]> =>
      (
        await rowsOf<{ name: string }>(
          database.db,
          `select name from customers where deleted_at is null order by id`,
        )
      ).map(({ name }) => name);
    const nameIn = (word: string): string => {
      const rule = integration.document.fields.find(({ internal }) => internal === 'name');
      const value = kit.filled(word)[required(rule).external];
      return typeof value === 'string' ? value : '';
    };
    const events = async (): Promise<number> =>
      (await rowsOf(database.db, `select 1 from sync_events where event_type like '${integration.system}.%'`))
        .length;
    const logged = (event: string): number => side.log.filter((line) => line.event === event).length;
    const followingWith = (change: (pages: CursorPage[]) => CursorPage[]): { feed: CursorFeed } => {
      const feed = cursorFeedOf(integration);
      return {
        feed: {
          ...feed,
          async *follow(cursor) {
            const pages: CursorPage[] = [];
            for await (const page of feed.follow(cursor)) {
              pages.push(page);
              if (page.events.length === 0) break;
            }
            yield* change(pages);
          },
        },
      };
    };
    const losing = (reason: string): { feed: CursorFeed } =>
      followingWith(() => [
        {
          ...{ requestId: null, status: 410, answeredAt: harness.now() },
          ...{ events: [], cursor: null, lost: { reason } },
        },
      ]);

    kit.itWithCursor(
      'takes a cursor before it reads the account, so that no change falls between',
      async () => {
        await readAccountRecords(side.deps, signal);
        expect(await rowsOf(database.db, `select 1 from account_readings`)).to.deep.equal([]);
        await begin();
        expect(await rowsOf(database.db, `select 1 from account_readings`)).to.have.lengthOf(1);
        expect(await position()).to.include({ lostFrom: null, more: false, problem: null });
      },
    );

    kit.itWithCursor('brings what no webhook brought, and asks again only after its rest', async () => {
      await begin();
      const id = await pair('first');
      await harness.updateThere(id, kit.filled('edited'));
      const calls = harness.calls();
      await follow();
      expect(harness.calls()).to.equal(calls);
      await followAll();
      expect(await names()).to.deep.equal([nameIn('edited')]);
    });

    kit.itWithCursor('moves the cursor with the rows of a page, and never without them', async () => {
      await begin();
      await harness.createThere(kit.filled('torn'));
      const [{ cursor }, before] = [await position(), await events()];
      rest();
      enableFailpoint('follow.before-commit', 'throw', { once: true });
      const failure = await follow().catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(Error);
      expect((await position()).cursor).to.equal(cursor);
      expect(await events()).to.equal(before);
      await followAll();
      expect((await position()).cursor).to.not.equal(cursor);
      expect(await events()).to.equal(before + 1);
      expect(await names()).to.deep.equal([nameIn('torn')]);
    });

    kit.itWithCursor('takes a page once that comes twice, and events in any order', async () => {
      await begin();
      const id = await harness.createThere(kit.filled('shuffled'));
      await harness.updateThere(id, kit.filled('second'));
      await harness.updateThere(id, kit.filled('third'));
      rest();
      await follow(
        followingWith((pages) => [
          ...pages.map((page) => ({ ...page, events: page.events.toReversed() })),
          ...pages,
        ]),
      );
      await settle();
      expect(await events()).to.equal(3);
      await followAll();
      expect(await names()).to.deep.equal([nameIn('third')]);
    });

    kit.itWithCursor('compares every pair after a loss, and says so until the end', async () => {
      await begin();
      const edited = await pair('one');
      const deleted = await pair('two');
      const hidden = await pair('three');
      await harness.updateThere(edited, kit.filled('one-edited'));
      await harness.deleteThere(deleted);
      await harness.createThere(kit.filled('four'));
      rest();
      expect(await follow(losing('gap'))).to.include({ more: true });
      expect(logged('feed.lost')).to.equal(1);
      expect(await position()).to.include({ cursor: null, lostWhy: 'gap' });
      // Only a comparison that begins behind the new cursor misses nothing.
      expect(await compare()).to.equal('none');
      await followAll();
      expect(await names()).to.include(nameIn('one'));
      const [warning] = sweepWarnings(integration.system, await position(), harness.now());
      expect(warning).to.match(/are lost \(gap\): a worker compares every pair/);
      expect(await compare(listWithout(hidden))).to.equal('compared');
      await settle();
      // A list that does not show a record says nothing: what is gone is what a read says is gone.
      expect((await names()).toSorted()).to.deep.equal(
        ['four', 'one-edited', 'three'].map(nameIn).toSorted(),
      );
      expect(await position()).to.include({ lostFrom: null, lostWhy: null });
      expect(await compare()).to.equal('none');
    });

    /** A list that does not show one of its records. */
    const listWithout = (id: string): Partial<Integration> => ({
      async *list(window) {
        for await (const page of integration.list(window))
          yield page.filter(({ externalId }) => externalId !== id);
      },
    });

    kit.itWithCursor('compares every pair once its cursor is older than the feed keeps events', async () => {
      await begin();
      const id = await pair('old');
      await harness.updateThere(id, kit.filled('long-ago'));
      harness.advance(cursorFeedOf(integration).keptMs + DAY);
      await followAll();
      expect(logged('feed.lost')).to.be.greaterThan(0);
      expect(await compare()).to.equal('compared');
      await settle();
      expect(await names()).to.deep.equal([nameIn('long-ago')]);
      await harness.updateThere(id, kit.filled('after-it'));
      await followAll();
      expect(await names()).to.deep.equal([nameIn('after-it')]);
    });

    kit.itWithCursor('reports a feed that it cannot read, and keeps its cursor', async () => {
      await begin();
      const { cursor } = await position();
      rest();
      const { feed } = harness.refused;
      await follow(feed ? { feed } : {});
      expect(await position()).to.include({ cursor, lostFrom: null });
      expect((await position()).problem).to.be.a('string');
      await followAll();
      expect((await position()).problem).to.equal(null);
    });
  });
}
