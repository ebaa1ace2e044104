/**
 * One drain by one contestant, to see that it works and what its settings change:
 *
 *   node bench/contestants/try.ts pg-boss [--events 2000] [--warm-up 500]
 *
 * Starts an embedded PostgreSQL and a real Kafka, writes the events, starts the contestant, and reads back what it
 * published. One run says little about speed: `make bench` compares.
 */
import { parseArgs } from 'node:util';
import { drain } from '../world/drain.ts';
import { openPlace } from '../world/world.ts';
import { contestants } from './all.ts';
import type { Contestant } from './contestant.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    events: { type: 'string', default: '2000' },
    'warm-up': { type: 'string', default: '500' },
  },
});

async function tryIt(contestant: Contestant): Promise<void> {
  const place = await openPlace();
  try {
    const options = { warmUp: Number(values['warm-up']), count: Number(values.events), limitSeconds: 100 };
    const figures = await drain(place, contestant, options);
    console.log(contestant.about);
    console.log('all events there, each key in order');
    console.log(figures);
  } finally {
    await place.close();
  }
}

const name = positionals[0] ?? '';
const contestant = contestants.find((one) => one.name === name);
const reason = contestant
  ? await contestant.missing()
  : `it is none of ${contestants.map((one) => one.name).join(', ')}`;
if (contestant && reason === null) {
  await tryIt(contestant);
} else {
  console.error(`'${name}' cannot be tried: ${reason}`);
  process.exitCode = 1;
}
