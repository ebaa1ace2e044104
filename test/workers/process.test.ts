import { expect } from 'chai';
import { createKafkaBus } from '../../lib/bus/kafka/kafka.ts';
import { startWorkers } from '../../workers/process.ts';
import { useSync } from '../support/sync.ts';

describe('workers that cannot start', () => {
  const world = useSync();
  const quiet = (): void => undefined;

  it('report the error, and leave nothing running that would keep their process alive', async () => {
    const bus = createKafkaBus({
      settings: { brokers: ['127.0.0.1:1'] },
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    });
    await bus.close();
    const started = startWorkers(bus, [world.deps], { groupId: 'test', retentionDays: 35 });
    expect(await started.catch((error: unknown) => error)).to.have.property('code', 'closed');
    const { rows } = await world.db.raw<{ rows: { held: boolean }[] }>(
      `select until > clock_timestamp() as held from leases where name like 'worker:%'`,
    );
    expect(rows).to.deep.equal([{ held: false }]);
  });
});
