import { expect } from 'chai';
import { changeShards, seatOf } from '../../db/relay/shards.ts';
import { shareOf, type Relays } from '../../relay/shards.ts';
import type { RelayDeps } from '../../relay/contract.ts';
import { waitUntil } from '../support/signal.ts';
import { relaysOn, withWorld, writeEvent, type World } from './world.ts';

const LEASE_MS = 600;

/** Several processes, as far as the relay can tell. */
async function withProcesses(
  firstShards: number,
  work: (world: World, start: (options?: Partial<RelayDeps>) => Relays) => Promise<void>,
): Promise<void> {
  await withWorld(async (world) => {
    const started: Relays[] = [];
    const start = (options: Partial<RelayDeps> = {}) => {
      const relays = relaysOn(world.db, world.arrivals.bus, {
        ...{ firstShards, leaseMs: LEASE_MS, idleMs: 20 },
        ...options,
      });
      started.push(relays);
      relays.start().catch(() => undefined);
      return relays;
    };
    try {
      await work(world, start);
    } finally {
      for (const each of started) await each.stop();
    }
  });
}

const until = (what: string, condition: () => boolean) => waitUntil(condition, { timeoutMs: 30_000, what });

/** All shards are published, by as many in each process. */
const untilShared = (...processes: [Relays, number][]) =>
  until(processes.map(([, count]) => count).join(' and '), () =>
    processes.every(([relays, count]) => relays.active().length === count),
  );

async function expectToArrive({ db, arrivals }: World): Promise<void> {
  const ids: number[] = [];
  for (let key = 1; key <= 12; key += 1) ids.push(await writeEvent(db, { key: `customer:${key}` }));
  await until('all events', () => ids.every((id) => arrivals.ids().includes(id)));
}

describe('processes that share the shards', () => {
  it('have two each of four, all of them when the other one has stopped or is gone, and one or two when they are three', () =>
    withProcesses(4, async (world, start) => {
      const one = start();
      await untilShared([one, 4]);
      const two = start();
      await untilShared([one, 2], [two, 2]);
      await expectToArrive(world);
      const three = start();
      await untilShared([one, 2], [two, 1], [three, 1]);
      await one.stop();
      await untilShared([two, 2], [three, 2]);
      await two.stop();
      await untilShared([three, 4]);
      await expectToArrive(world);
    }));

  it('leave shards and seats of a dead process until they run out, and take them then', () =>
    withProcesses(4, async (world, start) => {
      await untilShared([start(), 4]);
      await world.db.raw(`
        update leases set owner = 'dead', fence = fence + 1, until = clock_timestamp() + interval '1 second'
        where name in ('relay.1', 'relay.2')`);
      await world.db.raw(
        `insert into leases (name, owner, until, fence) values (:seat, 'dead', clock_timestamp() + interval '1 second', 1)`,
        { seat: seatOf(1) },
      );
      const two = start();
      await until('the second process to have a share', () => two.active().length > 0);
      await expectToArrive(world);
    }));

  it('stand by beside one that has the only shard', () =>
    withProcesses(1, async (world, start) => {
      const one = start();
      await until('the first', () => one.isActive());
      const two = start();
      await expectToArrive(world);
      expect(two.isActive()).to.equal(false);
      await one.stop();
      await until('the other', () => two.isActive());
      await expectToArrive(world);
    }));

  it('follow a change of the number while they run', () =>
    withProcesses(1, async (world, start) => {
      const [one, two] = [start(), start()];
      await until('one of them', () => one.isActive() || two.isActive());
      for (const [shards, each] of [
        [4, 2],
        [2, 1],
      ] as const) {
        await changeShards(world.db, { shards, actor: 'test' });
        await untilShared([one, each], [two, each]);
        await expectToArrive(world);
      }
      await changeShards(world.db, { shards: 1, actor: 'test' });
      await until('one of them alone', () => one.isActive() !== two.isActive());
      await expectToArrive(world);
    }));

  it('end with an error that a person has to cure, all shards together', () =>
    withProcesses(2, async ({ db, arrivals }, start) => {
      const relays = start();
      await untilShared([relays, 2]);
      await relays.stop();
      const bus = { ...arrivals.bus, identity: () => Promise.resolve('another') };
      const other = relaysOn(db, bus, { leaseMs: LEASE_MS });
      expect(await other.start().catch((error: unknown) => error)).to.include({ code: 'other_bus' });
      expect(other.active()).to.deep.equal([]);
    }));
});

describe('a share', () => {
  it('is the same number for each seat that is held, and the first ones have what is left over', () => {
    const shares = (shards: number, seats: number[]) =>
      seats.map((seat) => shareOf(seat, { shards, held: new Set(seats.map(seatOf)) }));
    expect(shares(4, [0])).to.deep.equal([4]);
    expect(shares(4, [1, 3])).to.deep.equal([2, 2]);
    expect(shares(4, [0, 1, 2])).to.deep.equal([2, 1, 1]);
    expect(shares(16, [2, 5, 9])).to.deep.equal([6, 5, 5]);
    expect(shares(2, [0, 1])).to.deep.equal([1, 1]);
  });
});
