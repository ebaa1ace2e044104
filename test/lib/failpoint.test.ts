import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import {
  disableFailpoints,
  enableFailpoint,
  enableFailpoints,
  failpoint,
  noteFailpoints,
} from '../../lib/failpoint.ts';
import { pauseAt } from '../support/signal.ts';

describe('a failpoint', () => {
  it('does nothing unless it is enabled', async () => {
    expect(failpoint('any')).to.equal(undefined);
    enableFailpoint('other', 'throw');
    await failpoint('any');
    disableFailpoints();
    expect(failpoint('other')).to.equal(undefined);
  });

  it('throws at the given pass, and only until it is disabled', async () => {
    const disable = enableFailpoint('here', 'throw', { onPass: 2 });
    await failpoint('here');
    const error = await Promise.resolve(failpoint('here')).catch((caught: unknown) => caught);
    expect(error).to.include({ code: 'failpoint', message: 'failpoint here' });
    disable();
    await failpoint('here');
  });

  it('holds the program until it is resumed', async () => {
    const pause = pauseAt('here');
    const steps: string[] = [];
    const passing = (async () => {
      await failpoint('here');
      steps.push('passed');
    })();
    await pause.reached;
    steps.push('reached');
    pause.resume();
    await passing;
    expect(steps).to.deep.equal(['reached', 'passed']);
  });

  it('reports each pass in order to its listener', async () => {
    const passed: string[] = [];
    noteFailpoints((name) => passed.push(name));
    for (const name of ['first', 'second', 'first']) await failpoint(name);
    disableFailpoints();
    expect(failpoint('third')).to.equal(undefined);
    expect(passed).to.deep.equal(['first', 'second', 'first']);
  });

  it('kills the process at once, so that nothing after it runs', async () => {
    const script = `import { failpoint } from './lib/failpoint.ts';
      for (let i = 1; i < 9; i += 1) { await failpoint('step'); process.stdout.write(String(i)); }`;
    const child = spawn(
      process.execPath,
      ['--import', './test/support/enable-failpoints.ts', '--input-type=module-typescript', '-e', script],
      { env: { FAILPOINTS: 'step=kill@3' }, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const output: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => output.push(part));
    const [, signal] = (await once(child, 'close')) as [number | null, string | null];
    expect(signal).to.equal('SIGKILL');
    expect(Buffer.concat(output).toString()).to.equal('12');
  });

  it('refuses a list in an unknown form', () => {
    expect(() => enableFailpoints('relay.after-publish=explode')).to.throw('relay.after-publish=explode');
  });
});
