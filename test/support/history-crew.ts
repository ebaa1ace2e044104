import { claimMappings } from '../../db/claims.ts';
import { reconcile } from '../../lib/sync/reconcile.ts';
import type { Claim } from '../../lib/sync/step.ts';
import type { Scene } from './history.ts';
import { expireLeases } from './sync-rows.ts';
import { startWorker, type Worker } from './workers.ts';

/** The workers of a history: each goes from failpoint to failpoint, sleeps, dies, wakes up too late. */
export interface Crew {
  step(): Promise<void>;
  /** Every lease is over; a worker may not know it yet, or be dead. */
  loseLeases(): Promise<void>;
  /** One that sleeps goes on for a step. */
  wake(): Promise<void>;
  /** No request is sent so much later: whoever slept finds its time over, by a clock that no jump moves. */
  outlive(): void;
  /** All that live come to their end. */
  finish(): Promise<void>;
}

const LEASE_MS = 60_000;
/** How often a worker is stopped at a place that each step passes, and at one that few steps come to. */
const USUAL = 0.03;
const SELDOM = 0.4;
const OFTEN_PASSED = [
  'reconcile.loaded',
  'adopt.read',
  'intent.stored',
  'intent.before-send',
  'intent.answered',
  'settle.',
];
/** A step that has not ended after so many pauses does not end. */
const MANY = 200;

export function createCrew({ world, chances, options, say, count }: Scene): Crew {
  const { db, clock, deps, simulator } = world;
  const { chance, pick, random } = chances;
  const size = options.workers ?? 2;
  const workers = Array.from({ length: size }, (): Worker | null => null);
  const sleepers: Worker[] = [];
  const claims: Claim[] = [];
  const place = (): number => Math.floor(random() * size);

  const isStopped = (at: string): boolean =>
    chance(OFTEN_PASSED.some((often) => at.startsWith(often)) ? USUAL : SELDOM);

  async function stop(index: number): Promise<void> {
    await expireLeases(db);
    const worker = workers[index];
    if (!worker) return;
    workers[index] = null;
    const dies = chance(0.5);
    say(`  worker ${index} ${dies ? 'dies' : 'sleeps'} at ${worker.at}`);
    count(`${dies ? 'died' : 'slept'} at ${worker.at}`);
    if (!dies) sleepers.push(worker);
  }

  async function take(index: number): Promise<Worker | null> {
    const [claim] = await claimMappings(db, {
      system: deps.integration.system,
      account: simulator.keys.defaultAccount(),
      owner: `worker ${index}`,
      now: clock.now(),
      leaseMs: LEASE_MS,
      limit: 1,
    });
    if (!claim) return null;
    say(`  worker ${index}: takes mapping ${claim.id}`);
    const taken = { ...claim, deadline: performance.now() + LEASE_MS };
    claims.push(taken);
    if (index === 2) count('third worker at work');
    return startWorker(
      () => reconcile(deps, taken),
      (at) => {
        const dies = isStopped(at);
        if (dies) {
          say(`  worker ${index}: dies at ${at}`);
          count(`died at ${at}`);
        }
        return dies;
      },
    );
  }

  return {
    async step() {
      const index = place();
      const worker = (workers[index] ??= await take(index));
      if (!worker) return;
      await worker.step();
      say(`  worker ${index}: ${worker.done ? 'done' : worker.at}`);
      if (worker.done) workers[index] = null;
      else if (isStopped(worker.at)) await stop(index);
    },
    loseLeases: () => stop(place()),
    async wake() {
      await pick(sleepers)?.step();
    },
    outlive() {
      for (const claim of claims) claim.deadline = 0;
    },
    async finish() {
      for (const worker of [...workers, ...sleepers])
        for (let n = 0; worker && !worker.done && n < MANY; n++) await worker.step();
      await expireLeases(db);
    },
  };
}
