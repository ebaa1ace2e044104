import { expect } from 'chai';
import { keepPartitions } from '../../../db/partitions/partitions.ts';
import { disableFailpoints } from '../../../lib/failpoint.ts';
import { closedIntents, mappingOf } from '../../support/sync-rows.ts';
import { useSync } from '../../support/sync.ts';
import { pauseAt, waitUntil } from '../../support/signal.ts';

const OURS = { name: 'Ada', email: 'ada@example.com' };

describe('a pair that another transaction changes while its step settles by one statement', () => {
  const world = useSync();
  afterEach(disableFailpoints);

  const waitsForLock = () =>
    waitUntil(
      async () => {
        const { rows } = await world.db.raw<{ rows: unknown[] }>(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        );
        return rows.length > 0;
      },
      { timeoutMs: 20_000, what: 'the step waits for the other transaction' },
    );

  /** What the other transaction does is committed while the statement waits for it. */
  async function settleBeside(change: string): Promise<void> {
    const held = pauseAt('settle.before-commit');
    const working = world.lane.runOnce();
    await held.reached;
    const other = await world.db.transaction();
    await other.raw(change);
    held.resume();
    await waitsForLock();
    await other.commit();
    await working;
    await world.lane.drain();
  }

  for (const [what, change] of Object.entries({
    'raises it': `update external_mappings set dirty = dirty + 1, updated_at = now()`,
    'changes nothing that the step has read': `update external_mappings set updated_at = now()`,
  }))
    it(`is settled all the same, once, where that one ${what}: a create, then an edit`, async () => {
      await keepPartitions(world.db, { now: new Date(), retentionDays: 35 });
      const { id } = await world.create(OURS);
      await world.receive();
      await settleBeside(change);
      await world.run();
      expect(await mappingOf(world.db, id)).to.include({ state: 'linked', intent: null });
      await world.update(id, { name: 'Ada King' });
      await world.receive();
      await settleBeside(change);
      await world.run();
      const mapping = await mappingOf(world.db, id);
      expect(mapping).to.include({ state: 'linked', intent: null, dirty: mapping.clean });
      expect(world.simulator.customers().map(({ name }) => name)).to.deep.equal(['Ada King']);
      expect(world.calls().filter((call) => call.startsWith('POST'))).to.deep.equal([
        'POST /v1/customers',
        'POST /v1/customers/cus',
      ]);
      expect((await closedIntents(world.db)).map(({ result }) => result)).to.deep.equal(['done', 'done']);
      const open = await world.db('sync_deliveries').whereIn('status', ['queued', 'waiting', 'parked']);
      expect(open).to.deep.equal([]);
    });
});
