// What the measurements of our relay alone share: its name in the tables, and its drains in two situations.
import { contestant } from '../contestants/twinbox.ts';
import { isMissed } from '../suite/goals.ts';
import type { Finding, Size } from '../suite/measure.ts';
import { drain, type Drain, type DrainOptions } from './drain.ts';
import { profileOurs } from './profile.ts';
import { inTurns, median, ratioOf, spreadOf } from './rounds.ts';
import { openPlace } from './world.ts';

export type Situation = { name: string; options: DrainOptions };

export type Compared = { id: string; plain: Situation; other: Situation };

/** How much slower a drain is in another situation than in the plain one, and whether it costs more CPU. */
export async function compareDrains({ id, plain, other }: Compared, { rounds }: Size): Promise<Finding[]> {
  const place = await openPlace();
  try {
    const trials = await inTurns([plain.name, other.name], rounds, (name) =>
      drain(place, contestant, name === plain.name ? plain.options : other.options),
    );
    const of = (name: string, figure: Exclude<keyof Drain, 'cut'>) =>
      (trials.get(name) ?? []).map((trial) => trial[figure]);
    const [rate, before] = [of(other.name, 'perSecond'), of(plain.name, 'perSecond')];
    const beside = `${plain.name}: ${Math.round(median(before)).toLocaleString('en')} per second`;
    const cpu = ratioOf(of(other.name, 'relayCpu'), of(plain.name, 'relayCpu'));
    const postgres = ratioOf(of(other.name, 'postgresCpu'), of(plain.name, 'postgresCpu'));
    const ratio: Finding = { id, unit: 'ratio', ...ratioOf(rate, before), beside };
    if (isMissed(ratio)) {
      const top = await profileOurs((profiled) => drain(place, profiled, other.options));
      const postgresCpu = [other.name, plain.name].map((name) => median(of(name, 'postgresCpu')).toFixed(1));
      ratio.why =
        `PostgreSQL takes ${postgresCpu.join(' µs for each event, and without it ')} µs; ` +
        `the relay’s own processor, ${other.name}: ${top}`;
    }
    return [
      ratio,
      { id: `drain ${other.name}`, unit: 'per second', ...spreadOf(rate) },
      { id: `relay CPU ${other.name} ÷ ${plain.name}`, unit: 'ratio', ...cpu },
      { id: `Postgres CPU ${other.name} ÷ ${plain.name}`, unit: 'ratio', ...postgres },
    ];
  } finally {
    await place.close();
  }
}
