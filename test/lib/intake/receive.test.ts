import { targetsOf } from '../../../lib/sync/kinds.ts';
import { onlyCustomers } from '../../support/only-target.ts';
import { expect } from 'chai';
import { createInProcessBus } from '../../../lib/bus/in-process.ts';
import fc from 'fast-check';
import type { Db } from '../../../db/server/connection.ts';
import { findUndelivered, type InternalEvent } from '../../../db/deliveries.ts';
import { readWalkPosition } from '../../../db/relay/receive-gap.ts';
import { keyPrefix } from '../../../lib/sync/intent-key.ts';
import { closeReceiveGap } from '../../../lib/intake/receive-gap.ts';
import { receiveOutbound } from '../../../lib/intake/receive.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { rowsRead } from '../../support/rows-read.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { useSync } from '../../support/sync.ts';

const everything = { system: 'stripe', after: 0, upTo: 2 ** 52, limit: 10_000 };

describe('receiving events', () => {
  const world = useSync();
  const target = { system: 'stripe', externalType: 'customer' };

  async function receive(events: InternalEvent[]): Promise<number> {
    return receiveOutbound(
      { db: world.db, clock: world.clock, wake: () => undefined },
      onlyCustomers(target),
      events,
    );
  }

  it('ignores a repeated event', async () => {
    const { id } = await world.create();
    const events = await findUndelivered(world.db, everything);
    expect(await receive(events)).to.equal(1);
    const before = await mappingOf(world.db, id);
    expect(await receive([...events, ...events])).to.equal(0);
    expect(await mappingOf(world.db, id)).to.deep.equal(before);
  });

  it('has the same result for every order, grouping and repetition of its input', async () => {
    const made = [await world.create(), await world.create(), await world.create()];
    for (const { id } of made) await world.update(id, { name: `Name ${id}` });
    await world.remove(made[2]!.id);
    const events = await findUndelivered(world.db, everything);
    const seen = new Set<string>();
    const shuffled = fc.shuffledSubarray(events, { minLength: events.length });
    const input = fc.record({ first: shuffled, second: shuffled, cut: fc.nat(events.length) });
    await fc.assert(
      fc.asyncProperty(input, async ({ first, second, cut }) => {
        await world.db.raw(`truncate external_mappings, sync_deliveries`);
        await receive(first.slice(0, cut));
        await receive([...first.slice(cut), ...second]);
        seen.add(JSON.stringify(await received()));
        return seen.size === 1;
      }),
      { numRuns: 25 },
    );
  });

  it('never brings a mapping in back-off forward, and brings a mapping without work forward at once', async () => {
    const { id } = await world.create();
    world.simulator.faults.add({ kind: 'reset', method: 'POST' });
    await world.run();
    const { nextAttemptAt } = await mappingOf(world.db, id);
    await world.update(id, { name: 'Storm' });
    await world.receive();
    expect((await mappingOf(world.db, id)).nextAttemptAt).to.deep.equal(nextAttemptAt);
    world.advance(60_000);
    await world.run();
    world.advance(60_000);
    await world.update(id, { name: 'Calm' });
    await world.receive();
    expect((await mappingOf(world.db, id)).nextAttemptAt).to.deep.equal(world.clock.now());
  });

  it('makes a delivery also for an event of a row that is unknown', async () => {
    await world.create();
    const [event] = await findUndelivered(world.db, everything);
    expect(await receive([{ ...event!, entityId: 4_711 }])).to.equal(1);
    await world.lane.runOnce();
    await world.lane.drain();
    expect(await mappingOf(world.db, 4_711)).to.include({ state: 'waiting', reason: 'lost_row' });
  });

  describe('the gap walk', () => {
    const close = (db: Db = world.db) =>
      closeReceiveGap(
        { db, clock: world.clock, wake: () => undefined, bus: createInProcessBus() },
        {
          system: target.system,
          targets: targetsOf(world.deps),
          keyPrefix: keyPrefix(world.deps),
          groups: { outbound: 'out', inbound: 'in' },
        },
      );

    /** As if the relay had published everything so far. */
    async function publish(): Promise<number> {
      await world.db.raw(`delete from relay_cursor`);
      await world.db.raw(
        `insert into relay_cursor (seen, floor, system_identifier, timeline, address_hash)
         select pg_current_snapshot(), coalesce(max(id), 0), 0, 0, '' from sync_events`,
      );
      const { rows } = await world.db.raw<{ rows: { id: number }[] }>(
        `select coalesce(max(id), 0) as id from sync_events`,
      );
      return rows[0]?.id ?? 0;
    }

    it('finds the events that the bus lost, and no others', async () => {
      await world.create();
      await world.receive();
      const { id } = await world.create();
      const last = await publish();
      expect(await close()).to.deep.equal({ found: 1, more: false });
      expect(await mappingOf(world.db, id)).to.include({ state: 'pending', dirty: 1 });
      expect(await readWalkPosition(world.db, 'receive-gap:stripe')).to.equal(last);
      expect(await close()).to.deep.equal({ found: 0, more: false });
      await world.run();
      await expectAgreement(world);
    });

    it('does not pass the events that are published', async () => {
      await world.create();
      const last = await publish();
      await world.create();
      expect(await close()).to.deep.equal({ found: 1, more: false });
      expect(await readWalkPosition(world.db, 'receive-gap:stripe')).to.equal(last);
    });

    it('goes page by page when many events were lost', async () => {
      for (let n = 0; n < 501; n++) await world.create();
      await publish();
      expect(await close()).to.deep.equal({ found: 500, more: true });
      expect(await close()).to.deep.equal({ found: 1, more: false });
    });

    it('passes each row once, so its cost follows the traffic', async () => {
      for (let n = 0; n < 200; n++) await world.create();
      await world.receive();
      await world.db.raw(`analyze sync_events`);
      await publish();
      await close();
      await world.create();
      await publish();
      const { scanned, fetched } = await rowsRead(world.db, (tx) => close(tx));
      expect((scanned['sync_events'] ?? 0) + (fetched['sync_events'] ?? 0)).to.be.lessThan(20);
    });
  });

  /** The result of receive, without counters and times. */
  async function received(): Promise<unknown> {
    const { rows } = await world.db.raw<{ rows: unknown[] }>(
      `select m.internal_id, m.dirty, m.clean, m.wanted_version, m.next_attempt_at, m.state,
              (select jsonb_agg(jsonb_build_array(d.event_id, d.target, d.version, d.status, d.sync_event_id) order by d.sync_event_id)
               from sync_deliveries d where d.mapping_id = m.id) as deliveries
       from external_mappings m order by m.internal_id`,
    );
    return rows;
  }
});
