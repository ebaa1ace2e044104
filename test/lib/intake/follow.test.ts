import { expect } from 'chai';
import { enableFailpoint } from '../../../lib/failpoint.ts';
import { readSweep, type Sweep } from '../../../db/sweep.ts';
import { judgeIntake } from '../../../lib/operations/doctor-signs.ts';
import { compareLost } from '../../../lib/operations/compare-lost.ts';
import { lossSays, sweepWarnings } from '../../../lib/health/intake.ts';
import { sweep, type Swept } from '../../../lib/intake/sweep.ts';
import type { CursorPage, Integration } from '../../../lib/integrations/integration.ts';
import { createComparer } from '../../../workers/comparer.ts';
import { readCustomer } from '../../support/customers.ts';
import { pauseAt } from '../../support/signal.ts';
import { toySystem } from '../../support/toy/beside-the-engine.ts';
import { cursorFeedOf, required } from '../integrations/expecting.ts';
import { linkedPair, useTwoWay } from '../../support/two-way.ts';

const SECOND = 1_000;
const DAY = 24 * 3_600 * SECOND;

describe('a feed with a cursor', () => {
  const world = useTwoWay({ system: toySystem({}, 'cursor') });
  const { signal } = new AbortController();

  const follow = (integration: Integration = world.integration): Promise<Swept> =>
    sweep({ ...world.deps, integration }, { retentionDays: 35, signal });
  async function followAll(): Promise<void> {
    world.advance(10 * SECOND);
    while ((await follow()).more);
  }
  const place = async (): Promise<Sweep> => required(await readSweep(world.db, 'toy'));
  const calls = (): number => world.simulator.ledger.entries().length;

  /** The integration with a feed that gives these pages. */
  function withPages(pages: (cursor: string | null) => AsyncIterable<CursorPage>): Integration {
    return { ...world.integration, feed: { ...cursorFeedOf(world.integration), follow: pages } };
  }
  const pageOf = (page: Partial<CursorPage>): CursorPage =>
    ({
      ...{ requestId: null, status: 200, answeredAt: world.clock.now(), events: [], cursor: 'next' },
      ...page,
    }) as CursorPage;

  it('is followed by one of two workers', async () => {
    await linkedPair(world);
    const held = pauseAt('follow.page');
    const first = follow();
    await held.reached;
    const asked = calls();
    expect(await follow()).to.deep.equal({ stored: 0, more: false });
    expect(calls()).to.equal(asked);
    held.resume();
    await first;
  });

  it('counts no page of a worker that another one has overtaken', async () => {
    const { externalId } = await linkedPair(world);
    await followAll();
    await compareLost(world.deps, signal);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Once' });
    world.advance(10 * SECOND);
    const before = await place();
    // The first worker freezes while it waits for its page, longer than its lease lasts.
    const frozen = withPages(async function* (cursor) {
      await world.db.raw(`update leases set until = clock_timestamp()`);
      await follow();
      yield pageOf({ cursor: `old ${cursor}`, lost: { reason: 'gap' } });
    });
    expect(await follow(frozen)).to.deep.equal({ stored: 0, more: false });
    const after = await place();
    expect(after).to.include({ lostFrom: null, sweptEvents: before.sweptEvents + 1 });
    expect(after.cursor).to.not.include('old');
  });

  it('takes a first cursor of an account that was read before as a loss, since edits may have been missed', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Before the cursor' });
    for (const event of world.undelivered()) world.lose(event);
    await followAll();
    const { boundAt, lostFrom, lostWhy } = await place();
    expect({ lostFrom, lostWhy }).to.deep.equal({ lostFrom: boundAt, lostWhy: 'no_cursor' });
    expect(await compareLost(world.deps, signal)).to.equal('compared');
    await world.rest();
    expect(await readCustomer(world.db, id)).to.include({ name: 'Before the cursor' });
  });

  it('shows a loss in status and doctor, with a short reason only, until the comparison is done', async () => {
    await linkedPair(world);
    await followAll();
    await compareLost(world.deps, signal);
    world.advance(10 * SECOND);
    await follow(
      withPages(async function* () {
        await Promise.resolve();
        yield pageOf({ cursor: null, lost: { reason: 'a sentence about ada@example.com' } });
      }),
    );
    const lost = await place();
    expect(lossSays('toy', lost)).to.match(/are lost \(not_named\): a worker takes a new cursor, and then/);
    expect(sweepWarnings('toy', lost, world.clock.now())).to.include(lossSays('toy', lost));
    const received = { system: 'toy', last: null, signs: null, sweep: lost, refusals: [] };
    const checks = judgeIntake({ ...received, loss: lossSays('toy', lost) }, world.clock.now());
    expect(checks.find(({ name }) => name === 'events')).to.include({ level: 'warning' });
    expect(world.log.filter(({ event }) => event === 'feed.lost').at(-1)).to.include({ why: 'not_named' });
    await followAll();
    const comparer = createComparer({ deps: world.deps, lane: { status: () => ({ bound: true }) } });
    expect(await comparer.runOnce(signal)).to.equal(0);
    expect(lossSays('toy', await place())).to.equal(null);
  });

  it('is compared again after a loss that came while the comparison ran', async () => {
    await linkedPair(world);
    await followAll();
    const again = withPages(async function* () {
      await Promise.resolve();
      yield pageOf({ cursor: null, lost: { reason: 'again' } });
    });
    enableFailpoint(
      'compare-lost.before-end',
      async () => {
        world.advance(10 * SECOND);
        await follow(again);
      },
      { once: true },
    );
    expect(await compareLost(world.deps, signal)).to.equal('lost_again');
    expect((await place()).lostFrom).to.not.equal(null);
    await followAll();
    expect(await compareLost(world.deps, signal)).to.equal('compared');
  });

  it('is compared by no one while the system is paused, or while the worker stops', async () => {
    await linkedPair(world);
    await followAll();
    await world.db.raw(`update connections set paused_at = now()`);
    const asked = calls();
    expect(await compareLost(world.deps, signal)).to.equal('none');
    expect(calls()).to.equal(asked);
    await world.db.raw(`update connections set paused_at = null`);
    const stopped = await compareLost(world.deps, AbortSignal.abort()).catch((error: unknown) => error);
    expect(stopped).to.include({ code: 'aborted' });
    expect((await place()).lostFrom).to.not.equal(null);
  });

  it('that gives no cursor, or no page, is a problem and moves nothing', async () => {
    await followAll();
    const { cursor } = await place();
    for (const broken of [[pageOf({ cursor: '' })], [pageOf({ cursor: 'a\0b' })], []]) {
      world.advance(10 * SECOND);
      await follow(
        withPages(async function* () {
          await Promise.resolve();
          yield* broken;
        }),
      );
      const after = await place();
      expect(after.problem).to.match(/^no_(cursor|page): /);
      expect(after.cursor).to.equal(cursor);
    }
  });

  it('ends the reading of a feed that goes on for ever when the worker stops', async () => {
    await followAll();
    world.advance(10 * SECOND);
    const stopping = new AbortController();
    const state = { pages: 0, closed: false };
    const endless = withPages(async function* () {
      try {
        for (;;) {
          await Promise.resolve();
          state.pages += 1;
          yield pageOf({ cursor: `page ${state.pages}` });
        }
      } finally {
        state.closed = true;
      }
    });
    enableFailpoint('follow.page', () => {
      if (state.pages === 3) stopping.abort();
    });
    await sweep({ ...world.deps, integration: endless }, { retentionDays: 35, signal: stopping.signal });
    expect(state).to.deep.equal({ pages: 3, closed: true });
    expect((await place()).cursor).to.equal('page 3');
  });

  it('keeps out no event of a page because of another one that the database refuses', async () => {
    await followAll();
    const { externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Beside it' });
    world.advance(10 * SECOND);
    const real = cursorFeedOf(world.integration);
    const spoilt = withPages(async function* (cursor) {
      for await (const page of real.follow(cursor)) {
        const events = page.events.map((event, at) =>
          at === 0 ? { ...event, externalEventId: 'a\0b' } : event,
        );
        yield { ...page, events };
      }
    });
    const before = await place();
    await follow(spoilt);
    const after = await place();
    expect(after.cursor).to.not.equal(before.cursor);
    expect(after.sweptEvents).to.be.greaterThan(before.sweptEvents);
    await world.db.raw(`delete from skipped_items`);
  });

  it('that is older than it keeps events loses them also if the system does not say so', async () => {
    await linkedPair(world);
    await followAll();
    await compareLost(world.deps, signal);
    const { sweptTo } = await place();
    world.advance(cursorFeedOf(world.integration).keptMs + DAY);
    await follow(
      withPages(async function* () {
        await Promise.resolve();
        yield pageOf({});
      }),
    );
    expect(await place()).to.deep.include({ lostFrom: sweptTo, lostWhy: 'kept_time_over', cursor: 'next' });
  });
});
