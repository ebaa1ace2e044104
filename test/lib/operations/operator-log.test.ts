import { expect } from 'chai';
import { listEvents, type EventStatus } from '../../../db/events/list.ts';
import { recordAction } from '../../../db/operator-actions.ts';
import { withTransaction } from '../../../db/server/connection.ts';
import { logActions } from '../../../lib/operations/operator-log.ts';
import { planReplay, runReplay } from '../../../lib/operations/replay.ts';
import { readTimeline, type Timeline } from '../../../lib/operations/timeline.ts';
import { useSync } from '../../support/sync.ts';

describe('what people asked for', () => {
  const world = useSync();

  const record = (action: string, reason: string | null = null): Promise<number> =>
    withTransaction(world.db, (tx) =>
      recordAction(tx, {
        ...{ action, system: 'stripe', actor: 'cli:ada on here', reason, detail: {}, at: world.clock.now() },
      }),
    );
  async function timelineOf(customer: number, version = 1): Promise<Timeline> {
    const { rows } = await world.db.raw<{ rows: { event_id: string }[] }>(
      `select event_id from sync_events where entity_key = 'customer:' || :customer::bigint and version = :version`,
      { customer, version },
    );
    const timeline = await readTimeline(world.db, rows[0]?.event_id ?? '');
    if (!timeline) throw new Error('no such event');
    return timeline;
  }
  const asked = ({ actions }: Timeline): string[] =>
    actions.map(({ action, reason }) => `${action}: ${reason}`);

  it('is kept with who, when and why, and covers what was parked when it was replayed', async () => {
    const parked = await world.create({ email: 'refused@localhost' });
    const other = await world.create();
    await world.run();
    world.advance(60_000);
    const plan = await planReplay(world.deps, { system: 'stripe', statuses: ['parked'] });
    await runReplay(world.deps, plan, 'the address was checked', 'cli:ada on here');
    await world.run();
    const [action, ...more] = (await timelineOf(parked.id)).actions;
    expect(more).to.deep.equal([]);
    expect(action).to.deep.include({
      ...{ action: 'replay', actor: 'cli:ada on here', reason: 'the address was checked' },
      ...{ at: new Date('2026-03-01T12:01:00Z') },
    });
    expect(action?.detail).to.include({ mappings: 1, deliveries: 1 });
    expect((await timelineOf(other.id)).actions).to.deep.equal([]);
  });

  it('covers, as a pause, each event that was open in it, with what ended it; and no other', async () => {
    await world.run();
    const before = await world.create();
    await world.run();
    world.advance(1_000);
    await record('pause', 'month end');
    const during = await world.create();
    await world.receive();
    world.advance(1_000);
    // A second one says its own reason, and takes nothing from the first.
    await record('pause', 'still month end');
    world.advance(1_000);
    await record('resume', 'books are closed');
    await world.run();
    world.advance(1_000);
    const after = await world.create();
    await world.run();
    expect(asked(await timelineOf(during.id))).to.deep.equal([
      'pause: month end',
      'pause: still month end',
      'resume: books are closed',
    ]);
    expect(asked(await timelineOf(before.id))).to.deep.equal([]);
    expect(asked(await timelineOf(after.id))).to.deep.equal([]);
  });

  it('can be changed or taken away by no statement', async () => {
    const at = world.clock.now();
    const action = { action: 'replay', system: 'stripe', actor: 'a test', reason: null, detail: {}, at };
    await withTransaction(world.db, (tx) =>
      recordAction(tx, { ...action, pairs: [{ mappingId: 1, eventId: null }] }),
    );
    for (const sql of [
      `update operator_actions set reason = 'another'`,
      'delete from operator_actions',
      'truncate operator_action_pairs',
      'delete from operator_action_pairs',
    ]) {
      const refused = await world.db.raw(sql).then(
        () => null,
        (error: unknown) => error,
      );
      expect(refused, sql).to.have.property('code', 'TB003');
    }
  });

  it('is logged at warn by a process that stays, with who and why, once', async () => {
    await record('pause', 'month end');
    await record('resume');
    const lines: [string, Record<string, unknown>][] = [];
    const log = {
      warn: (event: string, fields: Record<string, unknown>) => void lines.push([event, fields]),
    };
    expect(await logActions({ db: world.db, log })).to.equal(2);
    expect(await logActions({ db: world.db, log })).to.equal(0);
    expect(lines.map(([event]) => event)).to.deep.equal(['operator.pause', 'operator.resume']);
    expect(lines[0]?.[1]).to.include({ system: 'stripe', actor: 'cli:ada on here', reason: 'month end' });
  });

  it('a refused customer: its calls are shown, and those of the change that carried it later', async () => {
    const { id } = await world.create({ email: 'refused@localhost' });
    await world.run();
    const shown = (await timelineOf(id)).deliveries[0];
    expect(shown?.status).to.equal('parked');
    expect(shown?.intent).to.include({ operation: 'create', result: 'refused', version: 1 });
    expect(shown?.calls.map(({ operation, status }) => [operation, status])).to.deep.equal([['create', 400]]);
    world.advance(1_000);
    await world.update(id, { email: 'fixed@example.com' });
    await world.run();
    const first = (await timelineOf(id)).deliveries[0];
    expect(first?.before.map(({ result }) => result)).to.deep.equal(['refused']);
    expect(first?.calls.map(({ status }) => status)).to.deep.equal([400, 200]);
    const second = (await timelineOf(id, 2)).deliveries[0];
    expect(second?.before).to.deep.equal([]);
    expect(second?.calls.map(({ status }) => status)).to.deep.equal([200]);
  });

  it('lists as unpublished what the relay has not passed, as published what no worker has received, and no more', async () => {
    const publishAll = async (): Promise<void> => {
      await world.db('relay_cursor').delete();
      await world.db.raw(`insert into relay_cursor (seen, floor, system_identifier, timeline, address_hash)
                          values (pg_current_snapshot(), 0, 1, 1, '')`);
    };
    const received = await world.create();
    await world.run();
    const published = await world.create();
    await publishAll();
    const unpublished = await world.create();
    const list = async (...statuses: EventStatus[]): Promise<(number | null)[]> =>
      (await listEvents(world.db, { systems: ['stripe'], statuses, limit: 50 })).map(
        ({ customer }) => customer,
      );
    expect(await list('unpublished')).to.deep.equal([unpublished.id]);
    expect(await list('published')).to.deep.equal([published.id]);
    expect(await list('applied')).to.deep.equal([received.id]);
    const { rows } = await world.db.raw<{ rows: { status: string }[] }>(
      `select status from sync_event_status where event_type = 'customer.created' order by id`,
    );
    expect(rows.map(({ status }) => status)).to.deep.equal(['applied', 'published', 'unpublished']);
    await world.run();
    expect(await list('published')).to.deep.equal([]);
    await world.db('relay_cursor').delete();
  });
});
