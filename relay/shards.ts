// The relay of a process: it publishes the events of its share of the shards (db/relay/shards.ts), with a relay for
// each of them.
//
// Guarantees: one process at a time publishes a shard. The lease and the fence of each shard see to that (relay.ts);
// nothing here has to be right for it. With one shard every process has one relay, which publishes or stands by. With
// more of them, the processes share them: each takes a seat, which is a lease too. The number of seats that are held
// and the place of its own among them tell a process its share. It starts relays for shards that are free, and stops
// those beyond its share: of four shards two processes have two each, and when one of them dies, its seat and its
// leases run out, and the other has four.
//
// A crash leaves a seat and leases that run out. A process that holds a seat and is stuck keeps others from its
// shards only as long as an active relay that is stuck keeps a standby from its lease.
import { readSecondsBehind } from '../db/relay/lag.ts';
import { leaseOf, readHeld, seatOf } from '../db/relay/shards.ts';
import { fullJitter } from '../lib/backoff.ts';
import { createLease, type Lease } from '../lib/lease.ts';
import { runLoop, type Loop } from '../lib/loop.ts';
import type { Relay, RelayDeps } from './contract.ts';
import { createRelay } from './relay.ts';
import { ShardsChanged } from './shards-changed.ts';

export type Relays = Omit<Relay, 'runOnce'> & {
  /** The shards that this process publishes now. */
  active(): number[];
};

/** So often in the length of a lease, a process looks at what the others have. */
const LOOKS = 10;

export function createRelays(deps: Omit<RelayDeps, 'shard'>): Relays {
  const { db, clock, log, leaseMs = 5_000, monotonic } = deps;
  const stopping = new AbortController();
  const running = new Map<number, Relay>();
  let shards = 1;
  let seat: { number: number; lease: Lease } | null = null;
  let loop: Loop | null = null;
  let failure: Error | null = null;

  /** It runs out by itself. */
  const noteUnreleased = (error: unknown) => log.warn('relay.lease_not_released', { error });

  /** Ends when the relay is stopped; a relay that cannot go on ends the whole. */
  async function begin(shard: number): Promise<void> {
    const relay = createRelay({ ...deps, shard: { shard, shards } });
    running.set(shard, relay);
    await relay.start();
  }

  async function end(shard: number): Promise<void> {
    const relay = running.get(shard);
    running.delete(shard);
    await relay?.stop().catch(noteUnreleased);
  }

  const endAll = async (): Promise<void> => {
    await Promise.all([...running.keys()].map(end));
    await leaveSeat();
  };

  async function takeSeat(held: ReadonlySet<string>): Promise<number | null> {
    if (seat?.lease.isHeld() === true) return seat.number;
    seat = null;
    const number = Array.from({ length: shards }, (_, n) => n).find((n) => !held.has(seatOf(n)));
    if (number === undefined) return null;
    const lease = createLease({
      ...{ db, name: seatOf(number), lengthMs: leaseMs, ...(monotonic && { monotonic }) },
      onError: (error) => log.warn('relay.lease_not_renewed', { error }),
    });
    if ((await lease.take()) === null) return null;
    seat = { number, lease };
    return number;
  }

  async function leaveSeat(): Promise<void> {
    const left = seat;
    seat = null;
    await left?.lease.release().catch(noteUnreleased);
  }

  /** Compares what this process has with its share. */
  async function look(): Promise<number> {
    if (failure !== null) throw failure;
    const { shards: inForce, names } = await readHeld(db, shards);
    if (inForce !== shards) throw new ShardsChanged(inForce);
    const held = new Set(names);
    const mine = await takeSeat(held);
    if (mine !== null) held.add(seatOf(mine));
    const share = mine === null ? 0 : shareOf(mine, { shards, held });
    for (const [shard, relay] of running)
      if (!relay.isActive() && held.has(leaseOf({ shard, shards }))) await end(shard);
    for (const shard of [...running.keys()].slice(share)) await end(shard);
    // Processes that look at the same moment begin at different ends.
    const free = Array.from({ length: shards }, (_, n) => (n + (mine ?? 0) * share) % shards).filter(
      (shard) => !running.has(shard) && !held.has(leaseOf({ shard, shards })),
    );
    for (const shard of free.slice(0, share - running.size)) {
      begin(shard).catch((error: unknown) => {
        failure ??= error instanceof Error ? error : new Error(String(error));
        loop?.wake();
      });
    }
    return 0;
  }

  async function sharePublishing(): Promise<void> {
    failure = null;
    const restMs = leaseMs / LOOKS;
    loop = runLoop(look, {
      ...{ idleMs: restMs, busyMs: restMs, signal: stopping.signal },
      backoffMs: (failures) => fullJitter(failures, { baseMs: 50, capMs: 2_000 }),
      onError(error, failures) {
        if (error === failure || error instanceof ShardsChanged) throw error;
        log.warn('relay.failed', { error, failures });
      },
    });
    await loop.done;
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await (shards === 1 ? begin(0) : sharePublishing());
      } catch (error) {
        if (!(error instanceof ShardsChanged)) throw error;
        log.info('relay.divided', { shards: error.shards });
        shards = error.shards;
      } finally {
        await endAll();
      }
    }
  }

  let started: Promise<void> | null = null;
  return {
    start: () => (started ??= run()),
    nudge() {
      for (const relay of running.values()) relay.nudge();
    },
    async stop() {
      stopping.abort();
      await endAll();
      // The caller of start() gets the error.
      await started?.catch(() => undefined);
    },
    isActive: () => [...running.values()].some((relay) => relay.isActive()),
    active: () => [...running].filter(([, relay]) => relay.isActive()).map(([shard]) => shard),
    secondsBehind: () => readSecondsBehind(db, clock.now()),
  };
}

/** How many of the shards belong to the process on this seat. The first seats have one more if it does not work out even. */
export function shareOf(
  seat: number,
  { shards, held }: { shards: number; held: ReadonlySet<string> },
): number {
  const seats = Array.from({ length: shards }, (_, n) => n).filter((n) => held.has(seatOf(n)));
  return Math.floor(shards / seats.length) + (seats.indexOf(seat) < shards % seats.length ? 1 : 0);
}
