import { claimMappings } from '../../db/mappings/claims.ts';
import { reconcile } from '../../lib/sync/reconcile.ts';
import type { Claim } from '../../lib/sync/step.ts';
import type { Scene } from './history-scene.ts';
import { expireLeases } from './sync-rows.ts';
import { startWorker, type Worker } from './workers.ts';

/**
 * The workers of a history: each goes from failpoint to failpoint, sleeps, dies, or continues too
 * late.
 */
export interface Crew {
  /**
   * One worker continues to its next pause, or a call that hung is executed after all, or loses its
   * client.
   */
  step(): Promise<void>;
  /** Every lease expires; its worker may not know it yet, or be dead. */
  loseLeases(): Promise<void>;
  /** A sleeping worker takes one more step. */
  wake(): Promise<void>;
  /**
   * No request is sent so long afterwards: a sleeping worker finds its time over, by a clock that
   * does not jump.
   */
  outlive(): void;
  /** Every call that hung is executed now: no request takes longer than that. */
  flush(): Promise<void>;
  /** All living workers finish their work. */
  finish(): Promise<void>;
}

/** A call that has arrived at the simulator and is held there. */
interface Hanging {
  call: string;
  worker: Worker;
  /** Its worker is dead, or has lost the connection: no client waits for the answer. */
  alone: boolean;
  /** Held before it is executed. */
  before: boolean;
}

const LEASE_MS = 60_000;
/**
 * How often a worker is stopped at a failpoint that each step passes, and at one that few steps
 * pass.
 */
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
/** A step that has not ended after so many pauses never ends. */
const MANY = 200;

export function createCrew({ world, chances, options, say, count }: Scene): Crew {
  const { db, clock, deps, simulator } = world;
  const { chance, pick, random } = chances;
  const size = options.workers ?? 2;
  const workers = Array.from({ length: size }, (): Worker | null => null);
  const sleepers: Worker[] = [];
  const claims: Claim[] = [];
  const hanging: Hanging[] = [];
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

  /**
   * Runs the worker to its next pause, unless its call hangs: then it is left there. Returns false
   * if it was left.
   */
  async function go(index: number, worker: Worker): Promise<boolean> {
    const { faults } = simulator;
    const held = faults.held().length;
    await Promise.race([worker.step(), faults.waitForHeld(held + 1)]);
    const call = faults.held()[held];
    if (!call) return true;
    // A read of a dead worker has no effect; a write has, whenever it arrives.
    const dies = call.method !== 'GET' && chance(0.4);
    say(`  worker ${index}: ${call.method} hangs at ${call.at}${dies ? ', and it dies' : ''}`);
    count(`hung ${call.method}${dies ? ' of one that died' : ''}`);
    hanging.push({ call: call.id, worker, alone: dies, before: call.at !== 'after' });
    if (dies || chance(0.7)) await expireLeases(db);
    return false;
  }

  /** The held call is executed, and answered if its client still waits. */
  async function release(one: Hanging): Promise<void> {
    hanging.splice(hanging.indexOf(one), 1);
    const after = simulator.ledger.entries({ source: 'api' }).at(-1)?.seq ?? 0;
    simulator.faults.release(one.call);
    if (one.before) await simulator.ledger.waitFor({ source: 'api', after });
    if (one.alone) return;
    await one.worker.arrive();
    comeBack(one.worker);
  }

  /**
   * The client loses the connection, and so does the SDK's own second try; the call is executed
   * later.
   */
  async function cut(one: Hanging): Promise<void> {
    one.alone = true;
    simulator.faults.add({ kind: 'reset', times: 1 });
    simulator.faults.hangUp(one.call);
    await one.worker.arrive();
    comeBack(one.worker);
  }

  function comeBack(worker: Worker): void {
    const free = workers.indexOf(null);
    if (free < 0) sleepers.push(worker);
    else workers[free] = worker;
  }

  async function late(): Promise<void> {
    const one = pick(hanging);
    if (!one) return;
    const lost = !one.alone && chance(0.5);
    say(`late: ${one.call} ${lost ? 'loses its client' : 'goes on'}`);
    count(lost ? 'hung call lost its client' : one.alone ? 'executed late' : 'answered late');
    await (lost ? cut(one) : release(one));
  }

  async function flush(): Promise<void> {
    for (let one = hanging[0]; one; one = hanging[0]) await release(one);
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
      if (hanging.length > 0 && chance(0.15)) return late();
      const index = place();
      const worker = (workers[index] ??= await take(index));
      if (!worker) return;
      if (!(await go(index, worker))) return void (workers[index] = null);
      say(`  worker ${index}: ${worker.done ? 'done' : worker.at}`);
      if (worker.done) workers[index] = null;
      else if (isStopped(worker.at)) await stop(index);
    },
    loseLeases: () => stop(place()),
    async wake() {
      const worker = pick(sleepers);
      if (worker && !(await go(-1, worker))) sleepers.splice(sleepers.indexOf(worker), 1);
    },
    flush,
    outlive() {
      for (const claim of claims) claim.deadline = 0;
    },
    async finish() {
      await flush();
      for (const worker of [...workers, ...sleepers])
        for (let n = 0; worker && !worker.done && n < MANY; n++) await worker.step();
      await expireLeases(db);
    },
  };
}
