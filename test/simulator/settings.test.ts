import { createServer } from 'node:net';
import { expect } from 'chai';
import { readSettings } from '../../simulator/settings.ts';
import { startChild, listening } from './child.ts';
import { clientsFor } from './start-simulator.ts';

describe('the simulator as a process of its own', () => {
  it('has a port, a folder and Stripe’s limits when nothing is set', () => {
    expect(readSettings({ HOME: '/root' })).to.deep.equal({
      host: '127.0.0.1',
      port: 12111,
      dataDir: '.twinbox/simulator',
      accountId: null,
      globalPerSecond: 100,
      endpointPerSecond: 25,
      webhook: null,
    });
    expect(readSettings({ SIMULATOR_DATA_DIR: 'memory', SIMULATOR_GLOBAL_PER_SECOND: 'off' })).to.include({
      dataDir: null,
      globalPerSecond: null,
    });
  });

  it('reports every wrong setting at once and ends with 1', async () => {
    const child = await startChild({
      SIMULATOR_PORT: '70000',
      SIMULATOR_ACCOUNT: 'mine',
      SIMULATOR_ENDPOINT_PER_SECOND: '-1',
      SIMULATOR_COLOUR: 'red',
    });
    expect(child).to.include({ code: 1 });
    const stderr = 'stderr' in child ? child.stderr : '';
    for (const name of [
      'SIMULATOR_PORT',
      'SIMULATOR_ACCOUNT',
      'SIMULATOR_ENDPOINT_PER_SECOND',
      'SIMULATOR_COLOUR',
    ]) {
      expect(stderr).to.include(name);
    }
    expect(stderr).to.not.include('    at '); // a sentence, not a stack trace
  });

  it('says that its port is in use and releases its folder', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    const address = squatter.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const child = await startChild({ SIMULATOR_PORT: String(port), SIMULATOR_DATA_DIR: 'memory' });
    squatter.close();
    expect(child).to.include({ code: 69 });
    expect('stderr' in child && child.stderr).to.match(/Port \d+ is in use by another process/);
  });

  it('serves its account until it gets a signal to stop, and then ends with 0', async () => {
    const child = listening(
      await startChild({ SIMULATOR_DATA_DIR: 'memory', SIMULATOR_ACCOUNT: 'acct_set' }),
    );
    expect((await clientsFor(child.port).plain.accounts.retrieveCurrent()).id).to.equal('acct_set');
    expect(await child.kill('SIGINT')).to.equal(0);
  });
});
