import { expect } from 'chai';
import { createKafkaBus } from '../../lib/bus/kafka/kafka.ts';
import { startWorkers } from '../../workers/process.ts';
import { useSync } from '../support/sync.ts';

describe('workers that start', () => {
  const world = useSync();
  const quiet = (): void => undefined;
  async function closedBus(): Promise<ReturnType<typeof createKafkaBus>> {
    const bus = createKafkaBus({
      settings: { brokers: ['127.0.0.1:1'] },
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    });
    await bus.close();
    return bus;
  }

  it('and cannot, report the error, and leave nothing running that would keep their process alive', async () => {
    const bus = await closedBus();
    const started = startWorkers(bus, [world.deps], { groupId: 'test', retentionDays: 35 });
    expect(await started.catch((error: unknown) => error)).to.have.property('code', 'closed');
    const { rows } = await world.db.raw<{ rows: { held: boolean }[] }>(
      `select until > clock_timestamp() as held from leases where name like 'worker:%'`,
    );
    expect(rows).to.deep.equal([{ held: false }]);
  });

  it('raise each pair that is parked because a transform failed, since theirs may be a corrected one', async () => {
    await world.create();
    await world.run();
    const parked = `'{"transform": "own", "way": "toExternal", "field": "name", "message": "it threw"}'::jsonb`;
    await world.db.raw(
      `update external_mappings set state = 'parked', reason = 'transform_failed', reason_detail = ${parked}, clean = dirty`,
    );
    const raised = async (): Promise<unknown> =>
      (await world.db.raw<{ rows: unknown[] }>(`select sum(dirty)::integer as dirty from external_mappings`))
        .rows;
    const [before] = (await raised()) as { dirty: number }[];
    const options = { groupId: 'test', retentionDays: 35 };
    await startWorkers(await closedBus(), [world.deps], options).catch(quiet);
    expect(await raised()).to.deep.equal([{ dirty: (before?.dirty ?? 0) + 1 }]);
  });
});
