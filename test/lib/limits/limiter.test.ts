import { expect } from 'chai';
import { claimDue } from '../../../db/mappings/claims.ts';
import { readSlowed } from '../../../db/limits/buckets.ts';
import { raiseMappings } from '../../../db/mappings/dirty.ts';
import { createLimiter, type Limiter } from '../../../lib/limits/limiter.ts';
import type { Lane } from '../../../workers/lane.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { waitUntil } from '../../support/signal.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { useSync } from '../../support/sync.ts';

const ACCOUNT = 'acct_1TwinboxSimulator';
const BUCKET = { system: 'stripe', account: ACCOUNT };
const RATES = { account: 100, endpoint: 25 };

describe('the limits of calls', () => {
  const world = useSync({ policy: { rates: RATES } });

  describe('rate tokens', () => {
    it('are one allowance, however many workers take from it', async () => {
      await fill({ '': 8, create: 6 });
      const workers = Array.from({ length: 5 }, () => limiter());
      const rooms = await Promise.all(workers.map((worker) => worker.room()));
      expect(rooms.reduce((sum, { calls }) => sum + calls, 0)).to.equal(8);
      expect(rooms.reduce((sum, { creates }) => sum + creates, 0)).to.be.at.most(6);
    });

    it('start at none, so that a restart allows no burst', async () => {
      await limiter().room();
      const { rows } = await world.db.raw<{ rows: { tokens: number }[] }>(`select tokens from rate_buckets`);
      expect(rows.map(({ tokens }) => tokens)).to.deep.equal([0, 0]);
    });

    it('save up for two fifths of a second, and no more', async () => {
      await fill({ '': 0, create: 0 });
      await world.db.raw(`update rate_buckets set filled_at = now() - interval '1 hour'`);
      await limiter().room();
      expect(await tokensLeft('create')).to.be.closeTo(10 - 5, 0.5);
    });

    it('are lost with the worker that dies with them, and no others', async () => {
      await fill({ '': 30, create: 10 });
      expect(await limiter().room()).to.deep.equal({ calls: 20, creates: 5 });
      expect(await limiter().room()).to.deep.equal({ calls: 10, creates: 5 });
    });

    it('expire a second after a worker has taken them', async () => {
      let now = 0;
      await fill({ '': 20, create: 5 });
      const worker = limiter(() => now);
      expect(await worker.room()).to.include({ calls: 20 });
      now = 999;
      expect(await worker.room()).to.include({ calls: 20 });
      now = 1_001;
      expect(await worker.room()).to.include({ calls: 0 });
    });

    it('that are reserved for a claim are not given to others', async () => {
      await fill({ '': 3, create: 1 });
      const worker = limiter();
      await worker.room();
      const giveBack = worker.reserve(true);
      worker.reserve(false);
      expect(await worker.room()).to.deep.equal({ calls: 1, creates: 0 });
      giveBack();
      giveBack();
      expect(await worker.room()).to.deep.equal({ calls: 2, creates: 1 });
    });

    it('are fetched for calls that follow soon, and a call then takes one of those', async () => {
      await fill({ '': 30, update: 10 });
      const worker = limiter();
      worker.expect('update', 3);
      const isFetched = async () => (await tokensLeft('update')) < 10;
      await waitUntil(isFetched, { timeoutMs: 5_000, what: 'the tokens are fetched' });
      const left = await tokensLeft('update');
      expect(left).to.equal(7);
      expect(await worker.take('update', performance.now() + 5_000)).to.equal(true);
      expect(await tokensLeft('update')).to.be.at.least(left);
    });

    it('go to the most urgent waiting call, then to the one that has waited longest', async () => {
      await fill({ '': 0, update: 0 });
      const worker = limiter();
      const order: string[] = [];
      const names: [string, number][] = [
        ['bulk', 2],
        ['row', 1],
        ['edit', 0],
        ['next edit', 0],
      ];
      const done = names.map(async ([name, urgency]) => {
        if (await worker.take('update', performance.now() + 30_000, urgency)) order.push(name);
      });
      // One token at a time, and another one if a slow machine let one expire.
      const given = async (): Promise<boolean> => {
        await fill({ '': 1, update: 1 });
        return order.length === names.length;
      };
      await waitUntil(given, { timeoutMs: 10_000, what: 'all have had their token' });
      await Promise.all(done);
      expect(order).to.deep.equal(['edit', 'next edit', 'row', 'bulk']);
    });

    it('are free for claims where the waiting calls lack the token of their endpoint', async () => {
      let now = 0;
      await fill({ '': 0, create: 5, update: 0, read: 0 });
      const worker = limiter(() => now);
      const waiting = [worker.take('update', 10_000), worker.take('read', 10_000)];
      await fill({ '': 3, update: 0, read: 0 });
      let calls = 0;
      for (let look = 0; look < 20 && calls < 3; look += 1) {
        now += 300;
        ({ calls } = await worker.room());
      }
      expect(calls).to.equal(3);
      now = 10_000;
      expect(await Promise.all(waiting)).to.deep.equal([false, false]);
    });

    it('are not spent by a call that they would reach too late', async () => {
      await fill({ '': 5, update: 0 });
      expect(await limiter().take('update', performance.now() + 100)).to.equal(false);
      await fill({ '': 5, update: 5 });
      expect(await limiter().take('update', performance.now() - 1)).to.equal(false);
      expect(await tokensLeft('update')).to.equal(5);
    });
  });

  describe('an external system that answers "too often"', () => {
    for (const [reason, slowed] of [
      ['global-rate', ['']],
      ['global-concurrency', ['']],
      ['endpoint-rate', ['create']],
      ['endpoint-concurrency', ['create']],
      ['resource-specific', []],
      ['lock_timeout', []],
    ] as const) {
      it(`${slowed.length > 0 ? 'has half the rate' : 'is not held back'} after ${reason}`, async () => {
        world.simulator.faults.add({ kind: 'rate_limit', reason, method: 'POST' });
        await world.create();
        await reachRest();
        const now = await readSlowed(world.db, BUCKET);
        expect(now.map(({ endpoint }) => endpoint)).to.deep.equal(slowed);
        for (const { share } of now) expect(share).to.be.within(0.5, 0.75);
      });
    }

    it('is slowed once for refusals that come together, and has its whole rate back within a minute', async () => {
      await fill({ '': 5, update: 5 });
      const worker = limiter();
      await Promise.all(Array.from({ length: 6 }, () => worker.slow('update')));
      const [slowed] = await readSlowed(world.db, BUCKET);
      expect(slowed?.share).to.be.within(0.5, 0.6);
      await world.db.raw(`update rate_buckets set slowed_at = slowed_at - interval '15 s'`);
      expect((await readSlowed(world.db, BUCKET))[0]?.share).to.be.within(0.75, 0.9);
      await world.db.raw(`update rate_buckets set slowed_at = slowed_at - interval '16 s'`);
      expect(await readSlowed(world.db, BUCKET)).to.deep.equal([]);
    });

    it('is never slowed to a standstill', async () => {
      await fill({ create: 0 });
      for (let n = 0; n < 20; n += 1) {
        await limiter().slow('create');
        await world.db.raw(`update rate_buckets set slowed_at = slowed_at - interval '1100 ms'`);
      }
      expect((await readSlowed(world.db, BUCKET))[0]?.share).to.be.at.least(0.05);
    });
  });

  it('let no call meet a refusal where two workers share the allowance', async () => {
    world.simulator.rateLimits.set({ globalPerSecond: RATES.account, endpointPerSecond: RATES.endpoint });
    for (let n = 0; n < 60; n += 1) await world.create();
    await world.receive();
    await reachRest(world.worker(), world.worker());
    const calls = world.simulator.ledger.entries({ source: 'api' });
    expect(calls.filter(({ status }) => status === 429)).to.deep.equal([]);
    expect(world.simulator.ledger.effects()).to.include({ created: 60 });
    await expectAgreement(world);
  });

  it('do not count waiting for a rate token as failing: the mapping goes back unchanged', async () => {
    const { id } = await world.create();
    await reachRest();
    await world.update(id, { name: 'Ada' });
    await world.receive();
    await fill({ '': 10, create: 1, update: 0 });
    const hasty = world.worker({ integration: world.integrate({ timeoutMs: 50 }), leaseMs: 5_300 });
    await hasty.runOnce();
    await hasty.drain();
    expect(await mappingOf(world.db, id)).to.include({ attempts: 0, firstFailedAt: null, lastError: null });
    const { rows } = await world.db.raw<{ rows: { due: boolean }[] }>(
      `select lease_until is null and next_attempt_at <= :now and dirty <> clean as due from external_mappings`,
      { now: world.clock.now() },
    );
    expect(rows).to.deep.equal([{ due: true }]);
    await world.db.raw(`delete from rate_buckets`);
    await reachRest();
    await expectAgreement(world);
  });

  it('let no edit wait behind records that are still to be created', async () => {
    const { id } = await world.create();
    await reachRest();
    for (let n = 0; n < 40; n += 1) await world.create();
    await world.update(id, { name: 'Ada' });
    await world.receive();
    await fill({ '': 40, create: 0, update: 5 });
    const worker = world.worker(); // without tokens from before
    await worker.runOnce();
    await worker.drain();
    expect(world.simulator.customers().map(({ name }) => name)).to.deep.equal(['Ada']);
    await world.db.raw(`delete from rate_buckets`);
    await reachRest();
    await expectAgreement(world);
  });

  it('let an edit go before a new row, and a new row before bulk', async () => {
    const customers = [await world.create(), await world.create(), await world.create()];
    await reachRest();
    const ids = await Promise.all(customers.map(async ({ id }) => (await mappingOf(world.db, id)).id));
    const now = world.clock.now();
    await raiseMappings(world.db, { ids: [ids[0] ?? 0], now, mustRead: false, urgency: 2 });
    await raiseMappings(world.db, { ids: [ids[1] ?? 0], now, mustRead: false, urgency: 1 });
    world.advance(1_000);
    await world.update(customers[2]?.id ?? 0, { name: 'Now' });
    await world.receive();
    expect([await claimOne(), await claimOne(), await claimOne()]).to.deep.equal(ids.toReversed());
    await world.db.raw(`update external_mappings set lease_until = null`);
    // An edit of waiting bulk work raises its urgency.
    await world.update(customers[0]?.id ?? 0, { name: 'Now too' });
    await world.receive();
    const [first, second] = [await claimOne(), await claimOne()];
    expect([first, second]).to.have.members([ids[0], ids[2]]);
    await world.db.raw(`update external_mappings set lease_until = null`);
    await reachRest();
    await expectAgreement(world);
  });

  async function claimOne(): Promise<number | undefined> {
    const { claims } = await claimDue(world.db, {
      system: 'stripe',
      account: ACCOUNT,
      owner: 'test',
      now: world.clock.now(),
      leaseMs: 60_000,
      limit: 1,
      creates: 1,
      others: 1,
      echoes: 1,
      longest: 0,
    });
    return claims[0]?.id;
  }

  function limiter(monotonic?: () => number): Limiter {
    return createLimiter({
      db: world.db,
      system: 'stripe',
      account: ACCOUNT,
      rates: RATES,
      log: world.deps.log,
      ...(monotonic && { monotonic }),
    });
  }

  /** Buckets that do not fill by themselves during a test. */
  async function fill(tokens: Record<string, number>): Promise<void> {
    await world.db.raw(
      `insert into rate_buckets (system, account, endpoint, tokens, filled_at)
       select 'stripe', :account, key, value::float8, now() + interval '1 hour' from jsonb_each_text(:tokens::jsonb)
       on conflict (system, account, endpoint) do update set tokens = excluded.tokens, filled_at = excluded.filled_at`,
      { account: ACCOUNT, tokens: JSON.stringify(tokens) },
    );
  }

  async function tokensLeft(endpoint: string): Promise<number> {
    const { rows } = await world.db.raw<{ rows: { tokens: number }[] }>(
      `select tokens from rate_buckets where endpoint = :endpoint`,
      { endpoint },
    );
    return rows[0]?.tokens ?? NaN;
  }

  /** Runs lanes until nothing is left to do, over every back-off; tokens come in real time. */
  async function reachRest(...lanes: Lane[]): Promise<void> {
    await world.receive();
    const dirty = async (): Promise<number> =>
      (await world.db('external_mappings').whereRaw('dirty <> clean').count<{ count: number }[]>())[0]
        ?.count ?? 0;
    await Promise.all(
      (lanes.length > 0 ? lanes : [world.lane]).map(async (lane) => {
        while ((await dirty()) > 0) {
          if ((await lane.runOnce()) === 0) world.advance(1_000);
          await lane.drain();
        }
      }),
    );
  }
});
