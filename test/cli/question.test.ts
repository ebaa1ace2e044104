import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { createOutput } from '../../cli/output.ts';
import { assertMayAsk, isAgreed, isInteractive, type Terminal } from '../../cli/question.ts';

/** A terminal whose keys the test presses; `said` is all the text that appeared on it. */
function openTerminal(isTTY = true) {
  const [input, output] = [new PassThrough(), new PassThrough()].map((each) =>
    Object.assign(each, { isTTY }),
  );
  if (!input || !output) throw new Error('no terminal');
  let said = '';
  output.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const asked = new Promise<void>((resolve) => output.once('data', () => resolve()));
  const terminal: Terminal = { input, output };
  return { input, terminal, asked, said: () => said, own: createOutput(output, output) };
}

describe('a question on a terminal', () => {
  const ANSWERS: [string, boolean][] = [
    ['y\r', true],
    ['yes\n', true],
    [' YES \r\n', true],
    ['n\r', false],
    ['\r', false],
    ['yep\r', false],
  ];
  for (const [keys, agreed] of ANSWERS) {
    it(`takes ${JSON.stringify(keys)} for ${agreed ? 'a yes' : 'a no, and says that nothing was done'}`, async () => {
      const { input, terminal, asked, said, own } = openTerminal();
      const answer = isAgreed('Link it?', own, terminal);
      await asked;
      input.write(keys);
      expect(await answer).to.equal(agreed);
      expect(said()).to.include('Link it? [y/N] ');
      expect(said().includes('Nothing was done.')).to.equal(!agreed);
    });
  }

  const LEFT: [string, (input: PassThrough) => unknown][] = [
    ['Ctrl-C', (input) => input.write('\x03')],
    ['Ctrl-C behind a yes', (input) => input.write('yes\x03')],
    ['Ctrl-D', (input) => input.write('\x04')],
    ['an input that ends', (input) => input.end()],
    ['an input that ends behind a yes without Enter', (input) => input.end('y')],
    ['an input that breaks', (input) => input.destroy(Object.assign(new Error('read EIO'), { code: 'EIO' }))],
    ['an input that is closed', (input) => input.destroy()],
    ['a SIGTERM', () => process.emit('SIGTERM')],
    ['a SIGHUP', () => process.emit('SIGHUP')],
  ];
  for (const [how, leave] of LEFT) {
    it(`is left without an answer by ${how}: nothing is done, with status 130`, async () => {
      const { input, terminal, asked, own } = openTerminal();
      const listeners = process.listenerCount('SIGTERM');
      const answer = isAgreed('Link it?', own, terminal).catch((error: unknown) => error);
      await asked;
      leave(input);
      expect(await answer).to.include({ exitCode: 130, message: 'Nothing was done.' });
      expect(process.listenerCount('SIGTERM')).to.equal(listeners);
    });
  }

  it('can be asked again on the same terminal', async () => {
    const { input, terminal, asked, own } = openTerminal();
    const first = isAgreed('One?', own, terminal);
    await asked;
    input.write('y\r');
    expect(await first).to.equal(true);
    const second = isAgreed('Two?', own, terminal);
    input.write('n\r');
    expect(await second).to.equal(false);
  });
});

describe('without a terminal', () => {
  it('no question is asked, and a command that would have to ask is refused as an invalid call', async () => {
    const { terminal, said, own } = openTerminal(false);
    expect(isInteractive(terminal)).to.equal(false);
    expect(await isAgreed('Link it?', own, terminal)).to.equal(false);
    expect(said()).to.equal('');
    expect(() => assertMayAsk('link --all', false, terminal))
      .to.throw(/link --all asks first.*--yes/)
      .with.property('exitCode', 2);
    assertMayAsk('link --all', true, terminal);
    assertMayAsk('link --all', false, openTerminal().terminal);
  });
});
