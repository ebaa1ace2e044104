// Whether a transaction that stays open, as a report or a forgotten session leaves it, makes a drain slower.
import pg from 'pg';
import type { World } from '../contestants/contestant.ts';
import { compareDrains } from '../world/ours.ts';
import type { Measure } from './measure.ts';

export const measure: Measure = {
  name: 'relay-pinned-xmin',
  about: 'a drain beside a transaction that holds the oldest transaction id, compared with one without',
  async run(size) {
    const usual = size.full ? { warmUp: 30_000, count: 200_000 } : { warmUp: 10_000, count: 40_000 };
    const options = { warmUp: usual.warmUp * size.share, count: usual.count * size.share, limitSeconds: 60 };
    const findings = await compareDrains(
      {
        id: 'drain with a pinned xmin ÷ without',
        plain: { name: 'without a pinned xmin', options },
        other: { name: 'with a pinned xmin', options: { ...options, beside: pinOldest } },
      },
      size,
    );
    return { findings };
  },
};

/** Older than every event of the backlog, and open until the drain has ended. */
async function pinOldest({ databaseUrl }: World): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('begin isolation level repeatable read');
  await client.query('select pg_current_xact_id()');
  return async () => {
    await client.query('rollback');
    await client.end();
  };
}
