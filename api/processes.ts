// API_WORKERS: several processes on one port. The first one only minds the others: it starts one
// anew that ended, and hands a stop on.
//
// A crash of the first one ends the others with it: their channel to it closes, and Node ends them.
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { fullJitter } from '../lib/backoff.ts';
import { AppError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { sleep } from '../lib/loop.ts';
import { isReadySign } from '../lib/process/ready-sign.ts';
import type { Running, Start } from '../lib/process/run.ts';
import { startApi } from './start.ts';

/** After so many starts in a row that came to nothing it is not chance. */
const GIVE_UP_AFTER = 5;

/** The API in as many processes as API_WORKERS says. */
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

  /** Resolves once a process in this place serves; throws if it ended before. */
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
        detail: `a process of the API ended while it started (${String(signal ?? code)}); what it said is above`,
      });
    });
    await Promise.race([ready, ended]);
  }

  async function keepFilled(): Promise<void> {
    // Asked anew after each wait: it changes meanwhile, which the type checker does not see.
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
