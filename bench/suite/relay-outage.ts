// What a broker that does not answer costs: how long after it the relay is behind, its memory, and what it repeats.
import pg from 'pg';
import { sleep } from '../../lib/loop.ts';
import { contestant } from '../contestants/twinbox.ts';
import { peakMegabytes } from '../cpu.ts';
import { openLoop, type Send } from '../world/open-loop.ts';
import { readBack } from '../world/topic.ts';
import { openPlace, type Place } from '../world/world.ts';
import type { Measure, Size } from './measure.ts';

export const measure: Measure = {
  name: 'relay-outage',
  about: 'the broker is frozen while events are written: time to catch up, memory, repeated events',
  run: async (size) => {
    const place = await openPlace();
    try {
      return { findings: [...(await outage(place, size))] };
    } finally {
      place.broker.thaw();
      await place.close();
    }
  },
};

/** An event that takes longer shows that the relay is behind. */
const BEHIND_MS = 250;
const LEAD_IN = 3;

async function outage(place: Place, { full, share }: Size) {
  const rate = full ? 500 : 200;
  const frozen = (full ? 60 : 10) * share;
  const world = await place.newWorld('outage');
  await contestant.prepare(world);
  const pool = new pg.Pool({ connectionString: world.databaseUrl, max: 8 });
  const send: Send = async ({ eventId, key, version, payload }) => {
    const values = [eventId, key, String(version), payload];
    await pool.query({ name: 'insert', text: contestant.insertSql, values });
    return performance.timeOrigin + performance.now();
  };
  const running = await contestant.start(world);
  try {
    const writing = openLoop({ rate, seconds: LEAD_IN + frozen + (full ? 30 : 15), from: 0 }, send);
    await sleep(LEAD_IN * 1_000);
    const usualMb = await peakMegabytes(running.pid);
    place.broker.freeze();
    await sleep(frozen * 1_000);
    place.broker.thaw();
    const thawed = performance.timeOrigin + performance.now();
    const { count, moments } = await writing;
    await sleep(2_000);
    const peakMb = await peakMegabytes(running.pid);
    const { missing, disordered, repeated, appended } = await readBack(place.kafka, world.topic, count);
    if (missing > 0 || disordered > 0)
      throw new Error(`*** of ${count} events ${missing} are missing and ${disordered} out of order ***`);
    const late = [...moments]
      .filter(([n, at]) => (appended.get(n) ?? Infinity) - at > BEHIND_MS)
      .map(([n]) => appended.get(n) ?? Infinity);
    const caughtUp = Math.max(0, ...late.map((at) => at - thawed));
    const beside = `${frozen} s without a broker at ${rate} events per second`;
    return [
      { id: 'catch-up after an outage', unit: 'ms', value: caughtUp, beside },
      { id: 'events repeated by an outage', unit: 'count', value: repeated, beside },
      {
        id: 'relay memory in an outage',
        unit: 'MB',
        value: peakMb,
        beside: `before it: ${usualMb.toFixed(0)} MB`,
      },
    ] as const;
  } finally {
    await running.stop();
    await pool.end();
  }
}
