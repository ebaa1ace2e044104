import { expect } from 'chai';
import type { Db } from '../../db/server/connection.ts';
import { readInstanceId } from '../../db/connections.ts';
import { noteAhead } from '../../db/relay/identity.ts';
import { moveDatabase } from '../../db/relay/restore.ts';
import type { Received } from '../../lib/bus/bus.ts';
import { assertSameDatabase } from '../../lib/process/database-identity.ts';
import { watchIdentity } from '../../lib/process/identity-watch.ts';
import { drain, relayOn, withWorld, writeEvent, writeEvents, type Arrivals } from './world.ts';

const failure = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

/** The records that a Kafka would still hold of these arrivals. */
async function recordsOf(db: Db, { all }: Arrivals): Promise<Received[]> {
  const installation = await readInstanceId(db);
  return all.map((record) => ({ ...record, installation, timestamp: Date.now() }));
}

/**
 * As a copy of the disk would be that was made before these events: same cluster, same timeline,
 * same tables.
 */
async function forget(db: Db, ids: readonly number[]): Promise<void> {
  await db.raw('alter table sync_events disable trigger sync_events_append_only');
  await db.raw('delete from sync_events where id = any(:ids)', { ids });
  await db.raw('alter table sync_events enable trigger sync_events_append_only');
  await db.raw(`select setval('sync_event_ids', :next, false)`, { next: ids[0] ?? 1 });
}

describe('an older state of the database that only the bus can show', () => {
  it('is refused by the relay before anything is published, and from then on by every process', () =>
    withWorld(async ({ db, relay, arrivals }) => {
      await writeEvents(db, 2);
      await drain(relay);
      await relay.stop();
      const lost = await writeEvents(db, 2);
      const later = relayOn(db, arrivals.bus);
      await drain(later);
      await later.stop();
      await forget(db, lost);
      const gone = arrivals.all.filter(({ syncEventId }) => lost.includes(syncEventId ?? 0));
      await writeEvent(db);
      const held = await recordsOf(db, arrivals);
      const newest = () => Promise.resolve(held);
      const restarted = relayOn(db, arrivals.bus, { newest });
      const error = await failure(restarted.runOnce());
      expect(error).to.include({ code: 'restored', retryable: false });
      expect(String(error)).to.include('Kafka holds 2 events that the database does not have');
      expect(gone.some(({ eventId }) => String(error).includes(String(eventId)))).to.equal(true);
      expect(arrivals.all).to.have.length(held.length);
      expect(await failure(assertSameDatabase(db, 'here')), 'whoever does not ask Kafka').to.include({
        code: 'restored',
      });
      await restarted.stop();

      await moveDatabase(db, 'here');
      const id = await writeEvent(db);
      expect(id, 'above what was given out').to.be.above(1_000_000_000);
      const moved = relayOn(db, arrivals.bus, { newest });
      await drain(moved);
      expect(arrivals.ids()).to.include(id);
      await moved.stop();
    }));

  it('is not concluded where a relay died between the publish and its save', () =>
    withWorld(async ({ db, relay, arrivals }) => {
      await relay.runOnce();
      const ids = await writeEvents(db, 3);
      await drain(relay);
      await relay.stop();
      await db.raw(`update relay_cursor set seen = '1:1:', floor = 0, pending_floor = 0`);
      const held = await recordsOf(db, arrivals);
      const next = relayOn(db, arrivals.bus, { newest: () => Promise.resolve(held) });
      await drain(next);
      expect(arrivals.ids()).to.deep.equal([...ids, ...ids]);
      await next.stop();
    }));

  it('is not concluded where the missing event left with its partition, is another installation’s, or is a notice', () =>
    withWorld(async ({ db, relay, arrivals }) => {
      const [old = 0, foreign = 0, notice = 0] = await writeEvents(db, 3);
      await drain(relay);
      await relay.stop();
      const all = await recordsOf(db, arrivals);
      await forget(db, [old, foreign, notice]);
      await writeEvent(db);
      // Without its id in a header; and one that was published after a younger event had been
      // written.
      let left = { timestamp: Date.now() - 60_000, syncEventId: null as number | null };
      const newest = () =>
        Promise.resolve(
          all.map((record) => {
            if (record.syncEventId === foreign) return { ...record, installation: 'another1' };
            if (record.syncEventId === notice) return { ...record, topic: 'sync.dlq' };
            return { ...record, ...left };
          }),
        );
      for (const late of [false, true]) {
        if (late) left = { timestamp: Date.now() + 60_000, syncEventId: old };
        const next = relayOn(db, arrivals.bus, { newest });
        await next.runOnce();
        expect(await assertSameDatabase(db, 'here')).to.equal('same');
        await next.stop();
      }
    }));

  it('of a server that took over is not used: new ids lie above all that the lost server had given out', () =>
    withWorld(async ({ db, relay, arrivals }) => {
      await writeEvents(db, 2);
      await drain(relay);
      const lost = await writeEvents(db, 2);
      await drain(relay);
      await relay.stop();
      await forget(db, lost);
      await db.raw('update relay_cursor set timeline = timeline + 41');
      const held = await recordsOf(db, arrivals);
      const next = relayOn(db, arrivals.bus, { newest: () => Promise.resolve(held) });
      await next.runOnce();
      const id = await writeEvent(db);
      await drain(next);
      expect(id).to.be.above(1_000_000_000);
      expect(arrivals.ids()).to.include(id);
      const { rows } = await db.raw<{ rows: object[] }>(
        'select kind, noticed, events_to::integer from restores',
      );
      expect(rows).to.deep.equal([{ kind: 'fail_over', noticed: 'bus', events_to: (lost[0] ?? 0) - 1 }]);
      await next.stop();
    }));

  it('ends a running process, once the relay has found it', () =>
    withWorld(async ({ db, relay }) => {
      await relay.runOnce();
      const watch = watchIdentity({ db, address: 'here', steps: true, everyMs: 20 });
      try {
        await noteAhead(db, { by: 'bus', count: 1, example: 'an event' });
        expect(await watch.failed).to.include({ code: 'restored' });
      } finally {
        await watch.stop();
      }
    }));
});
