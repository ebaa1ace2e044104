// Finds a consumer that is alive, has messages waiting, and does nothing: this has been seen often
// (https://github.com/tulios/kafkajs/issues/659), and nothing else would report it.
import type { ClusterAdmin } from './admin.ts';
import type { KafkaLog } from './client.ts';
import { describeFault } from './faults.ts';
import { readProgress } from './progress.ts';
import type { Reader } from './reader.ts';

export type Watched = { topic: string; group: string; reader: Reader };

export type WatchdogOptions = {
  cluster: ClusterAdmin;
  log: KafkaLog;
  /** The longest time without a handler beginning or ending while messages wait. */
  stallMs: number;
  onStall: (error: Error) => void;
};

export type Watchdog = {
  watch(one: Watched): () => void;
  /** One check of all consumers; also runs by itself. */
  look(): Promise<void>;
  stop(): void;
};

export function createWatchdog({ cluster, log, stallMs, onStall }: WatchdogOptions): Watchdog {
  const watched = new Set<Watched>();
  /** When each consumer was last seen to have nothing to do, or could not be checked. */
  const excused = new Map<Watched, number>();
  let looking = false;

  async function look(): Promise<void> {
    if (looking) return;
    looking = true;
    try {
      for (const one of watched) await lookAt(one);
    } finally {
      looking = false;
    }
  }

  async function lookAt(one: Watched): Promise<void> {
    const quiet = performance.now() - Math.max(one.reader.lastSign(), excused.get(one) ?? -Infinity);
    if (quiet < stallMs) return;
    const lag = await lagOf(one).catch((error: unknown) => {
      // While the broker is away the lag is unknown, and the consumer is not the cause.
      log.debug('kafka.watchdog', { why: describeFault(error) });
      return 0;
    });
    if (lag === 0) return void excused.set(one, performance.now());
    const { topic, group } = one;
    onStall(
      new Error(
        `${group} has messages of ${topic} waiting (${lag}) and has done nothing for ${Math.round(quiet / 1000)} s`,
      ),
    );
  }

  /**
   * The number of messages after the group's offset, in the partitions assigned to this member; in
   * all partitions while it is in no group.
   */
  async function lagOf({ topic, group, reader }: Watched): Promise<number> {
    const mine = reader.assigned();
    return (await readProgress(cluster, topic, group))
      .filter(({ partition }) => mine === null || mine.includes(partition))
      .map(({ next, low, high }) => high - Math.max(low, next))
      .reduce((sum, lag) => sum + Math.max(0, lag), 0);
  }

  const timer = setInterval(() => void look(), Math.max(50, stallMs / 4));
  timer.unref();
  return {
    watch(one) {
      watched.add(one);
      excused.set(one, performance.now());
      return () => {
        watched.delete(one);
        excused.delete(one);
      };
    },
    look,
    stop: () => clearInterval(timer),
  };
}
