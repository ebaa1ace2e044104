// API_WORKERS: several processes on one port. The first process only supervises the others: it
// starts a process again that has ended, and passes a stop on to all.
//
// A crash of the first process ends the others too: their channel to it closes, and Node ends them.
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { fullJitter } from '../lib/backoff.ts';
import { AppError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { sleep } from '../lib/loop.ts';
import { isReadySign } from '../lib/process/ready-sign.ts';
import type { Running, Start } from '../lib/process/run.ts';
import { startApi } from './start.ts';

/**
 * After this many failed starts in a row the cause is not chance, and the first process gives up.
 */
const GIVE_UP_AFTER = 5;

/** Starts as many API processes as API_WORKERS says. */
export const startApiProcesses: Start = async (context): Promise<Running> => {
  const { workers } = context.config.api;
  if (cluster.isWorker || workers === 1) return startApi(context);
  const failure = Promise.withResolvers<Error>();
  const stopping = new AbortController();
  const places = Array.from({ length: workers }, () => createPlace(context.log, stopping.signal));
  await Promise.all(places.map((place) => place.fill()));
  for (const place of places) void place.keepFilled().catch(failure.resolve);
  return {
    facts: { workers },
    failed: failure.promise,
    async stop() {
      stopping.abort();
      await Promise.all(places.map((place) => place.empty()));
    },
  };
};

function createPlace(log: Logger, stopping: AbortSignal) {
  let worker: Worker | null = null;

  /** Resolves once the new process serves requests; throws if that process ended before. */
  async function fill(): Promise<void> {
    const started = cluster.fork();
    worker = started;
    const ready = new Promise<void>((resolve) =>
      started.on('message', (message: unknown) => {
        if (isReadySign(message)) resolve();
      }),
    );
    const ended = once(started, 'exit').then(([code, signal]) => {
      throw new AppError('process_ended', {
        detail: `a process of the API ended while it started (${String(signal ?? code)}); its output is above`,
      });
    });
    await Promise.race([ready, ended]);
  }

  async function keepFilled(): Promise<void> {
    // Read again after each wait: the value changes meanwhile, which the type checker does not see.
    const isStopped = (): boolean => stopping.aborted;
    while (!isStopped()) {
      const present = worker;
      if (present && !present.isDead()) await once(present, 'exit');
      if (isStopped()) return;
      log.error('api.process_ended', { pid: present?.process.pid, status: present?.process.exitCode });
      await refill();
    }
  }

  async function refill(): Promise<void> {
    for (let failures = 1; !stopping.aborted; failures += 1) {
      try {
        return await fill();
      } catch (error) {
        if (failures >= GIVE_UP_AFTER) throw error;
        await sleep(fullJitter(failures, { baseMs: 500, capMs: 5_000 }), stopping);
      }
    }
  }

  async function empty(): Promise<void> {
    if (!worker || worker.isDead()) return;
    const ended = once(worker, 'exit');
    worker.process.kill('SIGTERM');
    await ended;
  }

  return { fill, keepFilled, empty };
}
