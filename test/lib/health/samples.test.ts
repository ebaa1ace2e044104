import { expect } from 'chai';
import { readSamples } from '../../../db/health/samples.ts';
import { takeLease } from '../../../db/leases.ts';
import { enableFailpoint } from '../../../lib/failpoint.ts';
import { addUp, timesOf } from '../../../lib/health/histogram.ts';
import { createSampler, KEPT_MINUTES, type SamplerDeps } from '../../../lib/health/samples.ts';
import { linkedPair, useTwoWay } from '../../support/two-way.ts';

const MINUTE = 60_000;

describe('the samples of minutes', () => {
  const world = useTwoWay();
  const sampler = (lag: SamplerDeps['lag'] = () => Promise.resolve(null)) =>
    createSampler({
      ...{ db: world.db, clock: world.clock, log: world.deps.log, lag },
      systems: [{ system: 'stripe', rate: 10 }],
    });
  const all = () => readSamples(world.db, new Date(0));
  /** To some seconds after the end of the present minute. */
  function endMinute(): Date {
    const began = Math.floor(world.clock.now().getTime() / MINUTE) * MINUTE;
    world.advance(began + MINUTE + 3_000 - world.clock.now().getTime());
    return new Date(began);
  }

  it('have what was settled and called in a minute, whenever it was written, and what waited at its end', async () => {
    const { id } = await linkedPair(world);
    await world.update(id, { name: 'Late' });
    endMinute();
    await sampler().runOnce();
    world.advance(10 * MINUTE);
    await world.rest();
    const minute = endMinute();
    expect(await sampler(() => Promise.resolve(7)).runOnce()).to.equal(true);
    const sample = (await all()).at(-1);
    expect(sample?.minute).to.deep.equal(minute);
    const [outbound, inbound] = sample?.lanes ?? [];
    expect(outbound).to.include({ system: 'stripe', direction: 'outbound', settled: 1, applied: 1, lag: 7 });
    // The update waited for ten minutes, and a bucket is true to a twentieth.
    const { count, p50 } = timesOf(outbound?.stages.whole ?? {});
    expect(count).to.equal(1);
    expect(p50).to.be.within(9.5 * MINUTE, 12 * MINUTE);
    // The echo of the update, which changed nothing.
    expect(inbound).to.include({ direction: 'inbound', applied: 0 });
    expect(sample?.calls[0]).to.deep.include({ system: 'stripe', failed: 0, throttled: 0 });
    expect(sample?.calls[0]?.calls).to.be.greaterThan(0);
    expect(sample?.oldest_unsent).to.be.a('number');
  });

  it('are taken once, by one process at a time, and not before a minute has ended', async () => {
    endMinute();
    const [one, other] = [sampler(), sampler()];
    const took = await Promise.all([one.runOnce(), other.runOnce()]);
    expect(took.filter(Boolean).length).to.be.within(1, 2);
    expect(await one.runOnce()).to.equal(false);
    world.advance(50_000);
    expect(await other.runOnce()).to.equal(false);
    expect(await all()).to.have.length(1);
  });

  it('stay missing of a minute in which the process died that had begun it', async () => {
    const missed = endMinute();
    const ended = enableFailpoint('samples.before-save', 'throw');
    try {
      const died = await sampler()
        .runOnce()
        .catch(() => 'died');
      expect(died).to.equal('died');
    } finally {
      ended();
    }
    // Its lease stands until it ends by itself: the others do not take the minute meanwhile.
    await takeLease(world.db, { name: 'samples', owner: 'a process that died', lengthMs: MINUTE });
    expect(await sampler().runOnce()).to.equal(false);
    await world.db('leases').where({ name: 'samples' }).del();
    const next = endMinute();
    expect(await sampler().runOnce()).to.equal(true);
    expect((await all()).map(({ minute }) => minute)).to.deep.equal([next]);
    expect(next.getTime() - missed.getTime()).to.equal(MINUTE);
  });

  it('have no lag where the bus does not answer, and keep a little more than an hour', async () => {
    for (let minutes = 0; minutes < KEPT_MINUTES + 5; minutes += 1) {
      endMinute();
      await sampler(() => Promise.reject(new Error('Kafka is away'))).runOnce();
    }
    const kept = await all();
    expect(kept).to.have.length(KEPT_MINUTES);
    expect(kept.at(-1)?.lanes.map(({ lag }) => lag)).to.deep.equal([null, null]);
  });
});

describe('percentiles of histograms', () => {
  it('are those of all minutes together, true to a twentieth', () => {
    const times = Array.from({ length: 1_000 }, (_, at) => at + 1);
    const minutes = [times.slice(0, 990), times.slice(990)].map((some) => {
      const histogram: Record<string, number> = {};
      for (const ms of some) {
        const bucket = Math.floor(Math.log(ms) / Math.log(1.1));
        histogram[bucket] = (histogram[bucket] ?? 0) + 1;
      }
      return histogram;
    });
    const { count, p50, p99 } = timesOf(addUp(minutes));
    expect(count).to.equal(1_000);
    expect(p50).to.be.within(500 * 0.95, 500 * 1.05);
    expect(p99).to.be.within(990 * 0.95, 990 * 1.05);
    expect(timesOf({})).to.deep.equal({ count: 0, p50: null, p99: null });
  });
});
