/**
 * How much memory the relay takes while it drains the backlog that the goal names, and what that consists of. Only if
 * it is named, or in a full run: a million events take three minutes to write and to publish.
 */
import { contestant } from '../contestants/twinbox.ts';
import type { Running, World } from '../contestants/contestant.ts';
import { memoryParts, type MemoryParts } from '../cpu.ts';
import { drain } from '../world/drain.ts';
import { openPlace } from '../world/world.ts';
import { plain } from '../report/result.ts';
import type { Measure } from './measure.ts';

const EVERY_MS = 500;

export const measure: Measure = {
  name: 'relay-memory',
  about: 'the memory of a relay that drains 10⁶ events',
  onlyFull: true,
  async run({ share }) {
    const place = await openPlace();
    const most = watchMost();
    const watched = {
      ...contestant,
      start: async (world: World) => most.watch(await contestant.start(world)),
    };
    try {
      const size = { warmUp: 10_000 * share, count: 990_000 * share, limitSeconds: 300 };
      const { peakMb, perSecond } = await drain(place, watched, size);
      const beside = `a backlog of ${(1_000_000 * share).toLocaleString('en')}, ${plain(perSecond)} a second`;
      const why = describe(most.parts());
      return { findings: [{ id: 'relay memory when draining', unit: 'MB', value: peakMb, beside, why }] };
    } finally {
      most.stop();
      await place.close();
    }
  },
};

/** Keeps what the process consisted of when it was largest. */
function watchMost() {
  let most: MemoryParts = { program: 0, v8: 0, allocated: 0, other: 0 };
  let timer: NodeJS.Timeout | undefined;
  const sum = ({ program, v8, allocated, other }: MemoryParts) => program + v8 + allocated + other;
  return {
    watch(running: Running): Running {
      const look = async () => {
        const now = await memoryParts(running.pid);
        if (sum(now) > sum(most)) most = now;
      };
      timer = setInterval(() => void look(), EVERY_MS);
      return running;
    },
    parts: () => most,
    stop: () => clearInterval(timer),
  };
}

function describe({ program, v8, allocated, other }: MemoryParts): string {
  return `when the process was largest, ${plain(program)} MB were the pages of Node’s own program, ${plain(v8)} MB memory that V8 and threads had asked for, ${plain(allocated)} MB the heap of malloc and ${plain(other)} MB libraries`;
}
