import { expect } from 'chai';
import { createMetrics } from '../../../lib/metrics/metrics.ts';
import { keepFreshest, readSample, showSample } from '../../../lib/metrics/samples.ts';
import { createMeter } from '../../../lib/metrics/registry.ts';
import { isSampled, metricNames } from '../../../lib/metrics/declarations.ts';
import { useDatabase } from '../../support/database.ts';
import { parseMetrics } from '../../support/exposition.ts';
import { createDb } from '../../../db/server/connection.ts';

const settings = [{ system: 'stripe', writes: true, pulls: true }];

describe('a scrape', () => {
  const database = useDatabase();

  it('shows what the database says, and whether it could be asked', async () => {
    const metrics = createMetrics(['stripe']);
    metrics.watch(database.db, settings);
    const { text } = await metrics.scrape();
    const names = new Set(parseMetrics(text).map(({ name }) => name));
    expect(names).to.include('sync_outbox_oldest_unpublished_seconds').and.include('sync_lane_state');
    expect(text).to.include('sync_scrape_problem{part="database"} 0');
  });

  it('leaves out what it cannot read, says so, and does not wait for a database that is away', async () => {
    const away = createDb({
      url: 'postgresql://twinbox@127.0.0.1:1/away',
      poolSize: 2,
      applicationName: 'test',
    });
    try {
      const metrics = createMetrics(['stripe']);
      metrics.watch(away, settings);
      const begun = performance.now();
      const { text } = await metrics.scrape();
      expect(performance.now() - begun).to.be.below(1_000);
      expect(text).to.include('sync_scrape_problem{part="database"} 1');
      const shown = parseMetrics(text).map(({ name }) => name);
      expect(metricNames.filter((name) => isSampled(name) && shown.includes(name))).to.deep.equal([]);
    } finally {
      await away.destroy();
    }
  });

  it('shows no figure of an earlier sample', async () => {
    const meter = createMeter(['stripe'], { processMetrics: false });
    showSample(meter, await readSample(database.db, settings));
    showSample(meter, null);
    const shown = parseMetrics(await meter.text()).map(({ name }) => name);
    expect(metricNames.filter((name) => isSampled(name) && shown.includes(name))).to.deep.equal([]);
  });
});

describe('the freshest answer', () => {
  it('is asked for once for scrapes that come together, and grows too old in a minute', async () => {
    let now = 0;
    let asked = 0;
    const fails = { now: false };
    const freshest = keepFreshest(
      () => {
        asked += 1;
        return fails.now ? Promise.reject(new Error('away')) : Promise.resolve(asked);
      },
      () => now,
    );
    expect(await Promise.all([freshest.get(), freshest.get()])).to.deep.equal([1, 1]);
    now = 1_999;
    expect(await freshest.get()).to.equal(1);
    fails.now = true;
    now = 30_000;
    expect(await freshest.get()).to.equal(1);
    now = 60_000;
    expect(await freshest.get()).to.equal(null);
    expect(asked).to.equal(3);
  });
});
