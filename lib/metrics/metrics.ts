// The metrics of one process: what it counts, and what a scrape reads. The embedded form has one for
// all its roles.
import { readPoolCounts } from '../../db/server/pool-counts.ts';
import type { Db } from '../../db/server/connection.ts';
import type { Measures } from '../measures.ts';
import type { LaneSettings } from '../operations/lane-list.ts';
import { createMeasures } from './measures.ts';
import { createMeter } from './registry.ts';
import {
  keepFreshest,
  readProgress,
  readSample,
  showProgress,
  showSample,
  type Freshest,
  type Progress,
  type Sample,
  type Subscribed,
} from './samples.ts';

export interface Metrics {
  measures: Measures;
  /** From now on a scrape also reads this database. */
  watch(db: Db, settings: readonly LaneSettings[]): void;
  /** From now on a scrape also shows how far these groups are. */
  watchBus(subscribed: Subscribed): void;
  scrape(): Promise<Scrape>;
}

export interface Scrape {
  contentType: string;
  text: string;
}

export type Scraper = Pick<Metrics, 'scrape'>['scrape'];

export function createMetrics(systems: readonly string[]): Metrics {
  const meter = createMeter(systems);
  let pool: Db | null = null;
  let database: Freshest<Sample> | null = null;
  let progress: Freshest<Progress> | null = null;

  function showPool(): void {
    if (!pool) return;
    const { inUse, idle, waiting } = readPoolCounts(pool);
    meter.set('pg_pool_in_use', {}, inUse);
    meter.set('pg_pool_idle', {}, idle);
    meter.set('pg_pool_waiting', {}, waiting);
  }

  async function show(): Promise<Scrape> {
    const [sample, far] = await Promise.all([database?.get(), progress?.get()]);
    if (sample !== undefined) showSample(meter, sample);
    if (far !== undefined) showProgress(meter, far);
    showPool();
    return { contentType: meter.contentType, text: await meter.text() };
  }
  /** One scrape at a time: one replaces what another one prints. */
  let turn: Promise<unknown> = Promise.resolve();

  return {
    measures: createMeasures(meter, systems),
    watch(db, settings) {
      pool = db;
      database = keepFreshest(() => readSample(db, settings));
    },
    watchBus(subscribed) {
      progress = keepFreshest(() => readProgress(subscribed));
    },
    scrape() {
      const shown = turn.then(show, show);
      turn = shown;
      return shown;
    },
  };
}
