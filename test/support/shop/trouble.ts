// What goes wrong in a history of the shop: calls and their answers, events, workers, and a whole system.
import fc from 'fast-check';
import { claimMappings } from '../../../db/mappings/claims.ts';
import { depsOfKind } from '../../../lib/sync/kinds.ts';
import { reconcile } from '../../../lib/sync/reconcile.ts';
import type { FaultRule } from '../../../simulator/control/faults.ts';
import { expireLeases } from '../sync-rows.ts';
import { startWorker } from '../workers.ts';
import { disagreements } from './laws.ts';
import type { Mishap } from './mail.ts';
import { runOnce, type ShopSide, type ShopWorld } from './world.ts';

export const FAULTS = {
  'answer lost': { kind: 'drop_answer' },
  'request lost': { kind: 'reset' },
  '500, not done': { kind: 'error_before_effect' },
  '500, done': { kind: 'error_after_effect' },
  '429': { kind: 'rate_limit' },
} as const satisfies Record<string, FaultRule>;

type Place = 'first' | 'second';
export type Trouble =
  | { do: 'fail'; at: Place; how: keyof typeof FAULTS; method: 'POST' | 'PATCH' | 'DELETE' | 'GET' | 'any' }
  | { do: 'mail'; at: Place; mishap: Mishap }
  | { do: 'bring late'; at: Place }
  | { do: 'sweep'; at: Place }
  | { do: 'kill'; at: Place; pauses: number; inCommit: boolean }
  | { do: 'hang'; at: Place };

const at = fc.constantFrom<Place>('first', 'second');
const always = <const T>(value: T): fc.Arbitrary<T> => fc.constant(value);

export const troubles: fc.WeightedArbitrary<Trouble>[] = [
  {
    weight: 4,
    arbitrary: fc.record({
      ...{ do: always('fail'), at },
      how: fc.constantFrom(...(Object.keys(FAULTS) as (keyof typeof FAULTS)[])),
      method: fc.constantFrom('POST', 'PATCH', 'PATCH', 'DELETE', 'GET', 'any'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ do: always('mail'), at },
      mishap: fc.constantFrom<Mishap>('never', 'late', 'twice', 'out of order'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: always('bring late'), at }) },
  { weight: 1, arbitrary: fc.record({ do: always('sweep'), at }) },
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ do: always('kill'), at },
      ...{ pauses: fc.integer({ min: 1, max: 12 }), inCommit: fc.boolean() },
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: always('hang'), at }) },
];

/** `wrong`: what did not hold while one system hung. */
export type Met = { wrong: string[]; counts: Record<string, number> };

const LEASE_MS = 60_000;

export async function meet(world: ShopWorld, trouble: Trouble, met: Met): Promise<void> {
  const [first, second] = world.sides as [ShopSide, ShopSide];
  const [side, other] = trouble.at === 'first' ? [first, second] : [second, first];
  switch (trouble.do) {
    case 'fail': {
      const { method, how } = trouble;
      side.shop.faults.add({ ...FAULTS[how], ...(method !== 'any' && { method }), times: 1 });
      return;
    }
    case 'mail':
      return side.mail.plan(trouble.mishap);
    case 'bring late':
      return side.mail.bringLate();
    case 'sweep':
      return world.sweep(side);
    case 'kill':
      return kill(world, side, trouble, met);
    case 'hang':
      return hang(world, side, other, met);
  }
}

/** A worker takes one mapping, and is killed at one of the failpoints on its way; a new worker starts. */
async function kill(
  world: ShopWorld,
  side: ShopSide,
  { pauses, inCommit }: { pauses: number; inCommit: boolean },
  { counts }: Met,
): Promise<void> {
  const { db, clock } = world;
  await world.receive(side);
  const [claim] = await claimMappings(db, {
    ...{ system: side.system, account: 'shop_1', owner: 'to be killed', now: clock.now() },
    ...{ leaseMs: LEASE_MS, limit: 1 },
  });
  const deps = claim && depsOfKind(side.deps, claim.entityType);
  if (!claim || !deps) return;
  let passed = 0;
  const worker = startWorker(
    () => reconcile(deps, { ...claim, deadline: performance.now() + LEASE_MS }),
    () => inCommit && (passed += 1) >= pauses / 4,
  );
  for (let n = 0; n < pauses && !worker.done; n += 1) await worker.step();
  const what = worker.done && worker.at === 'start' ? 'done' : `killed at ${worker.at}`;
  count(counts, { [what]: 1 });
  await expireLeases(db);
  side.restart();
}

/** While every call of one system hangs, the other one comes to agree with our rows. */
async function hang(world: ShopWorld, side: ShopSide, other: ShopSide, met: Met): Promise<void> {
  const { faults } = side.shop;
  count(met.counts, clearFaults(side));
  const fault = faults.add({ kind: 'hang', times: null });
  await world.receive(side);
  const begun = runOnce(side);
  await Promise.race([begun, faults.waitForHeld(1)]);
  const held = faults.held().length;
  count(met.counts, clearFaults(other));
  await calm(world, other);
  met.wrong.push(
    ...(await disagreements(world, [other])).map((what) => `while ${side.system} hung: ${what}`),
  );
  if (held > 0) count(met.counts, { hung: 1 });
  faults.remove(fault.id);
  faults.release();
  await begun;
  await side.lane.drain();
}

export function clearFaults({ shop: { faults } }: ShopSide): Record<string, number> {
  const hits: Record<string, number> = {};
  for (const { id, kind, hits: times } of faults.list()) {
    hits[kind] = (hits[kind] ?? 0) + times;
    faults.remove(id);
  }
  return hits;
}

export function count(counts: Record<string, number>, more: Record<string, number>): void {
  for (const [what, times] of Object.entries(more)) counts[what] = (counts[what] ?? 0) + times;
}

/** Nothing goes wrong at the side any more, and everything that was put off is done. */
export async function calm(world: ShopWorld, ...sides: ShopSide[]): Promise<void> {
  for (let n = 0; n < 4; n += 1) {
    world.clock.advance(600_000);
    for (const side of sides) {
      clearFaults(side);
      side.mail.bringLate();
      await world.sweep(side);
    }
    await world.rest(sides);
  }
}
