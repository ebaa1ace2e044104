import { restartUnderLoad } from './support/load.ts';
import { openTestBus } from './support/shared-broker.ts';

describe('a broker that is restarted under load', function () {
  this.timeout(300_000);

  it('five times: nothing lost, each key in its order', async () => {
    const bus = openTestBus();
    try {
      await restartUnderLoad(bus, 5);
    } finally {
      await bus.close();
    }
  });
});
