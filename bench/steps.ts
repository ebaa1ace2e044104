// The workloads of an engine's steps, measured one step after the other against the simulator in
// this process: what an event costs when it is received, and when its pair is reconciled.
import type { Db } from '../db/server/connection.ts';
import type { Entity } from '../lib/catalogue/entity.ts';
import type { MappingDocument } from '../lib/catalogue/document.ts';
import type { Integration } from '../lib/integrations/integration.ts';
import { reconcile } from '../lib/sync/reconcile.ts';
import type { Edit } from '../simulator/control/dashboard.ts';
import { createWorld } from '../test/support/sync.ts';
import { createInbound, type TwoWayWorld } from '../test/support/two-way.ts';
import { addTo, costOf, createMeter, type Costs, type Meter } from './meter.ts';

/** What the workloads write on our side, and what a person types at Stripe. */
export interface Edits {
  create(): Promise<unknown>;
  update(id: number): Promise<unknown>;
  newRecord(): Edit;
  changedRecord(): Edit;
}

export interface Steps {
  readonly world: TwoWayWorld;
  readonly meter: Meter;
  readonly received: Costs;
  readonly reconciled: Costs;
  /** Makes the pairs that the workloads edit. */
  prepare(edits: Edits, count: number): Promise<void>;
  /** One workload: its edits, their events received, and one step for each. */
  measure(what: Work): Promise<void>;
  /** The id of one of the customers that the workloads edit. */
  readonly anyId: number;
  close(): Promise<void>;
}

export const WORKS = ['create', 'update', 'echo of an update', 'inbound update', 'inbound create'] as const;
export type Work = (typeof WORKS)[number];

type Pair = { id: number; externalId: string };

/** The engine of this catalogue; without one, of that which is built in. */
export async function createSteps(
  db: Db,
  catalogue: { entity?: Entity; document?: MappingDocument } = {},
): Promise<Steps> {
  const made = await createWorld(db, catalogue);
  let callMs = 0;
  Object.assign(made.deps, { integration: timeCalls(made.integration, (ms) => (callMs += ms)) });
  const world: TwoWayWorld = { ...made, ...createInbound(made) };
  const meter = await createMeter(db);
  await world.lane.runOnce(); // binds the account
  const received: Costs = new Map();
  const reconciled: Costs = new Map();
  let pairs: Pair[] = [];
  let edits: Edits | null = null;

  async function work(what: Work): Promise<void> {
    if (!edits) throw new Error('prepare first');
    const { dashboard } = world.simulator;
    switch (what) {
      case 'create':
        for (let n = 0; n < pairs.length; n++) await edits.create();
        return;
      case 'update':
        for (const { id } of pairs) await edits.update(id);
        return;
      case 'echo of an update':
        await work('update');
        await world.run();
        break;
      case 'inbound update':
        for (const { externalId } of pairs) dashboard.updateCustomer(externalId, edits.changedRecord());
        break;
      case 'inbound create':
        for (let n = 0; n < pairs.length; n++) dashboard.createCustomer(edits.newRecord());
    }
    await world.deliver();
  }

  async function measureReceive(what: string, receive: () => Promise<number>): Promise<void> {
    const cost = costOf(received, what);
    await meter.read();
    const begin = performance.now();
    const events = await receive();
    cost.ms.push((performance.now() - begin) / Math.max(1, events));
    addTo(cost, events, await meter.read());
  }

  async function measureSteps(what: Work): Promise<void> {
    const cost = costOf(reconciled, what);
    const before = world.calls().length;
    for (;;) {
      const claims = await world.claim();
      if (claims.length === 0) break;
      for (const claim of claims) {
        callMs = 0;
        await meter.read();
        const begin = performance.now();
        await reconcile(world.deps, claim);
        cost.ms.push(performance.now() - begin - callMs);
        addTo(cost, 1, await meter.read());
      }
    }
    cost.calls.push(...world.calls().slice(before));
  }

  return {
    ...{ world, meter, received, reconciled },
    async prepare(given, count) {
      edits = given;
      for (let n = 0; n < count; n++) await edits.create();
      await world.rest();
      const { rows } = await db.raw<{ rows: Pair[] }>(
        `select internal_id::int as id, external_id as "externalId" from external_mappings order by id`,
      );
      pairs = rows;
    },
    async measure(what) {
      await work(what);
      if (what === 'create' || what === 'update') await measureReceive('our events', () => world.receive());
      else await measureReceive('their events', () => world.receiveInbound());
      await measureSteps(what);
      await world.rest();
    },
    get anyId() {
      return pairs[0]?.id ?? 0;
    },
    close: () => world.simulator.close(),
  };
}

function timeCalls(integration: Integration, note: (ms: number) => void): Integration {
  const timed =
    <A extends unknown[], T>(call: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      const begin = performance.now();
      try {
        return await call(...args);
      } finally {
        note(performance.now() - begin);
      }
    };
  return { ...integration, fetch: timed(integration.fetch), write: timed(integration.write) };
}
